import { format } from 'd3-format';

/** Numbers for people: the one place that rounds. Minus is U+2212, thousands are grouped, a missing number is a dash. */
const grouped = format(',d');
const NARROW_DECIMALS = 3;

export const countOf = (value: number): string => grouped(Math.round(value));

/** As many decimals as tell two values of this size apart: 0.840, 27.13, 131.4, 5,210. */
export function decimalsOf(largest: number): number {
  const size = Math.abs(largest);
  if (size < 10) return NARROW_DECIMALS;
  if (size < 100) return 2;
  return size < 1000 ? 1 : 0;
}

export function numberOf(value: number | undefined, decimals = decimalsOf(value ?? 0)): string {
  return value === undefined || !Number.isFinite(value) ? '–' : format(`,.${decimals}f`)(value);
}

/** With its sign, since it is a difference: +0.041, −0.153. Zero has none. */
export function signedOf(value: number | undefined, decimals = decimalsOf(value ?? 0)): string {
  if (value === undefined || !Number.isFinite(value)) return '–';
  const rounded = Number(value.toFixed(decimals));
  return rounded === 0 ? format(`.${decimals}f`)(0) : format(`+,.${decimals}f`)(value);
}

export function intervalOf(interval: readonly [number, number] | undefined, decimals?: number): string {
  if (interval === undefined) return '–';
  const places = decimals ?? decimalsOf(Math.max(...interval.map(Math.abs)));
  return `[${signedOf(interval[0], places)}, ${signedOf(interval[1], places)}]`;
}

export function percentOf(share: number | undefined, decimals = 1): string {
  return share === undefined || !Number.isFinite(share) ? '–' : `${format(`.${decimals}f`)(share * 100)} %`;
}

/** A weight without useless decimals: 5 %, 12.5 %. */
export const weightOf = (weight: number): string => `${format('.3~f')(weight)} %`;

/** A rate a second: 467, 41.2, 0.9. */
export const rateOf = (perSecond: number): string => format(perSecond < 100 ? ',.1f' : ',.0f')(perSecond);

export function millisecondsOf(ms: number | undefined): string {
  if (ms === undefined) return '–';
  return format(ms < 10 ? '.1f' : ',.0f')(ms);
}

const WORDS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'];

/** Small numbers as words, larger ones as digits. */
export const wordOf = (count: number): string => WORDS[count] ?? countOf(count);

export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** `1 replica`, `2 replicas`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${countOf(count)} ${count === 1 ? one : many}`;

/** First seven digits of a commit, twelve of a digest: enough to tell them apart by eye. */
export const shortSha = (sha: string): string => sha.slice(0, 7);
export const shortDigest = (digest: string): string => digest.replace(/^sha256:/, '').slice(0, 12);
