import type { Measurement } from './measured.ts';

/** What a bench found, as `docs/performance.generated.json` keeps it: every round, so that medians, spreads and ratios are computed and never typed. */
export interface BenchReport {
  readonly machine: {
    readonly processors: number;
    readonly model: string;
    readonly memoryGigabytes: number;
    readonly system: string;
  };
  readonly versions: Readonly<Record<string, string>>;
  readonly parts: Readonly<Record<string, PartResult>>;
  readonly soak?: SoakResult;
}

export interface PartResult {
  /** ISO date-time at its beginning. */
  readonly at: string;
  readonly minutes: number;
  /** Load of the machine (1 minute) before it began: on a quiet one it is small. */
  readonly loadBefore: number;
  readonly secondsEach: number;
  readonly rows: readonly Row[];
  /** What is worth knowing of this run: a peer that was not there. */
  readonly notes: readonly string[];
}

/** One contender under one load, round by round; the same place in `rounds` is the same round of all. */
export interface Row {
  readonly contender: string;
  readonly load: string;
  readonly rounds: readonly Measurement[];
}

export interface SoakResult {
  readonly at: string;
  readonly minutes: number;
  readonly capacityPerSecond: number;
  readonly ratePerSecond: number;
  readonly answered: number;
  readonly failed: number;
  readonly failures: readonly string[];
  /** Requests that were under way on the replica that was killed. */
  readonly lostWithReplica: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly happenings: readonly string[];
  readonly processes: readonly SoakProcess[];
}

/** Resident memory of one process over the soak. */
export interface SoakProcess {
  readonly name: string;
  readonly startMegabytes: number;
  readonly peakMegabytes: number;
  readonly endMegabytes: number;
  /** Slope over the last half, megabytes an hour, with its 99 % interval; left out of a process that was not there for all of it. */
  readonly slope?: number;
  readonly interval?: readonly [number, number];
  readonly climbs: boolean;
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function spreadOf(numbers: readonly number[]): Spread | undefined {
  const sorted = numbers.filter(Number.isFinite).toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [least, most, upper] = [sorted[0], sorted.at(-1), sorted[middle]];
  if (least === undefined || most === undefined || upper === undefined) return undefined;
  return { median: sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2, least, most };
}

export function rowOf(report: BenchReport, part: string, contender: string, load: string): Row | undefined {
  return report.parts[part]?.rows.find((row) => row.contender === contender && row.load === load);
}

export type Figure = (measurement: Measurement) => number | undefined;
export const perSecond: Figure = (measurement) => measurement.perSecond;

export function figureOf(row: Row | undefined, figure: Figure): Spread | undefined {
  return row === undefined ? undefined : spreadOf(row.rounds.map((round) => figure(round) ?? NaN));
}

/** Round by round, since both were measured side by side in each. */
export function ratioOf(a: Row | undefined, b: Row | undefined, figure: Figure = perSecond): Spread | undefined {
  return pairedOf(a, b, figure, (x, y) => x / y);
}

export function differenceOf(a: Row | undefined, b: Row | undefined, figure: Figure): Spread | undefined {
  return pairedOf(a, b, figure, (x, y) => x - y);
}

function pairedOf(
  a: Row | undefined,
  b: Row | undefined,
  figure: Figure,
  join: (x: number, y: number) => number,
): Spread | undefined {
  if (a === undefined || b === undefined) return undefined;
  return spreadOf(
    a.rounds.flatMap((round, index) => {
      const [x, other] = [figure(round), b.rounds[index]];
      const y = other === undefined ? undefined : figure(other);
      return x === undefined || y === undefined ? [] : [join(x, y)];
    }),
  );
}
