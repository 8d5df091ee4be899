import type { Check } from './check.ts';
import type { Evidence } from './evidence/evidence.ts';
import type { Judged } from './judge-in-worker.ts';

/** What one check says. The one place where a throw is caught: a bug in one check must not silence the others. */
export function judge(check: Check, evidence: Evidence): Judged {
  const started = performance.now();
  try {
    return { check: check.name, judgement: check.judge(evidence), durationMs: performance.now() - started };
  } catch (error) {
    const thrown = error instanceof Error ? error.message : String(error);
    return { check: check.name, thrown, durationMs: performance.now() - started };
  }
}
