import type { CategoryColumn, Column, NumberColumn } from '../../serving/model/table.ts';
import type { ColumnSource } from '../data/column-source.ts';
import type { CategoryProfile, ColumnProfile, NumberProfile, Profile } from './profile.ts';

/**
 * A profile as if its rows were there: each column with as many values as the reference had, in order, those between two knots spread evenly.
 * Rank statistics are then off by at most the profile's `error`; counts by bin and by category are exact. Which value belongs to which row is
 * known of the sample alone.
 */
export function profileSource(profile: Profile): ColumnSource {
  const columns = new Map(profile.columns.map((column) => [column.name, column]));
  return {
    rows: profile.rows,
    names: profile.columns.map(({ name }) => name),
    columns: async function* (names) {
      for (const name of names) {
        const column = await Promise.resolve(columns.get(name));
        if (column === undefined) throw new Error(`the profile has no column "${name}"`);
        const sample = sampleColumn(column, profile.sample[name] ?? []);
        yield { kind: 'column', column: rowsOf(column), sample };
      }
    },
  };
}

function rowsOf(column: ColumnProfile): Column {
  return column.type === 'number' ? numberRows(column) : categoryRows(column);
}

function numberRows({ name, missing, knots }: NumberProfile): NumberColumn {
  const known = knots.atMost.at(-1) ?? 0;
  const values = new Float64Array(known + missing).fill(NaN, known);
  let filled = 0;
  knots.values.forEach((value, k) => {
    const [below, end, before] = [knots.below[k] ?? 0, knots.atMost[k] ?? 0, knots.values[k - 1] ?? value];
    const steps = below - filled + 1;
    for (let i = 1; i < steps; i++) values[filled + i - 1] = before + ((value - before) * i) / steps;
    values.fill(value, below, end);
    filled = end;
  });
  return { kind: 'number', name, values };
}

function categoryRows({ name, missing, values, counts }: CategoryProfile): CategoryColumn {
  const known = counts.reduce((sum, count) => sum + count, 0);
  const codes = new Int32Array(known + missing).fill(-1, known);
  let filled = 0;
  counts.forEach((count, code) => {
    codes.fill(code, filled, filled + count);
    filled += count;
  });
  return { kind: 'category', name, codes, dictionary: values };
}

function sampleColumn({ type, name }: ColumnProfile, cells: readonly (number | string | null)[]): Column {
  if (type === 'number')
    return {
      kind: 'number',
      name,
      values: Float64Array.from(cells, (cell) => (typeof cell === 'number' ? cell : NaN)),
    };
  const dictionary = [...new Set(cells.filter((cell) => typeof cell === 'string'))];
  const codes = new Map(dictionary.map((text, code) => [text, code]));
  const codeOf = (cell: number | string | null) => (typeof cell === 'string' ? (codes.get(cell) ?? -1) : -1);
  return { kind: 'category', name, codes: Int32Array.from(cells, codeOf), dictionary };
}
