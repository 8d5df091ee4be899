import { rocCurve, thinned } from '../metrics/score-curves.ts';
import { type BinaryRows, pickedRows, type ScoredRows } from '../metrics/scored-rows.ts';
import { comparisonFigures } from '../report/comparison-figures.ts';
import { type CurveFigure, type DistributionFigure, type Figure, MOST_POINTS } from '../report/figure.ts';
import { numberText, percentText, plural } from '../report/format.ts';
import { comparisonOf } from '../report/measured.ts';
import type { Finding } from '../report/report.ts';
import { worstFirst } from '../report/worst-first.ts';
import { binCounts, referenceEdges } from '../stats/reference-bins.ts';
import { rocAuc } from '../stats/roc-auc.ts';
import type { Cohort } from './cohort.ts';

interface Sides {
  readonly candidate: ScoredRows;
  readonly champion: ScoredRows;
}

/** Cohorts against the champion as intervals; of the worst one its curve beside everyone's, and where its scores lie. */
export function cohortFigures(
  findings: readonly Finding[],
  cohorts: readonly Cohort[],
  { candidate, champion }: Sides,
  placeOf: ReadonlyMap<number, number>,
): readonly Figure[] {
  const intervals = comparisonFigures(findings);
  const worst = worstCohort(findings, cohorts);
  if (worst === undefined || candidate.task === 'multiclass') return intervals;
  const places = Uint32Array.from(worst.rows, (row) => placeOf.get(row) ?? 0);
  const inside = pickedRows(candidate, places);
  const before = pickedRows(champion, places);
  const curve =
    candidate.task === 'binary' && inside.task === 'binary' && before.task === 'binary'
      ? rocFigure(worst, candidate, inside, before)
      : undefined;
  return [
    ...intervals,
    ...(curve === undefined ? [] : [curve]),
    ...(inside.task === 'multiclass' ? [] : [scoresFigure(worst, candidate.scores, inside.scores)]),
  ];
}

/** Of the finding that is worst: the cohort that a reader will ask about. */
function worstCohort(findings: readonly Finding[], cohorts: readonly Cohort[]): Cohort | undefined {
  const told = worstFirst(findings).flatMap((finding) => comparisonOf(finding)?.cohort ?? []);
  const [name] = told.filter((each) => cohorts.some((cohort) => cohort.name === each));
  return cohorts.find((cohort) => cohort.name === name);
}

function rocFigure(
  { name, key }: Cohort,
  everyone: BinaryRows,
  inside: BinaryRows,
  before: BinaryRows,
): CurveFigure | undefined {
  const lines = [
    { side: 'candidate', label: `candidate, ${name}`, rows: inside },
    { side: 'champion', label: `champion, ${name}`, rows: before },
    { side: 'reference', label: 'candidate, everyone', rows: everyone },
  ] as const;
  const drawn = lines.flatMap(({ side, label, rows }): CurveFigure['lines'][number][] => {
    const curve = rocCurve(rows.scores, rows.truth);
    if (curve === undefined) return [];
    const area = rocAuc(rows.scores, rows.truth);
    return [{ side, label, ...thinned(curve, MOST_POINTS), ...(area === undefined ? {} : { area }) }];
  });
  if (drawn.length < lines.length) return undefined;
  const areas = drawn.map(({ label, area = NaN }) => `${label} ${numberText(area)}`);
  return {
    kind: 'curve',
    curve: 'roc',
    id: `roc-${safe(key)}`,
    title: `ROC, ${name}`,
    says: `Area under the curve: ${areas.join('; ')}.`,
    note: `${plural(inside.rows, 'row')} of ${name}, ${plural(everyone.rows, 'row')} in all.`,
    lines: drawn,
  };
}

/** Scores in tenths of everyone's. */
function scoresFigure({ name, key }: Cohort, everyone: Float64Array, inside: Float64Array): DistributionFigure {
  const edges = referenceEdges(everyone.toSorted());
  const sharesOf = (scores: Float64Array) => [...binCounts(scores, edges).counts].map((count) => count / scores.length);
  const [all, own] = [sharesOf(everyone), sharesOf(inside)];
  const bins = [...all.keys()].map((i) => binName(edges[i - 1], edges[i]));
  const peak = own.indexOf(Math.max(...own));
  return {
    kind: 'distribution',
    id: `scores-${safe(key)}`,
    title: `Scores, ${name}`,
    says: `${percentText(own[peak] ?? 0, 0)} of the scores of ${name} lie ${bins[peak] ?? ''}, where ${percentText(all[peak] ?? 0, 0)} of everyone's do.`,
    column: 'score',
    bins,
    edges,
    sides: [
      { side: 'reference', label: 'everyone', shares: all },
      { side: 'candidate', label: name, shares: own },
    ],
  };
}

function binName(from: number | undefined, to: number | undefined): string {
  if (from === undefined) return to === undefined ? 'anywhere' : `under ${numberText(to)}`;
  return to === undefined ? `from ${numberText(from)} on` : `${numberText(from)} to ${numberText(to)}`;
}

function safe(key: string): string {
  return key
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}
