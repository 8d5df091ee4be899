import type { ExplainedModel } from '../evidence/explanation-evidence.ts';
import { fail, inconclusive, pass } from '../finding.ts';
import { countText, numberText, plural } from '../report/format.ts';
import type { Finding } from '../report/report.ts';
import type { RankedColumn } from './rank-importances.ts';
import { rowsForStability, stabilityOf } from './stability.ts';

/** With this many rows a ranking that is not stable is not short of rows: the sample takes no more. */
const ENOUGH_ROWS = 2000;

/** Whether another sample of rows would tell the same of the model. */
export function stabilityFinding(model: ExplainedModel, ranked: readonly RankedColumn[], stable: number): Finding {
  const id = 'explanation/stability';
  const { rows } = model;
  const found = stabilityOf(model, ranked);
  if (ranked.length < 2)
    return pass(id, 'one column takes everything: there is no ranking to be unstable', {
      columns: ranked.length,
      stable,
    });
  if (found === undefined)
    return inconclusive(
      id,
      `fewer than two columns can be told from nothing on ${countText(rows)} rows, so there is no ranking to compare`,
      { n: rows, stable },
      { advisory: true, next: 'Evaluate on more rows.' },
    );
  const { halves, whole, splits, told } = found;
  const measured = {
    stability: whole,
    halves,
    splits,
    stable,
    n: rows,
    columns: ranked.length,
    columnsAboveNothing: told,
  };
  const text = `two samples of ${countText(rows)} rows rank the columns alike by ${numberText(whole)} (rank correlation; ${numberText(halves)} between halves)`;
  if (whole >= stable) return pass(id, `${text}, at least ${numberText(stable)} is wanted`, measured);
  const needed = rowsForStability(rows, found, stable);
  const next =
    needed === undefined
      ? 'Evaluate on more rows, or leave out columns that stand in for each other.'
      : `Evaluate on about ${plural(needed, 'row')}, or leave out columns that stand in for each other.`;
  return rows < ENOUGH_ROWS
    ? inconclusive(
        id,
        `${text}: below ${numberText(stable)}, and more rows may mend it`,
        { ...measured, ...(needed === undefined ? {} : { rowsThatWouldDecide: needed }) },
        { next },
      )
    : fail(
        id,
        `${text}, below ${numberText(stable)}: what is told of the model depends on the rows it is asked about`,
        measured,
        { next },
      );
}
