import type { ComparableColumn } from '../drift/comparable-column.ts';
import type { SeededRandom } from '../stats/seeded-random.ts';
import { edgesAtMost } from '../stats/reference-bins.ts';
import { sortedValues } from '../stats/sorted-values.ts';

/**
 * The columns that are simulated. Glossary: a *kind* is a distribution of values; its *shift* is the one other distribution at which power is
 * measured; *continuous* kinds never repeat a value, the others do, which makes p-values of whole steps.
 */
export interface ColumnKind {
  readonly name: string;
  readonly shape: 'continuous' | 'repeating';
  /** What is drawn, for the page. */
  readonly says: string;
  readonly shift: string;
  draw(rows: number, shifted: boolean, random: SeededRandom): Float64Array | Int32Array;
}

/** A shift of numbers, in standard deviations of what is shifted. */
const SHIFT = 0.4;
/** What a category gains that another loses. */
const MOVED_SHARE = 0.1;

export const columnKinds: readonly ColumnKind[] = [
  {
    name: 'normal',
    shape: 'continuous',
    says: 'standard normal',
    shift: `mean ${SHIFT} higher`,
    draw: normals,
  },
  {
    name: 'heavy-tail',
    shape: 'continuous',
    says: 'log-normal, σ of the logarithm 1.5',
    shift: `mean of the logarithm ${SHIFT} σ higher`,
    draw: (rows, shifted, random) => normals(rows, shifted, random).map((z) => Math.exp(HEAVY * z)),
  },
  {
    name: 'rounded',
    shape: 'repeating',
    says: 'standard normal, rounded to tenths (about 60 values)',
    shift: `mean ${SHIFT} higher`,
    draw: rounded,
  },
  {
    name: 'counts',
    shape: 'repeating',
    says: 'Poisson, mean 4 (about 13 values)',
    shift: 'mean 4.8',
    draw: (rows, shifted, random) => Float64Array.from(drawCodes(shifted ? SHIFTED_COUNTS : COUNTS, rows, random)),
  },
  {
    name: 'sparse',
    shape: 'repeating',
    says: '90 % zeros, the rest log-normal amounts',
    shift: '75 % zeros',
    draw: (rows, shifted, random) => {
      const values = new Float64Array(rows);
      let amounts = 0;
      for (let row = 0; row < rows; row++)
        if (random.uniform() >= (shifted ? SHIFTED_ZEROS : ZEROS)) values[amounts++] = Math.exp(random.normal());
      values.copyWithin(rows - amounts, 0, amounts);
      values.fill(0, 0, rows - amounts);
      values.subarray(rows - amounts).sort();
      return values;
    },
  },
  {
    name: 'missing',
    shape: 'repeating',
    says: 'standard normal, rounded to tenths, 10 % of the values missing',
    shift: `mean ${SHIFT} higher`,
    draw: (rows, shifted, random) => {
      const values = rounded(rows, shifted, random);
      for (let row = 0; row < rows; row++) if (random.uniform() < MISSING) values[row] = NaN;
      return values;
    },
  },
  {
    name: 'few-categories',
    shape: 'repeating',
    says: 'five categories: 40, 30, 15, 10 and 5 %',
    shift: 'the most frequent loses 10 points to the least frequent',
    draw: (rows, shifted, random) => drawCodes(shifted ? moved(FEW, 4) : FEW, rows, random),
  },
  {
    name: 'many-categories',
    shape: 'repeating',
    says: '40 categories, shares by Zipf’s law (23 % to 0.6 %)',
    shift: 'the most frequent loses 10 points to the tenth',
    draw: (rows, shifted, random) => drawCodes(shifted ? moved(ZIPF, 9) : ZIPF, rows, random),
  },
  {
    name: 'rare-categories',
    shape: 'repeating',
    says: '1,000 categories, shares by Zipf’s law (13 % to 0.01 %): many that one side alone shows',
    shift: 'the most frequent loses 10 points to the tenth',
    draw: (rows, shifted, random) => drawCodes(shifted ? moved(LONG_TAIL, 9) : LONG_TAIL, rows, random),
  },
];

const HEAVY = 1.5;
const TENTHS = 10;
const FARTHEST_TENTHS = 200;
const ZEROS = 0.9;
const SHIFTED_ZEROS = 0.75;
const MISSING = 0.1;
const FEW = [0.4, 0.3, 0.15, 0.1, 0.05];
const ZIPF = sharesOf(Array.from({ length: 40 }, (_, k) => 1 / (k + 1)));
const LONG_TAIL = sharesOf(Array.from({ length: 1000 }, (_, k) => 1 / (k + 1)));
const COUNTS = poisson(4);
const SHIFTED_COUNTS = poisson(4.8);

/** Reference and window of one kind; the reference is never shifted. */
export function drawPair(
  kind: ColumnKind,
  rows: { readonly reference: number; readonly window: number },
  shifted: boolean,
  random: SeededRandom,
): ComparableColumn {
  const reference = kind.draw(rows.reference, false, random);
  const window = kind.draw(rows.window, shifted, random);
  if (reference instanceof Float64Array && window instanceof Float64Array) return { kind: 'number', reference, window };
  const dictionary = Array.from({ length: LONG_TAIL.length }, (_, code) => `category ${code + 1}`);
  return { kind: 'category', dictionary, reference: Int32Array.from(reference), window: Int32Array.from(window) };
}

/** Ascending: no method looks at the order of rows, and what is sorted is sorted again in less time. */
function normals(rows: number, shifted: boolean, random: SeededRandom): Float64Array {
  return sortedValues(drawnNormals(rows, shifted, random));
}

/** Marsaglia's polar method, both numbers of a pair. */
function drawnNormals(rows: number, shifted: boolean, random: SeededRandom): Float64Array {
  const mean = shifted ? SHIFT : 0;
  const values = new Float64Array(rows);
  for (let row = 0; row < rows; ) {
    const x = 2 * random.uniform() - 1;
    const y = 2 * random.uniform() - 1;
    const square = x * x + y * y;
    if (square === 0 || square >= 1) continue;
    const scale = Math.sqrt((-2 * Math.log(square)) / square);
    values[row++] = mean + x * scale;
    if (row < rows) values[row++] = mean + y * scale;
  }
  return values;
}

/** Counted rather than sorted: no normal number comes near the ends of the table. */
function rounded(rows: number, shifted: boolean, random: SeededRandom): Float64Array {
  const counts = new Uint32Array(2 * FARTHEST_TENTHS + 1);
  for (const value of drawnNormals(rows, shifted, random)) {
    const at = Math.round(value * TENTHS) + FARTHEST_TENTHS;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  const values = new Float64Array(rows);
  let at = 0;
  counts.forEach((count, tenths) => values.fill((tenths - FARTHEST_TENTHS) / TENTHS, at, (at += count)));
  return values;
}

/** Codes drawn by their shares, ascending, by inverting the distribution function. */
function drawCodes(shares: readonly number[], rows: number, random: SeededRandom): Int32Array {
  let sum = 0;
  const below = shares.map((share) => (sum += share));
  const counts = new Uint32Array(shares.length);
  for (let row = 0; row < rows; row++) {
    const at = Math.min(shares.length - 1, edgesAtMost(below, random.uniform()));
    counts[at] = (counts[at] ?? 0) + 1;
  }
  const codes = new Int32Array(rows);
  let at = 0;
  counts.forEach((count, code) => codes.fill(code, at, (at += count)));
  return codes;
}

function moved(shares: readonly number[], gainer: number): readonly number[] {
  return shares.map((share, k) => share + (k === gainer ? MOVED_SHARE : 0) - (k === 0 ? MOVED_SHARE : 0));
}

/** Shares of 0 to 29; what lies beyond has less than 1e-12. */
function poisson(mean: number): readonly number[] {
  const weights = [1];
  for (let k = 1; k < 30; k++) weights.push(((weights[k - 1] ?? 0) * mean) / k);
  return sharesOf(weights);
}

function sharesOf(weights: readonly number[]): readonly number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
