import type { CategoryColumn, Column, IntegerColumn, NumberColumn, Table } from '../../serving/model/table.ts';

/** Rows of one table below those of another, with the columns `names` alone. Throws where a column is missing or is of another kind on both sides. */
export function joinRows(first: Table, second: Table, names: readonly string[]): Table {
  const columns = new Map(
    names.map((name): [string, Column] => {
      const above = first.columns.get(name);
      const below = second.columns.get(name);
      if (above === undefined || below === undefined)
        throw new Error(`column "${name}" is not there on ${above === undefined ? 'one side' : 'the other side'}`);
      return [name, joinColumns(above, below)];
    }),
  );
  return { rows: first.rows + second.rows, columns };
}

function joinColumns(above: Column, below: Column): Column {
  if (above.kind === 'number' && below.kind === 'number')
    return { ...above, values: Float64Array.from([...above.values, ...below.values]) };
  if (above.kind === 'list' && below.kind === 'list') return { ...above, values: [...above.values, ...below.values] };
  if (above.kind === 'category' && below.kind === 'category') return joinCategories(above, below);
  if (isWhole(above) && isWhole(below)) {
    const [a, b] = [integersOf(above), integersOf(below)];
    return {
      kind: 'integer',
      name: above.name,
      values: BigInt64Array.from([...a.values, ...b.values]),
      missing: Uint8Array.from([...a.missing, ...b.missing]),
    };
  }
  throw new Error(`column "${above.name}" holds ${above.kind} values in some rows and ${below.kind} values in others`);
}

function joinCategories(above: CategoryColumn, below: CategoryColumn): CategoryColumn {
  const dictionary = [...above.dictionary];
  const codeOf = new Map(dictionary.map((value, code) => [value, code]));
  const translated = below.dictionary.map((value) => {
    const known = codeOf.get(value);
    if (known !== undefined) return known;
    codeOf.set(value, dictionary.length);
    return dictionary.push(value) - 1;
  });
  const codes = Int32Array.from(below.codes, (code) => translated[code] ?? -1);
  return { ...above, dictionary, codes: Int32Array.from([...above.codes, ...codes]) };
}

function isWhole(column: Column): column is NumberColumn | IntegerColumn {
  if (column.kind === 'integer') return true;
  return column.kind === 'number' && column.values.every((value) => Number.isNaN(value) || Number.isSafeInteger(value));
}

function integersOf(column: NumberColumn | IntegerColumn): Pick<IntegerColumn, 'values' | 'missing'> {
  if (column.kind === 'integer') return column;
  return {
    values: BigInt64Array.from(column.values, (value) => (Number.isNaN(value) ? 0n : BigInt(value))),
    missing: Uint8Array.from(column.values, (value) => (Number.isNaN(value) ? 1 : 0)),
  };
}
