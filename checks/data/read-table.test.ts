import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { tensorsOf } from '../../serving/model/feeds.ts';
import { scoreMappingOf, scoresOf } from '../../serving/model/score.ts';
import { openSession } from '../../serving/model/session.ts';
import { signatureOf } from '../../serving/model/signature.ts';
import type { Table } from '../../serving/model/table.ts';
import { readTable, tableProblemText, type TableOptions } from './read-table.ts';

async function read(text: string | Uint8Array, options: Partial<TableOptions> = {}) {
  return readTable(typeof text === 'string' ? Buffer.from(text) : text, { name: 'data.csv', ...options });
}
async function tableOf(text: string | Uint8Array, options: Partial<TableOptions> = {}): Promise<Table> {
  const result = await read(text, options);
  if (result.kind === 'refused') throw new Error(tableProblemText('data.csv', result.problems[0] ?? { reason: '' }));
  return result.table;
}
async function refusalsOf(text: string | Uint8Array, options: Partial<TableOptions> = {}): Promise<readonly string[]> {
  const result = await read(text, options);
  return result.kind === 'refused' ? result.problems.map((problem) => tableProblemText('data.csv', problem)) : [];
}

describe('a CSV file', () => {
  it('gives number columns where every cell is a number, category columns elsewhere', async () => {
    const table = await tableOf('a,b,c\n1,x,2.5\n-3e2,,\n');
    expect(table.columns.get('a')).toEqual({ kind: 'number', name: 'a', values: Float64Array.of(1, -300) });
    expect(table.columns.get('b')).toEqual({
      kind: 'category',
      name: 'b',
      codes: Int32Array.of(0, -1),
      dictionary: ['x'],
    });
    expect(table.columns.get('c')).toEqual({ kind: 'number', name: 'c', values: Float64Array.of(2.5, NaN) });
  });

  it('is read again when a text comes after numbers, and loses none of them', async () => {
    const table = await tableOf('a\n1\n02\nthree\n');
    expect(table.columns.get('a')).toMatchObject({ kind: 'category', dictionary: ['1', '02', 'three'] });
  });

  it('keeps integers beyond 2^53 exactly when they are wanted as integers', async () => {
    const table = await tableOf('id\n9007199254740993\n\n-1\n', { types: new Map([['id', 'integer']]) });
    expect(table.columns.get('id')).toMatchObject({
      kind: 'integer',
      values: BigInt64Array.of(9007199254740993n, -1n),
    });
  });

  it('names row, line and column of a cell that is not what its type says, also after a cell of several lines', async () => {
    expect(await refusalsOf('a,b\n"x\ny",1\nz,0x10\n', { types: new Map([['b', 'number']]) })).toEqual([
      'data.csv, row 2 (line 4), column "b": found "0x10", expected a number',
    ]);
  });

  it('is refused when it has two columns of one name, another separator, an open quote, or bytes that are not UTF-8', async () => {
    expect(await refusalsOf('a,a\n1,2\n')).toEqual(['data.csv, line 1, column "a": two columns of one name']);
    expect(await refusalsOf('a;b\n1;2\n')).toEqual([
      'data.csv, line 1: one column named "a;b": the separator must be a comma',
    ]);
    expect((await refusalsOf('a,b\n1,"2\n'))[0]).toContain('a quoted cell is never closed');
    expect((await refusalsOf(Uint8Array.of(97, 10, 0xff, 0xfe)))[0]).toContain('not UTF-8 text');
  });

  it('is refused when it is a Git LFS pointer', async () => {
    expect(await refusalsOf('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n')).toEqual([
      'data.csv: this is a Git LFS pointer, not the data it points to',
    ]);
  });
});

describe('a Parquet file', () => {
  it('keeps its own types: integers, text, booleans, lists and gaps', async () => {
    const bytes = new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          { name: 'n', data: [1.5, null, 3], type: 'DOUBLE' },
          { name: 'big', data: [9007199254740993n, 1n, -1n], type: 'INT64' },
          { name: 'small', data: [1n, 2n, 3n], type: 'INT64' },
          { name: 'text', data: ['b', null, 'b'], type: 'STRING' },
          { name: 'flag', data: [true, false, true], type: 'BOOLEAN' },
        ],
      }),
    );
    const table = await tableOf(bytes);
    expect(table.columns.get('n')).toMatchObject({ kind: 'number', values: Float64Array.of(1.5, NaN, 3) });
    expect(table.columns.get('big')).toMatchObject({
      kind: 'integer',
      values: BigInt64Array.of(9007199254740993n, 1n, -1n),
    });
    expect(table.columns.get('small')).toMatchObject({ kind: 'number', values: Float64Array.of(1, 2, 3) });
    expect(table.columns.get('text')).toMatchObject({
      kind: 'category',
      codes: Int32Array.of(0, -1, 0),
      dictionary: ['b'],
    });
    expect(table.columns.get('flag')).toMatchObject({ kind: 'number', values: Float64Array.of(1, 0, 1) });
  });

  it('that is cut short is refused, not thrown', async () => {
    const bytes = new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'n', data: [1, 2], type: 'DOUBLE' }] }));
    expect((await refusalsOf(bytes.subarray(0, bytes.length - 6)))[0]).toContain('not a readable Parquet file');
  });
});

const shared = new URL('../../../shared/data/', import.meta.url);
const adult = new URL('adult/', shared);

describe.skipIf(!existsSync(adult))('the awkward files of adult', () => {
  interface Expected {
    readonly scores_sha256_f32le?: string;
  }
  const folder = new URL('awkward_data/', adult);
  const expected: Readonly<Record<string, Expected>> = existsSync(adult)
    ? JSON.parse(readFileSync(new URL('awkward_data.json', folder), 'utf8'))
    : {};
  const refused: Readonly<Record<string, RegExp>> = {
    'missing_column.csv': /^missing_column.csv, column "age": no such column; the file has "row_id"/,
    'text_in_number.csv': /^text_in_number.csv, row 8 \(line 9\), column "age": found "forty", expected a number$/,
    'ragged_row.csv': /^ragged_row.csv, row 10 \(line 11\): 16 cells, but the header names 15 columns$/,
    'header_only.csv': /^header_only.csv: a header and no rows$/,
    'empty.csv': /^empty.csv: the file is empty/,
  };

  async function readAwkward(file: string) {
    const types = new Map([['age', 'number' as const]]);
    return readTable(readFileSync(new URL(file, folder)), { name: file, types, required: ['age', 'workclass'] });
  }

  it.each(Object.entries(refused))('%s is refused where it is wrong', async (file, message) => {
    const result = await readAwkward(file);
    const [problem] = result.kind === 'refused' ? result.problems : [];
    expect(tableProblemText(file, problem ?? { reason: 'accepted' })).toMatch(message);
  });

  it('gives the published scores, bit for bit, for every file that says the same', async () => {
    const session = await openSession({ model: readFileSync(new URL('models/v2_better.onnx', adult)) });
    const { signature } = signatureOf({ inputs: [], columns: {} }, session.inputs);
    const told = scoreMappingOf({}, session.outputs);
    if (told.kind === 'problem') throw new Error(told.problem.reason);
    const files = Object.entries(expected).filter(([, { scores_sha256_f32le }]) => scores_sha256_f32le !== undefined);
    expect(files.length).toBe(7);
    for (const [file, { scores_sha256_f32le }] of files) {
      const result = await readAwkward(file);
      if (result.kind === 'refused') throw new Error(`${file}: ${JSON.stringify(result.problems)}`);
      const feeds = tensorsOf(signature, result.table);
      if (feeds.kind === 'refused') throw new Error(`${file}: ${JSON.stringify(feeds.problems)}`);
      const { scores } = scoresOf(told.mapping, await session.run(feeds.feeds), result.table.rows);
      const digest = createHash('sha256')
        .update(Buffer.from(Float32Array.from(scores).buffer))
        .digest('hex');
      expect([file, digest]).toEqual([file, scores_sha256_f32le]);
    }
    await session.close();
  });

  it('an empty cell is a missing value, and a value never seen is just another category', async () => {
    const gap = await readAwkward('empty_cell.csv');
    const unseen = await readAwkward('unseen_category.csv');
    if (gap.kind === 'refused' || unseen.kind === 'refused') throw new Error('refused');
    const age = gap.table.columns.get('age');
    expect(age?.kind === 'number' ? age.values[7] : undefined).toBeNaN();
    const occupation = unseen.table.columns.get('occupation');
    expect(occupation?.kind === 'category' ? occupation.dictionary[occupation.codes[3] ?? -1] : undefined).toBe(
      'Astronaut',
    );
  });

  it.each(['adult', 'bike', 'loans'])('%s: every Parquet file holds the same columns as its CSV', async (set) => {
    const data = new URL(`${set}/data/`, shared);
    for (const file of readdirSync(data).filter((name) => name.endsWith('.csv'))) {
      const csv = await readTable(readFileSync(new URL(file, data)), { name: file });
      const parquet = await readTable(readFileSync(new URL(file.replace('.csv', '.parquet'), data)), { name: file });
      expect([file, csv]).toEqual([file, parquet]);
    }
  });
});
