import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { openDataFile } from './data-file.ts';
import { readTable, tableProblemText } from './read-table.ts';

const bytesOf = (text: string) => Buffer.from(text, 'utf8');
const rows = (count: number, of: (row: number) => string) =>
  Array.from({ length: count }, (_, row) => of(row)).join('');

const parquet = Buffer.from(
  parquetWriteBuffer({
    columnData: [
      { name: 'n', data: Float64Array.from({ length: 500 }, (_, i) => Math.sin(i)), type: 'DOUBLE' },
      { name: 't', data: Array.from({ length: 500 }, (_, i) => `text ${i % 7}`), type: 'STRING' },
    ],
    codec: 'UNCOMPRESSED',
  }),
);
const twice = Buffer.from(
  parquetWriteBuffer({
    columnData: [
      { name: 'n', data: [1, 2], type: 'DOUBLE' },
      { name: 'n', data: [1, 2], type: 'DOUBLE' },
    ],
  }),
);
const none = Buffer.from(parquetWriteBuffer({ columnData: [{ name: 'n', data: [], type: 'DOUBLE' }] }));

/** A file with the text of one page spoiled: a length that leads beyond it. */
function spoiled(file: Buffer, text: string): Buffer {
  const copy = Buffer.from(file);
  const at = copy.indexOf(text);
  copy.writeUInt32LE(0x7fff_ffff, at - 4);
  return copy;
}
function withFooterLength(file: Buffer, length: number): Buffer {
  const copy = Buffer.from(file);
  copy.writeUInt32LE(length, copy.length - 8);
  return copy;
}

/** What is wrong, the file, and where it says so. */
const malformed: readonly (readonly [what: string, bytes: Buffer, says: RegExp, name?: string])[] = [
  ['empty', Buffer.alloc(0), /^data: the file is empty \(0 bytes\), expected a header and rows$/],
  ['a byte order mark and nothing', bytesOf('\uFEFF'), /^data: no header line$/],
  ['empty lines alone', bytesOf('\n\r\n\n'), /^data: no header line$/],
  ['a header alone', bytesOf('a,b\n'), /^data: a header and no rows$/],
  ['duplicate columns', bytesOf('a,b,a\n1,2,3\n'), /^data, line 1, column "a": two columns of one name$/],
  ['too few cells', bytesOf('a,b\n1,2\n3\n'), /^data, row 2 \(line 3\): 1 cells, but the header names 2 columns$/],
  ['too many cells', bytesOf('a,b\n1,2\n3,4,5\n'), /^data, row 2 \(line 3\): 3 cells, but the header names 2 columns$/],
  ['another separator', bytesOf('a;b\n1;2\n'), /^data, line 1: one column named "a;b": the separator must be a comma$/],
  [
    'an unclosed quote',
    bytesOf('a,b\n1,x\n2,"y\n3,z\n'),
    /^data, row 2 \(line 3\), column "b": a quoted cell is never closed$/,
  ],
  [
    'a quote inside a cell',
    bytesOf('a,b\n1,x"y\n'),
    /^data, row 1 \(line 2\), column "b": a quote stands inside a cell that is not quoted$/,
  ],
  [
    'text after a quote',
    bytesOf('a,b\n1,"x"y\n'),
    /^data, row 1 \(line 2\), column "b": a quote closes before its cell ends/,
  ],
  ['a NUL byte', bytesOf('a,b\n1,x\n2,\u0000\n'), /^data, row 2 \(line 3\), column "b": a NUL byte: this is not text$/],
  ['a NUL byte in quotes', bytesOf('a,b\n"\u0000",x\n'), /^data, row 1 \(line 2\), column "a": a NUL byte/],
  ['a NUL byte among numbers', bytesOf('a,b\n1,1\n2,1\u0000\n'), /^data, row 2 \(line 3\), column "b": a NUL byte/],
  ['lone carriage returns', bytesOf('a,b\r1,2\r'), /^data, line 1: a carriage return without a line feed/],
  [
    'a lone carriage return',
    bytesOf('a,b\n1,2\r3,4\n'),
    /^data, row 1 \(line 2\), column "b": a carriage return without a line feed/,
  ],
  ['Latin-1', Buffer.from('a,b\n1,x\n2,caf\u00e9\n', 'latin1'), /^data, row 2 \(line 3\), column "b": not UTF-8 text/],
  ['Latin-1 in the header', Buffer.from('a,\u00e9\n1,x\n', 'latin1'), /^data, line 1: not UTF-8 text/],
  ['UTF-16', Buffer.from('\uFEFFa,b\n1,2\n', 'utf16le'), /^data: not UTF-8 text \(UTF-16\): write the file as UTF-8$/],
  ['gzip', gzipSync('a,b\n1,2\n'), /^data: a gzip file: unpack it, or write Parquet$/],
  ['zip', Buffer.from('PK\u0003\u0004rest'), /^data: a ZIP archive \(an .xlsx workbook is one\)/],
  ['a Git LFS pointer', bytesOf('version https://git-lfs.github.com/spec/v1\n'), /^data: this is a Git LFS pointer/],
  [
    'text called Parquet',
    bytesOf('a,b\n1,2\n'),
    /^data.parquet: not a Parquet file: it does not start with PAR1$/,
    'data.parquet',
  ],
  ['four bytes of Parquet', Buffer.from('PAR1'), /^data: not a readable Parquet file: its footer cannot be read: /],
  [
    'Parquet without its footer',
    parquet.subarray(0, parquet.length - 6),
    /^data: not a readable Parquet file: its footer cannot be read: /,
  ],
  [
    'half a Parquet file',
    parquet.subarray(0, parquet.length / 2),
    /^data: not a readable Parquet file: its footer cannot be read: /,
  ],
  [
    'a footer longer than the file',
    withFooterLength(parquet, 1_000_000),
    /^data: not a readable Parquet file: its footer cannot be read: /,
  ],
  [
    'a footer of almost 4 GB',
    withFooterLength(parquet, 0xffff_fff0),
    /^data: not a readable Parquet file: its footer cannot be read: /,
  ],
  ['a spoiled page', spoiled(parquet, 'text 0'), /^data, column "t": not a readable Parquet file: /],
  ['Parquet with duplicate columns', twice, /^data, column "n": two columns of one name$/],
  ['Parquet without rows', none, /^data: a schema and no rows$/],
];

describe('a file that is', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-malformed-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  for (const [what, bytes, says, name = 'data'] of malformed) {
    test(`${what} is refused, from bytes and from a file, and says where`, async () => {
      const read = await readTable(bytes, { name });
      const problems = read.kind === 'refused' ? read.problems : [{ reason: 'accepted' }];
      expect(tableProblemText(name, problems[0] ?? { reason: '' })).toMatch(says);
      const file = join(folder, 'data');
      await writeFile(file, bytes);
      expect(await firstProblem(file, name)).toMatch(says);
    });
  }

  test('a folder or is not there cannot be opened, which says its name', async () => {
    await expect(openDataFile(folder, { name: 'data' })).rejects.toThrow(`${folder} cannot be read`);
    await expect(openDataFile(join(folder, 'nowhere'), { name: 'data' })).rejects.toThrow('nowhere cannot be read');
  });

  it('a wrong type names each of the first twenty rows', async () => {
    const read = await readTable(bytesOf(`a\n${rows(100, () => 'x\n')}`), {
      name: 'data',
      types: new Map([['a', 'number']]),
    });
    expect(read.kind === 'refused' ? read.problems.length : 0).toBe(20);
    expect(read.kind === 'refused' ? read.problems[19] : undefined).toEqual({
      row: 20,
      line: 21,
      column: 'a',
      reason: 'found "x", expected a number',
    });
  });

  it('an absurdly long line is refused without reading on for ever', async () => {
    const long = Buffer.alloc(130 * 2 ** 20, 'x');
    long.write('a,b\n');
    const read = await readTable(long, { name: 'data' });
    expect(read.kind === 'refused' ? read.problems[0]?.reason : '').toMatch(
      /^no record ends within 64 MB: a quote was left open/,
    );
    expect(read.kind === 'refused' ? read.problems[0] : undefined).toMatchObject({ row: 1, line: 2 });
  });

  it('Parquet with any bytes changed is a table or a refusal, never a throw', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(parquet.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (changes) => {
          const copy = Buffer.from(parquet);
          for (const [at, byte] of changes) copy[at] = byte;
          expect(['table', 'refused']).toContain((await readTable(copy, { name: 'data' })).kind);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('any bytes at all are a table or a refusal, never a throw', async () => {
    const byte = fc.oneof(fc.constantFrom(...Buffer.from('a1,"\n\r\u0000.-é')), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(byte, { maxLength: 80 }), async (bytes) => {
        expect(['table', 'refused']).toContain((await readTable(Uint8Array.from(bytes), { name: 'data' })).kind);
      }),
      { numRuns: 1000 },
    );
  });
});

async function firstProblem(file: string, name: string): Promise<string> {
  const opened = await openDataFile(file, { name });
  if ('kind' in opened) return tableProblemText(name, opened.problems[0] ?? { reason: 'no reason' });
  try {
    for await (const read of opened.columns(opened.names))
      if (read.kind === 'problem') return tableProblemText(name, read.problem);
    return 'accepted';
  } finally {
    await opened.close();
  }
}

describe('a file that is only unusual is read', () => {
  test.each([
    ['a byte order mark and CRLF', '\uFEFFa,b\r\n1,x\r\n2,y\r\n'],
    ['no line end at its end', 'a,b\n1,x\n2,y'],
    ['empty lines between', 'a,b\n\n1,x\n\r\n2,y\n\n'],
    ['quotes wherever they may be', '"a","b"\n"1","x"\n"2","y"\n'],
  ])('with %s', async (_, text) => {
    const read = await readTable(bytesOf(text), { name: 'data' });
    expect(read).toMatchObject({
      kind: 'table',
      table: {
        rows: 2,
        columns: new Map<string, unknown>([
          ['a', { kind: 'number', name: 'a', values: Float64Array.of(1, 2) }],
          ['b', { kind: 'category', name: 'b', codes: Int32Array.of(0, 1), dictionary: ['x', 'y'] }],
        ]),
      },
    });
  });

  it('constant and all-missing columns are columns', async () => {
    const read = await readTable(bytesOf('a,b,c\n1,,x\n1,,x\n'), { name: 'data' });
    expect(read.kind === 'table' ? read.table.columns.get('b') : undefined).toMatchObject({
      values: Float64Array.of(NaN, NaN),
    });
  });
});

const awkward = new URL('../../../shared/data/adult/awkward_data/', import.meta.url);

describe.skipIf(!existsSync(awkward))('each awkward file of adult', () => {
  it('read block by block gives what it gives whole', async () => {
    const listed: Record<string, unknown> = JSON.parse(await readFile(new URL('awkward_data.json', awkward), 'utf8'));
    const files = Object.keys(listed).filter((name) => name.endsWith('.csv'));
    expect(files.length).toBeGreaterThan(10);
    for (const name of files) {
      const file = new URL(name, awkward);
      const whole = await readTable(await readFile(file), { name });
      expect([name, await blockByBlock(file.pathname, name)]).toEqual([
        name,
        whole.kind === 'table' ? whole.table.columns : whole,
      ]);
    }
  });
});

async function blockByBlock(file: string, name: string): Promise<unknown> {
  const opened = await openDataFile(file, { name, blockBytes: 64 });
  if ('kind' in opened) return opened;
  const columns = new Map<string, unknown>();
  for await (const read of opened.columns(opened.names))
    if (read.kind === 'column') columns.set(read.column.name, read.column);
  await opened.close();
  return columns;
}
