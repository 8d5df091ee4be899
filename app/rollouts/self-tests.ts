import { readJsonLines } from '../../checks/data/json-lines.ts';
import type { LoadedManifest } from '../../checks/manifest/manifest.ts';
import type { Policy } from '../../checks/manifest/policy.ts';
import type { Snapshot } from '../../checks/snapshot.ts';
import type { SelfTest } from '../../serving/fleet.ts';
import { recordAt } from '../../serving/model/record-at.ts';
import { tableOfRecords } from '../../serving/model/records.ts';
import { spreadRows } from '../../serving/model/rows.ts';
import { answerOf } from '../../serving/model/score.ts';
import type { Signature } from '../../serving/model/signature.ts';
import type { Row } from '../../serving/model/table.ts';
import { answeredEvaluation } from './answered-evaluation.ts';
import type { SelfTestsOf } from './revision-source.ts';

/** What a replica answers before it may take live requests: enough to notice another graph, runtime or mapping. */
const SELF_TESTS = 3;

/**
 * Records with what they must answer: the manifest's goldens that name a score; without any, three evaluation rows with the
 * answers that the limited child gives, from the evidence cache where the checks left them. None, where neither can be had: an
 * adopted model may lack them.
 */
export function selfTestsFrom(cacheFolder: string): SelfTestsOf {
  return async (loaded, snapshot, signal, policy) => {
    const goldens = await goldenTests(loaded, snapshot, signal);
    return goldens.length > 0 ? goldens : evaluationTests(loaded, snapshot, { policy, cacheFolder }, signal);
  };
}

async function goldenTests(
  loaded: LoadedManifest,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<readonly SelfTest[]> {
  const { goldens } = loaded.manifest.evaluation;
  const bytes = goldens === undefined ? undefined : await snapshot.read(`${loaded.folder}/${goldens}`, signal);
  if (bytes === undefined) return [];
  return readJsonLines(bytes)
    .flatMap((line) => (line.kind === 'value' ? goldenTest(line.value, loaded) : []))
    .slice(0, SELF_TESTS);
}

function goldenTest(value: unknown, loaded: LoadedManifest): readonly SelfTest[] {
  if (!isRecord(value) || !isRecord(value['record']) || !isRecord(value['expect'])) return [];
  const { score } = value['expect'];
  const isScore = (each: unknown): each is number => typeof each === 'number';
  const found = isScore(score) || (Array.isArray(score) && score.every(isScore)) ? score : undefined;
  if (found === undefined) return [];
  const { tolerance } = value;
  return [
    { record: value['record'], score: found, tolerance: isScore(tolerance) ? tolerance : toleranceOf(found, loaded) },
  ];
}

async function evaluationTests(
  loaded: LoadedManifest,
  snapshot: Snapshot,
  where: { readonly policy: Policy; readonly cacheFolder: string },
  signal: AbortSignal,
): Promise<readonly SelfTest[]> {
  const evaluated = await answeredEvaluation(loaded, snapshot, where, signal);
  if (evaluated === undefined) return [];
  const { table, answers, signature } = evaluated;
  return [...spreadRows(table.rows, SELF_TESTS)]
    .map((row) => ({ record: recordAt(table, row, signature), score: answerOf(answers, row).score }))
    .filter(({ record, score }) => isAskable(signature, record) && [score].flat().every(Number.isFinite))
    .map(({ record, score }) => ({ record, score, tolerance: toleranceOf(score, loaded) }));
}

/** A record that a replica would refuse says nothing of the model. */
function isAskable(signature: Signature, record: Row): boolean {
  return tableOfRecords(signature, [record]).kind === 'table';
}

/** As between runs of the checks: absolute, plus relative times the score. */
function toleranceOf(score: number | readonly number[], { manifest }: LoadedManifest): number {
  const { absolute, relative } = manifest.reproducibility.tolerance;
  return absolute + relative * Math.max(0, ...[score].flat().map(Math.abs));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
