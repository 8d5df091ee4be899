import type { AnswerRows } from '../../checks/explain/explained-model.ts';
import { problemText, tensorsOf } from '../model/feeds.ts';
import { type ScoreMapping, type Scores, joinScores, scoresOf } from '../model/score.ts';
import type { Signature } from '../model/signature.ts';
import type { Table } from '../model/table.ts';
import { Refusal } from '../protocol/refusal.ts';
import { BESIDE_PRIORITY } from '../replica/batcher.ts';
import type { LoadedRevision } from '../replica/load-revision.ts';

/**
 * A run holds the event loop, and predictions wait as long: so the runs of an explanation are cut to about this, or to one row of a model that takes
 * longer for one.
 */
const RUN_MS = 4;
const FIRST_ROWS = 4;

/** What an explanation asks of a revision: its answers to rows, in runs that leave room for predictions between them. */
export function answerRowsOf(
  { batcher, order }: Pick<LoadedRevision, 'batcher' | 'order'>,
  {
    signature,
    mapping,
    deadline,
  }: { readonly signature: Signature; readonly mapping: ScoreMapping; readonly deadline: number },
): AnswerRows {
  const { maxBatch } = order.specification.serving;
  const most = signature.fixedBatch ?? Math.max(1, maxBatch);
  let size = Math.min(most, FIRST_ROWS);
  const run = async (table: Table, from: number, to: number): Promise<Scores> => {
    const fed = tensorsOf(signature, table, from, to);
    if (fed.kind === 'refused') throw new Refusal(400, fed.problems.map(problemText).join('; '));
    const startedMs = performance.now();
    const { outputs, queueMs } = await batcher.submit(
      fed.feeds,
      [mapping.output],
      'explain',
      deadline,
      BESIDE_PRIORITY,
    );
    const runMs = performance.now() - startedMs - queueMs;
    if (runMs > RUN_MS) size = Math.max(1, Math.floor(size / 2));
    else if (runMs < RUN_MS / 2) size = Math.min(most, size * 2);
    return scoresOf(mapping, outputs, to - from);
  };
  return async (table) => {
    const parts: Scores[] = [];
    for (let from = 0; from < table.rows; ) {
      const to = Math.min(table.rows, from + size);
      parts.push(await run(table, from, to));
      from = to;
    }
    return joinScores(parts);
  };
}
