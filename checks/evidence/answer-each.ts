import { joinScores, type ScoreMapping, type Scores } from '../../serving/model/score.ts';
import type { Table } from '../../serving/model/table.ts';
import { answerBatch, type OpenModel } from './open-model.ts';
import type { Refusals } from './replay-evidence.ts';

/**
 * What a model answers on every row that it takes: where a batch is refused or fails, its rows are asked one by one, and those that cannot be asked
 * have NaN for an answer.
 */
export async function answerEach(
  model: OpenModel,
  table: Table,
  batch: number,
): Promise<{ readonly answers: Scores; readonly refused: Refusals }> {
  const parts: Scores[] = [];
  const rows: number[] = [];
  let first: string | undefined;
  const ask = async (from: number, to: number): Promise<void> => {
    try {
      parts.push(await answerBatch(model, table, from, to));
    } catch (error) {
      if (to - from > 1) {
        for (let row = from; row < to; row++) await ask(row, row + 1);
        return;
      }
      first ??= error instanceof Error ? error.message : String(error);
      rows.push(from);
      parts.push(noAnswer(model.mapping));
    }
  };
  const size = Math.min(batch, model.batch);
  for (let from = 0; from < table.rows; from += size) await ask(from, Math.min(table.rows, from + size));
  return {
    answers: joinScores(parts),
    refused: { rows: Int32Array.from(rows), ...(first === undefined ? {} : { first }) },
  };
}

function noAnswer({ task, classes, threshold }: ScoreMapping): Scores {
  const scores = new Float64Array(task === 'multiclass' ? classes.length : 1).fill(NaN);
  if (task === 'regression') return { task, rows: 1, scores };
  if (task === 'binary') return { task, rows: 1, classes, scores, threshold, probabilities: true };
  return { task, rows: 1, classes, scores, probabilities: true };
}
