import type { EvaluationData } from '../evidence/evidence.ts';
import { compareMetric, type Compared } from '../metrics/compare-metric.ts';
import { absoluteErrors, hits, logLosses } from '../metrics/per-row.ts';
import { groupsOf, pickedRows, type ScoredRows } from '../metrics/scored-rows.ts';
import type { MetricName } from '../manifest/manifest.ts';
import type { Interval } from '../stats/interval.ts';
import { linearisedError } from '../stats/linearised-error.ts';
import { normalQuantile } from '../stats/normal-quantile.ts';
import { seededRandom } from '../stats/seeded-random.ts';
import type { Cohort } from './cohort.ts';
import { rarerOf } from './judge-cohort.ts';
import { placesIn, searchSlices, type Slice } from './slice-search.ts';
import type { SliceColumn } from './slice-columns.ts';

/**
 * A slice found by search is found because it looks bad, so its own rows cannot say how bad it is. The rows are parted in two halves (rows of one key
 * stay together); what is found in one is tested in the other, and the other way round. The tests hold jointly (Bonferroni) over everything that is
 * tested, and over nothing that was merely searched, since the search saw none of the rows that test.
 */
export interface SliceSides {
  readonly data: EvaluationData;
  /** Row numbers in the table; the scored rows stand in the same order, as do the columns' bins. */
  readonly rows: Uint32Array;
  readonly columns: readonly SliceColumn[];
  readonly candidate: ScoredRows;
  readonly champion: ScoredRows;
}

/** Slices that each half proposes. */
const TESTED_A_HALF = 2;
/** Fewer rows leave halves in which nothing can be tested. */
export const FEWEST_ROWS_SEARCHED = 400;
/** The other half holds about as many rows of a slice as the one that found it, and now and then fewer. */
const FEWEST_ROWS_TESTED = 40;
/** Of the rarer class among a slice's rows that test, so that an interval of them is worth its name. */
const FEWEST_OF_CLASS = 10;
const ALPHA = 0.05;
const SEED = 1;

export interface TestedSlice {
  readonly cohort: Cohort;
  readonly half: 1 | 2;
  readonly rarer: number;
  readonly places: Uint32Array;
}

export interface SlicesTested<T> {
  readonly tested: readonly (TestedSlice & T)[];
  /** Slices that had rows enough, in both halves. */
  readonly searched: number;
}

/** Slices where the candidate loses most against the champion, with each metric on the rows that did not find it. */
export function slicesAgainstChampion(
  sides: SliceSides,
  metrics: readonly MetricName[],
): SlicesTested<{
  readonly compared: ReadonlyMap<MetricName, Compared>;
}> {
  const [own, other] = [lossesOf(sides.candidate), lossesOf(sides.champion)];
  const losses = own.map((loss, place) => loss - (other[place] ?? 0));
  const { tested, searched } = crossFitted(sides, losses);
  return {
    searched,
    tested: tested.map((slice) => {
      const rows = slice.cohort.rows;
      const groups = groupsOf(sides.data, rows);
      const options = { alpha: ALPHA, seed: SEED, ...(groups === undefined ? {} : { groups }) };
      const [a, b] = [pickedRows(sides.candidate, slice.places), pickedRows(sides.champion, slice.places)];
      const compared = metrics.flatMap((name): [MetricName, Compared][] => {
        const result = compareMetric(name, a, b, options);
        return result.kind === 'compared' ? [[name, result]] : [];
      });
      return { ...slice, compared: new Map(compared) };
    }),
  };
}

/** A slice's mean loss above everyone else's, on the rows that did not find it. */
export interface OwnLoss {
  readonly inside: number;
  readonly outside: number;
  /** The champion's mean losses on the same rows: what is hard for both is hard. */
  readonly champion: { readonly inside: number; readonly outside: number };
  /** Of inside − outside, jointly over what is tested. */
  readonly interval: Interval;
}

/** Slices where the candidate's own loss is highest: harder, or learnt worse. */
export function slicesAgainstEveryone(sides: SliceSides): SlicesTested<OwnLoss> {
  const [losses, other] = [lossesOf(sides.candidate), lossesOf(sides.champion)];
  const { tested, searched, halves } = crossFitted(sides, losses);
  return {
    searched,
    tested: tested.map((slice) => {
      const half = halves[slice.half - 1] ?? new Uint32Array(0);
      const { inside, outside } = meansOf(other, slice, half);
      return { ...slice, ...ownLoss(sides, losses, slice, half, tested.length), champion: { inside, outside } };
    }),
  };
}

function meansOf(losses: Float64Array, { places }: TestedSlice, half: Uint32Array) {
  const inSlice = new Set(places);
  const isInside = (place: number) => inSlice.has(place);
  const meanOf = (some: Uint32Array) => some.reduce((sum, place) => sum + (losses[place] ?? 0), 0) / some.length;
  return { isInside, inside: meanOf(places), outside: meanOf(half.filter((place) => !isInside(place))) };
}

function ownLoss(
  { data, rows }: SliceSides,
  losses: Float64Array,
  slice: TestedSlice,
  half: Uint32Array,
  family: number,
): Pick<OwnLoss, 'inside' | 'outside' | 'interval'> {
  const { isInside, inside, outside } = meansOf(losses, slice, half);
  const n = slice.places.length;
  const influences = Float64Array.from(half, (place) => {
    const loss = losses[place] ?? 0;
    return half.length * (isInside(place) ? (loss - inside) / n : (outside - loss) / (half.length - n));
  });
  const groups = groupsOf(
    data,
    half.map((place) => rows[place] ?? 0),
  );
  const { standardError } = linearisedError(influences, groups);
  const wide = -normalQuantile(ALPHA / family / 2) * standardError;
  return { inside, outside, interval: { lower: inside - outside - wide, upper: inside - outside + wide } };
}

/** Row by row: log loss of probabilities, else whether the decision is wrong; the absolute error of numbers. */
export function lossesOf(rows: ScoredRows): Float64Array {
  if (rows.task === 'regression') return absoluteErrors(rows);
  return rows.probabilities ? logLosses(rows) : hits(rows).map((hit) => 1 - hit);
}

export function lossName(rows: ScoredRows): string {
  if (rows.task === 'regression') return 'absolute error';
  return rows.probabilities ? 'log loss' : 'share of wrong decisions';
}

function crossFitted(sides: SliceSides, losses: Float64Array) {
  const halves = halvesOf(sides);
  let searched = 0;
  const tested = halves.flatMap((half, i): readonly TestedSlice[] => {
    const result = searchSlices(sides.columns, losses, half, {
      most: TESTED_A_HALF,
      isTestable: (places) => rarerOf(pickedRows(sides.candidate, places)) >= FEWEST_OF_CLASS,
    });
    searched += result.searched;
    const other = halves[1 - i] ?? new Uint32Array(0);
    return result.found.flatMap((slice) => testable(sides, slice, other, i === 0 ? 2 : 1));
  });
  return { tested, searched, halves };
}

function testable(
  { rows, columns, candidate }: SliceSides,
  slice: Slice,
  other: Uint32Array,
  half: 1 | 2,
): readonly TestedSlice[] {
  const places = placesIn(columns, slice, other);
  const rarer = rarerOf(pickedRows(candidate, places));
  if (places.length < FEWEST_ROWS_TESTED || rarer < FEWEST_OF_CLASS) return [];
  const labels = slice.parts.flatMap(({ column, bin }) => {
    const label = columns[column]?.labels[bin];
    return label === undefined ? [] : [{ ...label, column: columns[column]?.column ?? '' }];
  });
  const sorted = labels.toSorted((a, b) => (a.column < b.column ? -1 : 1));
  const cohort: Cohort = {
    key: sorted.map(({ key }) => key).join('&'),
    name: sorted.map(({ name }) => name).join(', '),
    columns: sorted.map(({ column }) => column),
    // Found by search: blocks only by failing, as an intersection does.
    intersection: true,
    rows: places.map((place) => rows[place] ?? 0),
  };
  return [{ cohort, half, rarer, places }];
}

function halvesOf({ data, rows }: SliceSides): readonly [Uint32Array, Uint32Array] {
  const random = seededRandom(SEED);
  const sides = new Map<number, boolean>();
  const first = Array.from(rows, (row, place) => {
    const group = data.groups?.[row] ?? -1 - place;
    const known = sides.get(group) ?? random.uniform() < 0.5;
    sides.set(group, known);
    return known;
  });
  const places = Uint32Array.from(rows, (_, place) => place);
  return [places.filter((place) => first[place]), places.filter((place) => !first[place])];
}
