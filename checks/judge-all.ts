import type { CheckName } from './check.ts';
import { checkResultOf, failedResultOf, type ConclusionContext } from './conclusion.ts';
import type { Evidence } from './evidence/evidence.ts';
import { judgeInWorker, sentEvidenceOf, type Judged, type KnownJudgement } from './judge-in-worker.ts';
import { judgementCache } from './judgement-cache.ts';
import type { CheckResult } from './report/report.ts';

export interface JudgeOptions {
  readonly cacheFolder: string;
  /** Digest of the measured parts; undefined when they are not whole, and then nothing is kept. */
  readonly measured?: string;
  readonly signal?: AbortSignal;
  readonly onResult?: (result: CheckResult) => void;
}

/**
 * Every check's result, in the order of `checks`, each told as soon as it stands. What a check said of the same evidence before is not computed again; the
 * rest is judged in a thread of its own. A check that throws is an `error` of that check alone, and is not kept.
 */
export async function judgeAll(
  evidence: Evidence,
  checks: readonly CheckName[],
  context: ConclusionContext,
  { cacheFolder, measured, signal, onResult }: JudgeOptions,
): Promise<readonly CheckResult[]> {
  const sent = sentEvidenceOf(evidence);
  const cache = measured === undefined ? undefined : judgementCache(cacheFolder, measured, sent);
  const results = new Map<CheckName, CheckResult>();
  const take = (judged: Judged): void => {
    const result = resultOf(judged, context);
    results.set(judged.check, result);
    onResult?.(result);
  };
  const missing: CheckName[] = [];
  const known: KnownJudgement[] = [];
  for (const check of checks) {
    const judgement = await cache?.read(check);
    if (judgement === undefined) missing.push(check);
    else {
      known.push({ check, judgement });
      take({ check, durationMs: 0, judgement });
    }
  }
  if (missing.length > 0) {
    const judged = await judgeInWorker(sent, missing, {
      known,
      ...(signal === undefined ? {} : { signal }),
      onJudged: take,
    });
    for (const { check, judgement } of judged) if (judgement !== undefined) await cache?.write(check, judgement);
  }
  return checks.flatMap((check) => results.get(check) ?? []);
}

function resultOf({ check, durationMs, judgement, thrown }: Judged, context: ConclusionContext): CheckResult {
  return judgement === undefined
    ? failedResultOf(check, thrown, durationMs, context)
    : checkResultOf(check, judgement, durationMs, context);
}
