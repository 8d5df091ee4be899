import type { Interval } from '../stats/interval.ts';

/**
 * Numbers for people; JSON keeps full precision. A true minus sign, thousands by comma, as many decimals as the size of the
 * number deserves, and never so few that a difference that decided something reads 0.
 */

/** Decimals that show a value of this size to about three digits. */
export function decimalsFor(size: number): number {
  const absolute = Math.abs(size);
  if (absolute === 0 || !Number.isFinite(absolute)) return 3;
  if (absolute >= 1000) return 0;
  if (absolute >= 100) return 1;
  if (absolute >= 10) return 2;
  return 3;
}

const MOST_DECIMALS = 8;

/** Decimals of a metric's size, or more where a smaller number beside it would read 0. */
export function decimalsForDifference(size: number, difference: number): number {
  const usual = decimalsFor(size);
  const absolute = Math.abs(difference);
  if (absolute === 0 || !Number.isFinite(absolute) || absolute >= 0.5 * 10 ** -usual) return usual;
  return Math.min(MOST_DECIMALS, Math.ceil(-Math.log10(absolute)) + 1);
}

/** `1,234.50`, `−0.153`. */
export function numberText(value: number, decimals: number = decimalsFor(value)): string {
  if (Number.isNaN(value)) return 'not a number';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const text = Math.abs(value).toLocaleString('en-US', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  const zero = !/[1-9]/.test(text);
  return value < 0 && !zero ? `−${text}` : text;
}

/** `+0.041`, `−0.153`, `0.000`. */
export function signedText(value: number, decimals: number = decimalsFor(value)): string {
  const text = numberText(value, decimals);
  return value > 0 && /[1-9∞]/.test(text) ? `+${text}` : text;
}

/** `[−0.209, −0.096]`; both ends signed. */
export function intervalText({ lower, upper }: Interval, decimals: number): string {
  return `[${signedText(lower, decimals)}, ${signedText(upper, decimals)}]`;
}

/** A limit as a person wrote it: `0.01`, `0.005`, `1.23`; at most four significant digits. */
export function limitText(value: number): string {
  return numberText(value, 0) === String(value) ? String(value) : trimmed(value);
}

function trimmed(value: number): string {
  const rounded = Number(value.toPrecision(4));
  return rounded.toLocaleString('en-US', { maximumFractionDigits: MOST_DECIMALS }).replace(/^-/, '−');
}

/** `7,000`. */
export function countText(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** `88.8 %`. */
export function percentText(share: number, decimals = 1): string {
  return `${numberText(100 * share, decimals)} %`;
}

const LEAST_P = 0.0001;

/** `0.037`, `< 0.0001`. */
export function pValueText(p: number): string {
  if (p < LEAST_P) return `< ${LEAST_P}`;
  return p < 0.001 ? numberText(p, 4) : numberText(p, 3);
}

/** `1 row`, `7,000 rows`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}
