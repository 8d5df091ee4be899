import type { IntervalsFigure } from '../../checks/report/figure.ts';
import { countText } from '../../checks/report/format.ts';
import { forestTable } from './forest-table.ts';
import { forestAxisOf, type ForestMark, type ForestRow } from './forest.ts';
import type { Drawing } from './svg.ts';

const MARKS = {
  fail: 'bad',
  inconclusive: 'hollow',
  pass: 'ink',
  'not-applicable': 'hollow',
} as const satisfies Record<IntervalsFigure['rows'][number]['verdict'], ForestMark>;

/** An image holds so many rows, the first; all are in the numbers beside. */
const MOST_ROWS = 24;

/** Estimates with their intervals, a row each, in the order in which the check told them. */
export function intervals(figure: IntervalsFigure, width: number): Drawing {
  const shown = figure.rows.slice(0, MOST_ROWS);
  const rows = shown.map((row): ForestRow => {
    const margin = row.margin ?? figure.margin;
    return {
      label: row.label,
      estimate: row.estimate,
      ...(row.interval === undefined ? {} : { low: row.interval[0], high: row.interval[1] }),
      ...(row.own === undefined ? {} : { own: row.own }),
      ...(margin === undefined ? {} : { margin }),
      mark: MARKS[row.verdict],
    };
  });
  const compares = rows.some(({ margin }) => margin !== undefined);
  const counts = shown.map(({ count }) => (count === undefined ? '' : countText(count)));
  return forestTable(rows, forestAxisOf(rows, figure.axis), {
    width,
    label: figure.says,
    compares,
    ...(counts.some((count) => count !== '') ? { counts: { title: 'rows', of: counts } } : {}),
  });
}
