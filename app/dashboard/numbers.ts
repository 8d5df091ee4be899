import { format } from 'd3-format';
import {
  countText,
  decimalsFor,
  intervalText,
  numberText,
  percentText,
  plural,
  signedText,
} from '../../checks/report/format.ts';

/** Numbers for people, as the reports write them, and those that only pages need. A missing number is a dash. */
const MISSING = '–';

export const countOf = countText;
export const decimalsOf = decimalsFor;
export { plural };

export const numberOf = (value: number | undefined, decimals = decimalsFor(value ?? 0)): string =>
  value === undefined || !Number.isFinite(value) ? MISSING : numberText(value, decimals);

/** With its sign, since it is a difference: +0.041, −0.153. Zero has none. */
export const signedOf = (value: number | undefined, decimals = decimalsFor(value ?? 0)): string =>
  value === undefined || !Number.isFinite(value) ? MISSING : signedText(value, decimals);

export function intervalOf(interval: readonly [number, number] | undefined, decimals?: number): string {
  if (interval === undefined) return MISSING;
  const [lower, upper] = interval;
  return intervalText({ lower, upper }, decimals ?? decimalsFor(Math.max(Math.abs(lower), Math.abs(upper))));
}

export const percentOf = (share: number | undefined, decimals = 1): string =>
  share === undefined || !Number.isFinite(share) ? MISSING : percentText(share, decimals);

/** A weight without useless decimals: 5 %, 12.5 %. */
export const weightOf = (weight: number): string => `${format('.3~f')(weight)} %`;

/** A rate a second: 467, 41.2, 0.9. */
export const rateOf = (perSecond: number): string => format(perSecond < 100 ? ',.1f' : ',.0f')(perSecond);

/** A rate in words; one that is exactly zero is no measurement with a decimal. */
export const ratePhrase = (perSecond: number): string =>
  perSecond === 0 ? 'no requests now' : `${rateOf(perSecond)} requests a second`;

export function millisecondsOf(ms: number | undefined): string {
  if (ms === undefined) return MISSING;
  return format(ms < 10 ? '.1f' : ',.0f')(ms);
}

const WORDS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'];

/** Small numbers as words, larger ones as digits. */
export const wordOf = (count: number): string => WORDS[count] ?? countOf(count);

export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** First seven digits of a commit, twelve of a digest: enough to tell them apart by eye. */
export const shortSha = (sha: string): string => sha.slice(0, 7);
export const shortDigest = (digest: string): string => digest.replace(/^sha256:/, '').slice(0, 12);
