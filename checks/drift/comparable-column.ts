import type { Column } from '../../serving/model/table.ts';

/** One column of both sides in one form: numbers (NaN is missing), or codes of a common dictionary (−1 is missing). */
export type ComparableColumn =
  | { readonly kind: 'number'; readonly reference: Float64Array; readonly window: Float64Array }
  | {
      readonly kind: 'category';
      readonly dictionary: readonly string[];
      readonly reference: Int32Array;
      readonly window: Int32Array;
    };

/** Undefined for a list: a tensor has no distribution that a table shows. Number against text compares as text. */
export function comparableColumn(reference: Column, window: Column): ComparableColumn | undefined {
  if (reference.kind === 'list' || window.kind === 'list') return undefined;
  if (reference.kind !== 'category' && window.kind !== 'category') {
    return { kind: 'number', reference: numbersOf(reference), window: numbersOf(window) };
  }
  const codes = new Map<string, number>();
  const codeOf = (text: string | undefined) => {
    if (text === undefined) return MISSING;
    const known = codes.get(text);
    if (known !== undefined) return known;
    codes.set(text, codes.size);
    return codes.size - 1;
  };
  const [first, second] = [coded(reference, codeOf), coded(window, codeOf)];
  return { kind: 'category', dictionary: [...codes.keys()], reference: first, window: second };
}

const MISSING = -1;

/** Each text is looked up once, however many rows show it. */
function coded(column: Exclude<Column, { kind: 'list' }>, codeOf: (text: string | undefined) => number): Int32Array {
  if (column.kind !== 'category')
    return Int32Array.from({ length: column.values.length }, (_, row) => codeOf(textAt(column, row)));
  const common = Int32Array.from(column.dictionary, codeOf);
  const out = new Int32Array(column.codes.length);
  for (let row = 0; row < out.length; row++) {
    const code = column.codes[row] ?? MISSING;
    out[row] = code < 0 ? MISSING : (common[code] ?? MISSING);
  }
  return out;
}

/** A number column's values as doubles; a 64-bit integer's nearest. */
export function numbersOf(column: Exclude<Column, { kind: 'category' | 'list' }>): Float64Array {
  if (column.kind === 'number') return column.values;
  return Float64Array.from(column.values, (value, row) => (column.missing[row] === 1 ? NaN : Number(value)));
}

/** A cell as text; undefined where it is missing. */
export function textAt(column: Exclude<Column, { kind: 'list' }>, row: number): string | undefined {
  switch (column.kind) {
    case 'category':
      return column.dictionary[column.codes[row] ?? -1];
    case 'integer':
      return column.missing[row] === 1 ? undefined : String(column.values[row]);
    case 'number': {
      const value = column.values[row] ?? NaN;
      return Number.isNaN(value) ? undefined : String(value);
    }
  }
}
