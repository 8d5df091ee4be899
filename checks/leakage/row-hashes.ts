import type { Column, Table } from '../../serving/model/table.ts';

/**
 * A number for each row that is the same for rows with the same values in these columns, and almost surely another for others: 52 bits, so that a
 * million rows share one by chance with a probability of about one in ten thousand. Equal texts are equal whatever code they have.
 */
export function rowHashes(table: Table, columns: readonly string[]): Float64Array {
  const hashes: Hashes = {
    high: new Uint32Array(table.rows).fill(SEED),
    low: new Uint32Array(table.rows).fill(~SEED),
  };
  for (const name of columns) {
    const column = table.columns.get(name);
    if (column !== undefined) addColumn(hashes, column);
  }
  return Float64Array.from(hashes.high, (each, row) => (each & HIGH_BITS) * 2 ** 32 + (hashes.low[row] ?? 0));
}

/** Two halves of each row's hash. */
interface Hashes {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
}

const SEED = 0x811c9dc5;
const OTHER_SEED = 0x5bd1e995;
/** A double counts exactly to 2^53; 20 bits above the lower 32. */
const HIGH_BITS = 0xfffff;

function add({ high, low }: Hashes, row: number, a: number, b: number): void {
  high[row] = mixed((high[row] ?? 0) ^ a);
  low[row] = mixed((low[row] ?? 0) ^ b ^ OTHER_SEED);
}

/** The finaliser of MurmurHash3: every bit of the input reaches every bit of the output. */
function mixed(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** One pass a column, without an object a value: thirty columns of a million rows are thirty million values. */
function addColumn(hashes: Hashes, column: Column): void {
  switch (column.kind) {
    case 'number':
      addNumbers(hashes, column.values);
      break;
    case 'integer':
      column.values.forEach((value, row) => {
        const [a, b] = column.missing[row] === 1 ? MISSING : textHash(String(value));
        add(hashes, row, a, b);
      });
      break;
    case 'category': {
      const texts = column.dictionary.map(textHash);
      for (let row = 0; row < column.codes.length; row++) {
        const [a, b] = texts[column.codes[row] ?? -1] ?? MISSING;
        add(hashes, row, a, b);
      }
      break;
    }
    case 'list':
      column.values.forEach((list, row) => {
        const own: Hashes = { high: Uint32Array.of(SEED), low: Uint32Array.of(list?.length ?? -1) };
        for (const value of list ?? []) addNumbers(own, Float64Array.of(value));
        add(hashes, row, own.high[0] ?? 0, own.low[0] ?? 0);
      });
      break;
  }
}

type Pair = readonly [number, number];
const MISSING: Pair = [0, 0];
/** Every missing number alike, and both zeros: their bits differ and their value does not. */
const NAN_BITS = 0x7ff80000;

function addNumbers(hashes: Hashes, values: Float64Array): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
  for (let row = 0; row < values.length; row++) {
    const value = values[row] ?? NaN;
    if (value === 0) add(hashes, row, 0, 0);
    else if (Number.isNaN(value)) add(hashes, row, NAN_BITS, 0);
    else add(hashes, row, bits[2 * row + 1] ?? 0, bits[2 * row] ?? 0);
  }
}

function textHash(text: string): Pair {
  let [a, b] = [SEED, ~SEED];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = mixed(a ^ unit);
    b = mixed(b + unit);
  }
  return [a, b];
}
