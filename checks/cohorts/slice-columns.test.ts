import { expect, it } from 'vitest';
import type { Column } from '../../serving/model/table.ts';
import { sliceColumns } from './slice-columns.ts';

const ROWS = 200;
const rows = Uint32Array.from({ length: ROWS }, (_, row) => row);
const number = (name: string, of: (row: number) => number): [string, Column] => [
  name,
  { kind: 'number', name, values: Float64Array.from(rows, of) },
];
const text = (name: string, of: (row: number) => number, dictionary: readonly string[]): [string, Column] => [
  name,
  { kind: 'category', name, codes: Int32Array.from(rows, of), dictionary },
];

const table = {
  rows: ROWS,
  columns: new Map<string, Column>([
    number('id', (row) => 1000 + row),
    number('amount', (row) => row / 7 + 0.5),
    number('flag', (row) => row % 2),
    number('constant', () => 3),
    text('region', (row) => (row % 3) - (row % 11 === 0 ? 1 + (row % 3) : 0), ['north', 'south', 'west']),
    text(
      'name',
      (row) => row,
      Array.from({ length: ROWS }, (_, row) => `person ${row}`),
    ),
    ['picture', { kind: 'list', name: 'picture', values: Array.from(rows, () => new Float64Array(2)) }],
    number('label', (row) => row % 2),
  ]),
};

it('slices are looked for in every column but identifiers, constants, lists and those that are left out; inputs first', () => {
  const found = sliceColumns(table, rows, { inputs: ['region', 'flag'], without: new Set(['label']) });
  expect(found.map(({ column }) => column)).toEqual(['region', 'flag', 'amount']);
});

it('a number is cut into quarters, a few values and categories are their own bins, as is a missing one', () => {
  const found = sliceColumns(table, rows, { inputs: [], without: new Set() });
  const binsOf = (name: string) => found.find(({ column }) => column === name);
  expect(binsOf('amount')?.labels).toHaveLength(4);
  expect(binsOf('flag')?.labels.map(({ name }) => name)).toEqual(['flag = 0', 'flag = 1']);
  expect(binsOf('region')?.labels.map(({ name }) => name)).toContain('region = missing');
  for (const { bins, labels } of found) for (const bin of bins) expect(bin).toBeLessThan(labels.length);
});
