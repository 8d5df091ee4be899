import type { Column } from '../../serving/model/table.ts';
import type { Answers, Evidence } from '../evidence/evidence.ts';
import { absoluteErrors, logLosses } from '../metrics/per-row.ts';
import { labelledRows, scoredRows } from '../metrics/scored-rows.ts';

/** How a model does on successive slices of time, oldest first. */
export type Staleness =
  | { readonly kind: 'unknown'; readonly why: string }
  | {
      readonly kind: 'known';
      /** Whose answers: the model in production, else the proposed one. */
      readonly of: string;
      readonly loss: 'log loss' | 'absolute error';
      readonly slices: readonly { readonly rows: number; readonly loss: number }[];
    };

const SLICES = 5;
/** Fewer rows of a slice say nothing about its mean. */
const FEWEST_ROWS = 30;

/** Mean loss a row in five slices of equal count by `evaluation.time`. O(n log n). */
export function stalenessOf({ proposal, evaluation, candidate, baseline }: Evidence): Staleness {
  const { time } = proposal.manifest.evaluation;
  if (time === undefined) return unknown('evaluation.time names no column');
  if (evaluation.kind === 'missing') return unknown(`no evaluation rows: ${evaluation.reason}`);
  const { table, labels } = evaluation.value;
  const column = table.columns.get(time);
  if (column === undefined) return unknown(`the evaluation data have no column ${time}`);
  const champion =
    baseline.kind !== 'simple' && baseline.answers.kind === 'gathered' ? baseline.answers.value : undefined;
  const answers: Answers | undefined = champion ?? (candidate.kind === 'gathered' ? candidate.value : undefined);
  if (answers === undefined) return unknown('nobody answered the evaluation rows');
  const rows = rowsByTime(column, labelledRows(labels));
  if (rows.length < SLICES * FEWEST_ROWS)
    return unknown(`${rows.length} rows have a time and a label; ${SLICES * FEWEST_ROWS} are needed`);
  const scored = scoredRows(answers, labels, rows);
  if (scored.kind === 'undefined') return unknown(scored.reason);
  const isRegression = scored.rows.task === 'regression';
  const losses = isRegression ? absoluteErrors(scored.rows) : logLosses(scored.rows);
  const slices = Array.from({ length: SLICES }, (_, slice) => {
    const part = losses.subarray(
      Math.floor((slice * losses.length) / SLICES),
      Math.floor(((slice + 1) * losses.length) / SLICES),
    );
    return { rows: part.length, loss: part.reduce((sum, loss) => sum + loss, 0) / part.length };
  });
  const of =
    champion === undefined || baseline.kind === 'simple' ? 'the proposed model' : baseline.manifest.manifest.version;
  return { kind: 'known', of, loss: isRegression ? 'absolute error' : 'log loss', slices };
}

function unknown(why: string): Staleness {
  return { kind: 'unknown', why };
}

/** Rows that have a time, oldest first. Text is ordered as text, which is right for ISO 8601. */
function rowsByTime(column: Column, rows: Uint32Array): Uint32Array {
  const placeOf = (row: number): number => {
    switch (column.kind) {
      case 'number':
        return column.values[row] ?? NaN;
      case 'integer':
        return column.missing[row] === 1 ? NaN : Number(column.values[row]);
      case 'category':
        return ranks?.[column.codes[row] ?? -1] ?? NaN;
      case 'list':
        return NaN;
    }
  };
  const ranks = column.kind === 'category' ? ranksOf(column.dictionary) : undefined;
  return rows.filter((row) => !Number.isNaN(placeOf(row))).toSorted((a, b) => placeOf(a) - placeOf(b) || a - b);
}

/** The place of each text in their order. */
function ranksOf(texts: readonly string[]): Uint32Array {
  const ranks = new Uint32Array(texts.length);
  const order = texts.map((_, index) => index).toSorted((a, b) => ((texts[a] ?? '') < (texts[b] ?? '') ? -1 : 1));
  order.forEach((index, rank) => {
    ranks[index] = rank;
  });
  return ranks;
}
