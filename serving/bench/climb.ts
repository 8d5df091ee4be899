import { studentTQuantile } from '../../checks/stats/student-t-quantile.ts';

/** One look at a process's memory. */
export interface Sample {
  readonly seconds: number;
  readonly megabytes: number;
}

export interface Climb {
  /** Megabytes an hour. */
  readonly slope: number;
  readonly interval: readonly [lower: number, upper: number];
  readonly climbs: boolean;
}

/** Blocks hide the saw teeth of garbage collection, which follow each other, and whose means hardly do. */
const BLOCKS = 10;
const CONFIDENCE = 0.99;
/** A climb must be certain, and be worth it: this share of the memory over the time that was looked at. */
const WORTH_TELLING = 0.02;
const SECONDS_AN_HOUR = 3600;

/**
 * Whether memory still climbs over these samples: the slope of a straight line through the means of ten blocks of equal time, with its 99 % interval
 * (Student's t, 8 degrees of freedom). It climbs when the interval's lower end is a growth of more than 2 % over the time looked at. Undefined: a block has no sample.
 */
export function climbOf(samples: readonly Sample[]): Climb | undefined {
  const [from, to] = [samples[0]?.seconds ?? 0, samples.at(-1)?.seconds ?? 0];
  const span = to - from;
  if (span <= 0) return undefined;
  const blocks = Array.from({ length: BLOCKS }, (_, block) =>
    samples.filter(({ seconds }) => Math.min(BLOCKS - 1, Math.floor((BLOCKS * (seconds - from)) / span)) === block),
  );
  if (blocks.some((block) => block.length === 0)) return undefined;
  const points = blocks.map((block) => ({
    hours: meanOf(block.map(({ seconds }) => seconds)) / SECONDS_AN_HOUR,
    megabytes: meanOf(block.map(({ megabytes }) => megabytes)),
  }));
  const [middle, level] = [meanOf(points.map(({ hours }) => hours)), meanOf(points.map(({ megabytes }) => megabytes))];
  const spread = sumOf(points.map(({ hours }) => (hours - middle) ** 2));
  const slope = sumOf(points.map(({ hours, megabytes }) => (hours - middle) * (megabytes - level))) / spread;
  const residual = sumOf(points.map(({ hours, megabytes }) => (megabytes - level - slope * (hours - middle)) ** 2));
  const freedom = BLOCKS - 2;
  const reach = studentTQuantile((1 + CONFIDENCE) / 2, freedom) * Math.sqrt(residual / freedom / spread);
  const interval = [slope - reach, slope + reach] as const;
  return { slope, interval, climbs: (interval[0] * span) / SECONDS_AN_HOUR > WORTH_TELLING * level };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function meanOf(numbers: readonly number[]): number {
  return sumOf(numbers) / numbers.length;
}
