import { backgroundBytes } from '../../checks/explain/background.ts';
import { tensorsOf } from '../../serving/model/feeds.ts';
import { tableOfRecords } from '../../serving/model/records.ts';
import type { Signature } from '../../serving/model/signature.ts';
import type { Row } from '../../serving/model/table.ts';
import { answeredEvaluation } from './answered-evaluation.ts';
import type { BackgroundOf } from './revision-source.ts';

/**
 * Rows that a fleet explains single answers against: `explanation.background` of the evaluation rows, as many as the checks explain with, of the columns
 * that the model takes. None where there are no rows, and none where one of the columns is declared private: a sample of those is kept nowhere.
 * Mostly the checks have left the rows in the evidence cache; where they did not, a rollout or a rollback does not wait for long, and goes without.
 */
export function backgroundFrom(cacheFolder: string): BackgroundOf {
  return async (loaded, snapshot, signal, policy) => {
    const limit = AbortSignal.timeout(LIMIT_MS);
    const evaluating = answeredEvaluation(
      loaded,
      snapshot,
      { policy, cacheFolder },
      AbortSignal.any([signal, limit]),
    ).catch((error: unknown) => {
      if (limit.aborted && !signal.aborted) return undefined;
      throw error;
    });
    const evaluated = await evaluating;
    if (evaluated === undefined) return undefined;
    const { table, signature } = evaluated;
    const { columns, explanation } = loaded.manifest;
    if (signature.columns.some(({ name }) => columns[name]?.pii === true)) return undefined;
    return backgroundBytes(table, signature.columns, explanation.background, (record) => isAskable(signature, record));
  };
}

/** A model opened in a child, and some thousand rows answered. */
const LIMIT_MS = 30_000;

function isAskable(signature: Signature, record: Row): boolean {
  const read = tableOfRecords(signature, [record]);
  return read.kind === 'table' && tensorsOf(signature, read.table).kind === 'feeds';
}
