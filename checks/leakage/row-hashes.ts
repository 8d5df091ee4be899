import type { Column, Table } from '../../serving/model/table.ts';

/**
 * A number for each row that is the same for rows with the same values in these columns, and almost surely another for others: 52 bits, so that a
 * million rows share one by chance with a probability of about one in ten thousand. Equal texts are equal whatever code they have.
 */
export function rowHashes(table: Table, columns: readonly string[]): Float64Array {
  const high = new Uint32Array(table.rows).fill(SEED);
  const low = new Uint32Array(table.rows).fill(~SEED);
  for (const name of columns) {
    const column = table.columns.get(name);
    if (column === undefined) continue;
    const hashOf = valueHash(column);
    for (let row = 0; row < table.rows; row++) {
      const [a, b] = hashOf(row);
      high[row] = mixed((high[row] ?? 0) ^ a);
      low[row] = mixed((low[row] ?? 0) ^ b ^ 0x5bd1e995);
    }
  }
  return Float64Array.from(high, (each, row) => (each & HIGH_BITS) * 2 ** 32 + (low[row] ?? 0));
}

const SEED = 0x811c9dc5;
/** A double counts exactly to 2^53; 20 bits above the lower 32. */
const HIGH_BITS = 0xfffff;

/** The finaliser of MurmurHash3: every bit of the input reaches every bit of the output. */
function mixed(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

type Pair = readonly [number, number];

function valueHash(column: Column): (row: number) => Pair {
  const view = new DataView(new ArrayBuffer(8));
  const ofNumber = (value: number): Pair => {
    // Both zeros are the same value.
    view.setFloat64(0, value === 0 ? 0 : value);
    return [view.getUint32(0), view.getUint32(4)];
  };
  switch (column.kind) {
    case 'number':
      return (row) => ofNumber(column.values[row] ?? NaN);
    case 'integer':
      return (row) => (column.missing[row] === 1 ? ofNumber(NaN) : textHash(String(column.values[row])));
    case 'category': {
      const hashes = column.dictionary.map(textHash);
      return (row) => hashes[column.codes[row] ?? -1] ?? [0, 0];
    }
    case 'list':
      return (row) => {
        let pair: Pair = [0, 0];
        for (const value of column.values[row] ?? []) {
          const [a, b] = ofNumber(value);
          pair = [mixed(pair[0] ^ a), mixed(pair[1] ^ b)];
        }
        return pair;
      };
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
