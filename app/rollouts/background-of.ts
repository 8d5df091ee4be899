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
 */
export function backgroundFrom(cacheFolder: string): BackgroundOf {
  return async (loaded, snapshot, signal, policy) => {
    const evaluated = await answeredEvaluation(loaded, snapshot, { policy, cacheFolder }, signal);
    if (evaluated === undefined) return undefined;
    const { table, signature } = evaluated;
    const { columns, explanation } = loaded.manifest;
    if (signature.columns.some(({ name }) => columns[name]?.pii === true)) return undefined;
    return backgroundBytes(table, signature.columns, explanation.background, (record) => isAskable(signature, record));
  };
}

function isAskable(signature: Signature, record: Row): boolean {
  const read = tableOfRecords(signature, [record]);
  return read.kind === 'table' && tensorsOf(signature, read.table).kind === 'feeds';
}
