import type { DistributionFigure } from '../report/figure.ts';
import { limitText, numberText, plural, pValueText } from '../report/format.ts';
import type { ColumnResult, DriftComparison } from './compare-samples.ts';

/** Beside what drifted: the columns that came nearest to it, so that a reader sees what "no drift" looks like. */
const UNDRIFTED_SHOWN = 3;
/** A report travels as JSON, and nobody looks at a hundred drawings. */
const MOST_SHOWN = 12;

export interface SideLabels {
  readonly reference: string;
  readonly window: string;
}

/** Both sides of each column that drifted, and of the largest shifts that did not; furthest beyond its limit first. */
export function driftFigures(comparison: DriftComparison, labels: SideLabels): readonly DistributionFigure[] {
  const compared = comparison.columns.filter(({ constant }) => !constant);
  const largest = compared.toSorted((a, b) => b.effect.value / b.effect.limit - a.effect.value / a.effect.limit);
  const drifted = largest.filter((column) => column.drifted);
  const still = largest.filter((column) => !column.drifted).slice(0, UNDRIFTED_SHOWN);
  const shown = [...drifted.slice(0, MOST_SHOWN), ...still];
  return shown.map((column, at) => figureOf(column, shown, at, comparison, labels));
}

function figureOf(
  column: ColumnResult,
  shown: readonly ColumnResult[],
  at: number,
  { rows }: DriftComparison,
  labels: SideLabels,
): DistributionFigure {
  const { name, effect, shares, drifted, method, adjustedPValue } = column;
  const size = `${effect.measure} ${numberText(effect.value)}, limit ${limitText(effect.limit)}`;
  const twin = shown.findIndex((other) => idOf(other.name) === idOf(name));
  return {
    kind: 'distribution',
    id: twin === at ? idOf(name) : `${idOf(name)}-${at}`,
    says: `${name} ${drifted ? 'drifted' : 'did not drift'}: ${size}; ${largestMove(column)}`,
    note: `${plural(rows.reference, 'row')} against ${plural(rows.window, 'row')}; ${method}, adjusted p ${pValueText(adjustedPValue)}`,
    column: name,
    bins: shares.bins,
    ...(shares.edges === undefined ? {} : { edges: shares.edges }),
    sides: [
      { side: 'reference', label: labels.reference, shares: shares.reference },
      { side: 'window', label: labels.window, shares: shares.window },
    ],
  };
}

/** Which bin's share changed most: what a reader looks for first. */
function largestMove({ shares }: ColumnResult): string {
  let most = 0;
  shares.bins.forEach((_, bin) => {
    if (moveOf(shares, bin) > moveOf(shares, most)) most = bin;
  });
  const percent = (share: number | undefined) => `${(100 * (share ?? 0)).toFixed(1)} %`;
  return `the share of "${shares.bins[most] ?? ''}" went from ${percent(shares.reference[most])} to ${percent(shares.window[most])}`;
}

function moveOf({ reference, window }: ColumnResult['shares'], bin: number): number {
  return Math.abs((window[bin] ?? 0) - (reference[bin] ?? 0));
}

/** Safe in an address. */
function idOf(name: string): string {
  const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return slug.replaceAll(/^-+|-+$/g, '') || 'column';
}
