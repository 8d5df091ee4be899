import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Column } from '../../serving/model/table.ts';
import { bytesSource } from './byte-source.ts';
import { openCsv } from './csv-file.ts';
import { tableProblemText } from './read-table.ts';

async function columnsOf(text: string, options: { keepBytes?: number; blockBytes?: number } = {}) {
  const file = await openCsv(bytesSource(Buffer.from(text)), { types: new Map(), ...options });
  if ('kind' in file) throw new Error(tableProblemText('data.csv', file.problems[0] ?? { reason: 'refused' }));
  const columns: Column[] = [];
  for await (const column of file.columns(file.names)) columns.push(column);
  return columns;
}

const textOf = (column: Column, row: number) =>
  column.kind === 'category' ? (column.dictionary[column.codes[row] ?? -1] ?? '') : '';

describe('numbers of a CSV', () => {
  const decimal = fc
    .tuple(
      fc.constantFrom('', '-', '+'),
      fc.stringMatching(/^\d{0,24}$/),
      fc.option(fc.stringMatching(/^\d{0,26}$/), { nil: undefined }),
      fc.option(fc.integer({ min: -330, max: 310 }), { nil: undefined }),
    )
    .filter(([, whole, rest]) => whole.length + (rest?.length ?? 0) > 0)
    .map(
      ([sign, whole, rest, exponent]) =>
        `${sign}${whole}${rest === undefined ? '' : `.${rest}`}${exponent === undefined ? '' : `e${exponent}`}`,
    );
  const written = fc.oneof(
    decimal,
    fc.double({ noNaN: true }).map(String),
    fc.integer().map(String),
    fc
      .tuple(fc.integer(), fc.integer({ min: 0, max: 25 }))
      .map(([digits, places]) => (digits / 10 ** places).toFixed(places)),
    fc.constantFrom(
      '9007199254740993',
      '9007199254740991.0',
      '0.1',
      '-0',
      '-0.0',
      '1.',
      '.5',
      '5e-324',
      'Infinity',
      '0.30000000000000004',
    ),
  );

  test('are the doubles that Number gives, bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(written, { minLength: 1, maxLength: 60 }), async (cells) => {
        const [column] = await columnsOf(`x,y\n${cells.map((cell) => `${cell},1\n`).join('')}`);
        expect(column?.kind === 'number' ? column.values : undefined).toEqual(Float64Array.from(cells, Number));
      }),
      { numRuns: 500 },
    );
  });
});

describe('cells of a CSV', () => {
  const cell = fc.oneof(
    fc.constantFrom('', 'a', 'b', '1', '-2.5', 'x,y', 'say "so"', 'two\nlines', 'two\r\nlines', 'ö', '日本', ' ', '\t'),
    fc.string({ maxLength: 5 }).map((text) => text.replaceAll('\u0000', '')),
  );
  const quoted = (text: string, always: boolean) =>
    always || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const file = fc.record({
    rows: fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 30 }),
    quotes: fc.boolean(),
    lineEnd: fc.constantFrom('\n', '\r\n'),
    mark: fc.constantFrom('', '\uFEFF'),
    ends: fc.boolean(),
    blockBytes: fc.constantFrom(4, 7, 4096),
    keepBytes: fc.constantFrom(0, 100, Infinity),
  });

  test('are what csv-parse reads, whatever the quotes, line ends and blocks', async () => {
    await fc.assert(
      fc.asyncProperty(file, async ({ rows, quotes, lineEnd, mark, ends, blockBytes, keepBytes }) => {
        // A first row of words makes every column one of texts.
        const lines = [['a', 'b', 'c'], ['word', 'word', 'word'], ...rows].map((row) =>
          row.map((text) => quoted(text, quotes)).join(','),
        );
        const text = `${mark}${lines.join(lineEnd)}${ends ? lineEnd : ''}`;
        const expected: string[][] = parse(text, { bom: true, skip_empty_lines: true }).slice(1);
        const columns = await columnsOf(text, { blockBytes, keepBytes });
        expect(expected.map((_, row) => columns.map((column) => textOf(column, row)))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test('a column that does not fit is read again, and comes out the same', async () => {
    const text = `n,t,late,m\n${Array.from({ length: 500 }, (_, i) => `${i},w${i % 7},${i < 400 ? i : 'x'},${-i}\n`).join('')}`;
    const whole = await columnsOf(text);
    expect(await columnsOf(text, { keepBytes: 0 })).toEqual(whole);
    expect(whole.map(({ kind }) => kind)).toEqual(['number', 'category', 'category', 'number']);
  });
});
