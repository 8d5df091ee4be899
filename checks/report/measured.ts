import type { Finding, Measured } from './report.ts';

/** Two models on one metric, as `measured` of baseline and cohort findings holds it. */
export interface MeasuredComparison {
  readonly metric: string;
  readonly candidate: number;
  readonly baseline: number;
  readonly difference: number;
  readonly interval: { readonly lower: number; readonly upper: number };
  readonly margin?: number;
  readonly n: number;
  readonly cohort?: string;
}

/** One column of reference and window, as `measured` of drift findings holds it. */
export interface MeasuredDrift {
  readonly subject: string;
  readonly method: string;
  readonly statistic?: number;
  readonly pValue?: number;
  readonly adjustedPValue?: number;
  readonly effect?: { readonly measure: string; readonly value: number; readonly limit: number };
  /** Shares of the rows by bin, for a sparkline. */
  readonly shares?: { readonly reference: readonly number[]; readonly window: readonly number[] };
}

/** The interval is the one that the verdict rests on: a cohort is called worse, or undecided, by the one that holds jointly. */
export function comparisonOf({ measured, verdict }: Finding): MeasuredComparison | undefined {
  const { metric, candidate, baseline, difference, n, margin, cohort } = measured;
  const interval = verdict === 'pass' ? measured.interval : (measured.jointInterval ?? measured.interval);
  if (typeof metric !== 'string' || typeof candidate !== 'number' || typeof baseline !== 'number') return undefined;
  if (typeof difference !== 'number' || !isPair(interval)) return undefined;
  return {
    metric,
    candidate,
    baseline,
    difference,
    interval: { lower: interval[0], upper: interval[1] },
    n: typeof n === 'number' ? n : NaN,
    ...(typeof margin === 'number' ? { margin } : {}),
    ...(typeof cohort === 'string' ? { cohort } : {}),
  };
}

export function driftOf({ measured }: Finding): MeasuredDrift | undefined {
  const { subject, method } = measured;
  if (typeof subject !== 'string' || typeof method !== 'string') return undefined;
  const number = (value: unknown) => (typeof value === 'number' ? value : undefined);
  const statistic = number(measured.statistic);
  const pValue = number(measured.pValue);
  const adjustedPValue = number(measured.adjustedPValue);
  const effect = effectOf(measured.effect);
  const shares = sharesOf(measured.shares);
  return {
    subject,
    method,
    ...(statistic === undefined ? {} : { statistic }),
    ...(pValue === undefined ? {} : { pValue }),
    ...(adjustedPValue === undefined ? {} : { adjustedPValue }),
    ...(effect === undefined ? {} : { effect }),
    ...(shares === undefined ? {} : { shares }),
  };
}

function effectOf(value: unknown): MeasuredDrift['effect'] {
  if (!isRecord(value)) return undefined;
  const { measure, value: size, limit } = value;
  return typeof measure === 'string' && typeof size === 'number' && typeof limit === 'number'
    ? { measure, value: size, limit }
    : undefined;
}

function sharesOf(value: unknown): MeasuredDrift['shares'] {
  if (!isRecord(value) || !isNumbers(value.reference) || !isNumbers(value.window)) return undefined;
  return { reference: value.reference, window: value.window };
}

function isPair(value: unknown): value is readonly [number, number] {
  return isNumbers(value) && value.length === 2;
}
function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'number');
}
function isRecord(value: unknown): value is Measured {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
