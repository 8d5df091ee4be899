import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTable } from '../../checks/data/read-table.ts';
import { Journal, loggedBody } from '../replica/journal.ts';
import { newIdentifier } from '../replica/identifier.ts';
import type { LogEntry, LogSchema } from './entry.ts';
import { parquetOf } from './parquet-rows.ts';
import { hashKeyOf, hashOf } from './hashed-column.ts';
import { LogWriter } from './log-writer.ts';
import { type LogQuery, readLog } from './read-log.ts';

const AT = Date.parse('2026-11-21T10:00:00Z');
const DAY_MS = 86_400_000;

const schema: LogSchema = {
  model: 'income',
  version: '1.0.0',
  revision: 'sha256:aa',
  digest: 'sha256:bb',
  columns: [
    { name: 'age', type: 'number' },
    { name: 'sector', type: 'category' },
    { name: 'account', type: 'integer' },
    { name: 'member', type: 'boolean' },
    { name: 'pixels', type: 'list' },
  ],
  inputs: [
    { name: 'features', datatype: 'FP32', columns: ['age', 'hours'], rowShape: [2], list: false },
    { name: 'sector', datatype: 'BYTES', columns: ['sector'], rowShape: [1], list: false },
    { name: 'pixels', datatype: 'FP32', columns: ['pixels'], rowShape: [2, 2], list: true },
  ],
  score: { task: 'binary', output: 'probabilities', index: 1, classes: [0, 1], threshold: 0.5 },
};

let folder: string;
let writer: LogWriter;
let journal: Journal;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-lake-'));
  const options = { folder: join(folder, 'log'), socket: join(folder, 'log.sock'), retentionMs: 365_000 * DAY_MS };
  writer = new LogWriter(options);
  await writer.start();
  journal = new Journal(options.socket);
  journal.describe(schema);
});
afterEach(async () => {
  await journal.close(1_000);
  await writer.stop();
  await rm(folder, { recursive: true, force: true });
});

const entryOf = (body: unknown, more: Partial<LogEntry> = {}): LogEntry => ({
  at: AT,
  id: newIdentifier(AT),
  model: schema.model,
  revision: schema.revision,
  arm: 'stable',
  status: 200,
  latencyMs: 1.5,
  protocol: 'v1',
  ...loggedBody({ text: JSON.stringify(body) }),
  rows: 1,
  scores: Float64Array.of(0.7),
  flags: [],
  ...more,
});

/** Hands entries over as a replica does, and waits until the writer has them. */
async function record(...entries: readonly LogEntry[]): Promise<void> {
  const wanted = writer.written + entries.length;
  for (const entry of entries) journal.add(entry);
  while (writer.written < wanted) await new Promise((resolve) => setImmediate(resolve));
  await writer.flush();
}

const read = (more: Partial<LogQuery> = {}) =>
  readLog({
    folder: join(folder, 'log'),
    model: 'income',
    fromMs: AT - 1000,
    toMs: AT + 1000,
    limit: 1000,
    failures: false,
    ...more,
  });

describe('the prediction log', () => {
  it('writes what callers send besides: the next revision may need it, but never what is withheld', async () => {
    journal.describe({ ...schema, withheld: ['email'] });
    await record(
      entryOf({ instances: [{ age: 30 }] }),
      entryOf({
        instances: [{ age: 31, balance: 12.5, city: 'Ulm', email: 'a@b.example', tags: [1, 2], odd: { deep: 1 } }],
      }),
      entryOf({ instances: [{ age: 32, balance: 'much', city: 'Bonn' }] }),
    );
    const { columns, values } = await read();
    const byAge = (name: string) =>
      Object.fromEntries((values.get('age') ?? []).map((age, row) => [Number(age), values.get(name)?.[row]]));
    expect(byAge('balance')).toEqual({ 30: null, 31: 12.5, 32: null });
    expect(byAge('city')).toEqual({ 30: null, 31: 'Ulm', 32: 'Bonn' });
    expect(byAge('tags')[31]).toEqual([1, 2]);
    const names = columns.map(({ name }) => name);
    expect(names).not.toContain('email');
    expect(names).not.toContain('odd');
  });

  it('keeps records as typed columns under their own names, with the answer beside them', async () => {
    const record1 = { age: 41, sector: 'west', account: '9007199254740993', member: true, pixels: [1, 2, 3, 4] };
    await record(
      entryOf(
        { instances: [record1, { ...record1, age: null, sector: null }] },
        { rows: 2, scores: Float64Array.of(0.7, 0.2) },
      ),
    );
    const { values, columns, rows } = await read();
    expect(rows).toBe(2);
    expect(Object.fromEntries(columns.map(({ name, type }) => [name, type]))).toMatchObject({
      time: 'TIMESTAMP',
      age: 'DOUBLE',
      sector: 'STRING',
      account: 'INT64',
      member: 'BOOLEAN',
      pixels: 'LIST',
      class: 'INT64',
    });
    expect(values.get('age')).toEqual([41, null]);
    expect(values.get('sector')).toEqual(['west', null]);
    expect(values.get('account')).toEqual([9_007_199_254_740_993n, 9_007_199_254_740_993n]);
    expect(values.get('member')).toEqual([true, true]);
    expect(values.get('pixels')?.[0]).toEqual([1, 2, 3, 4]);
    expect(values.get('row')).toEqual([0, 1]);
    expect(values.get('score')).toEqual([0.7, 0.2]);
    expect(values.get('class')).toEqual([1n, 0n]);
    expect(values.get('time')).toEqual([new Date(AT), new Date(AT)]);
  });

  it('takes tensors apart into the columns that they were packed from', async () => {
    const inputs = [
      {
        name: 'features',
        shape: [2, 2],
        datatype: 'FP32',
        data: [
          [41, 38],
          [22, 40],
        ],
      },
      { name: 'sector', shape: [2, 1], datatype: 'BYTES', data: ['west', 'east'] },
      { name: 'pixels', shape: [2, 2, 2], datatype: 'FP32', data: [1, 2, 3, 4, 5, 6, 7, 8] },
    ];
    await record(entryOf({ inputs }, { protocol: 'v2', rows: 2, scores: Float64Array.of(0.1, 0.9) }));
    const { values } = await read();
    expect(values.get('age')).toEqual([41, 22]);
    expect(values.get('sector')).toEqual(['west', 'east']);
    expect(values.get('pixels')).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ]);
    expect(values.get('account')).toEqual([null, null]);
  });

  it('is a window that the checks read with the columns’ own types', async () => {
    await record(
      ...[41, 22, 63].map((age) =>
        entryOf({ instances: [{ age, sector: 'west', account: 7, member: false, pixels: [1, 2, 3, 4] }] }),
      ),
    );
    const table = await readTable(parquetOf(await read()), {
      name: 'window.parquet',
      types: new Map([['member', 'boolean']]),
    });
    if (table.kind === 'refused') throw new Error(JSON.stringify(table.problems));
    const column = (name: string) => table.table.columns.get(name);
    expect(table.table.rows).toBe(3);
    expect(column('age')).toMatchObject({ kind: 'number', values: Float64Array.of(41, 22, 63) });
    expect(column('sector')).toMatchObject({ kind: 'category', dictionary: ['west'] });
    expect(column('pixels')).toMatchObject({ kind: 'list' });
    expect(column('score')).toMatchObject({ kind: 'number', values: Float64Array.of(0.7, 0.7, 0.7) });
  });

  it('keeps why a request was refused, but for a model with private columns, whose message might quote one', async () => {
    const refused = { status: 400, rows: 0, flags: ['instances: row 0, column "email": found "ana@example.org"'] };
    await record(entryOf({ instances: [{}] }, refused));
    expect((await read({ failures: true })).values.get('flags')).toEqual(refused.flags);
    journal.describe({ ...schema, revision: 'sha256:cc', withheld: ['email'] });
    await record(entryOf({ instances: [{}] }, { ...refused, revision: 'sha256:cc' }));
    expect((await read({ failures: true, arm: 'sha256:cc' })).values.get('flags')).toEqual([
      expect.not.stringContaining('ana@example.org'),
    ]);
  });

  it('never holds a column that the manifest calls private', async () => {
    journal.describe({ ...schema, withheld: ['email'] });
    await record(entryOf({ instances: [{ age: 41, email: 'ana@example.org' }] }));
    const { columns } = await read();
    expect(columns.map(({ name }) => name)).not.toContain('email');
  });

  it('holds a private column as a keyed hash where the manifest says so, the same however the request came', async () => {
    const hashed = { ...schema, revision: 'sha256:ee', withheld: ['email', 'customer'], hashed: ['customer'] };
    journal.describe(hashed);
    const more = { revision: hashed.revision };
    const tensor = (name: string, datatype: string, value: unknown) => ({
      name,
      datatype,
      shape: [1, 1],
      data: [value],
    });
    await record(
      entryOf({ instances: [{ age: 41, email: 'ana@example.org', customer: 'c-17' }] }, more),
      entryOf({ instances: [{ age: 41, customer: 'c-17', unknown: 1 }] }, { ...more, at: AT + 1 }),
      entryOf({ inputs: [tensor('customer', 'BYTES', 'c-17')] }, { ...more, at: AT + 2, protocol: 'v2' }),
      entryOf({ instances: [{ age: 41, customer: 17 }] }, { ...more, at: AT + 3 }),
      entryOf({ instances: [{ age: 41 }] }, { ...more, at: AT + 4 }),
    );
    const { values, columns } = await read({ arm: hashed.revision });
    const key = Buffer.from((await readFile(join(folder, 'log', '.hash-key'), 'utf8')).trim(), 'hex');
    const [text, number] = ['c-17', '17'].map((value) => hashOf(key, 'customer', value));
    expect(values.get('customer')).toEqual([null, number, text, text, text]);
    expect(columns.map(({ name }) => name)).not.toContain('email');
    expect(JSON.stringify([...values.values()].flat(), (_, value: unknown) => String(value))).not.toMatch(/c-17|ana@/);
  });

  it('keeps the key of its hashes, which only the owner reads, over restarts', async () => {
    const file = join(folder, 'log', '.hash-key');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await hashKeyOf(join(folder, 'log'))).toEqual(Buffer.from((await readFile(file, 'utf8')).trim(), 'hex'));
  });

  it('keeps two models apart that have one specification, and so one revision', async () => {
    journal.describe({ ...schema, model: 'twin' });
    await record(entryOf({ instances: [{ age: 1 }] }), entryOf({ instances: [{ age: 2 }] }, { model: 'twin' }));
    expect((await read()).values.get('age')).toEqual([1]);
    expect((await read({ model: 'twin' })).values.get('age')).toEqual([2]);
  });

  it('lets an input keep its name where one of ours has the same', async () => {
    const clashing = { ...schema, revision: 'sha256:cc', columns: [{ name: 'status', type: 'text' as const }] };
    journal.describe(clashing);
    await record(entryOf({ instances: [{ status: 'married' }] }, { revision: clashing.revision }));
    const { values } = await read();
    expect(values.get('status')).toEqual(['married']);
    expect(values.get('slipway_status')).toEqual([200]);
  });

  it('shows refused and failed requests only to who asks for them', async () => {
    await record(
      entryOf({ instances: [{ age: 41 }] }),
      entryOf({ instances: 'nonsense' }, { status: 400, rows: 0, flags: ['not good'] }),
    );
    expect((await read()).rows).toBe(1);
    const all = await read({ failures: true });
    expect(all.values.get('status')?.toSorted()).toEqual([200, 400]);
    expect(all.values.get('flags')).toContain('not good');
  });

  it('gives the newest rows of a span, of one arm where one is named', async () => {
    const other = { ...schema, revision: 'sha256:dd', version: '2.0.0' };
    journal.describe(other);
    await record(
      ...Array.from({ length: 10 }, (_, k) =>
        entryOf(
          { instances: [{ age: k }] },
          { at: AT + k * 100, ...(k % 2 === 1 ? { revision: other.revision, arm: 'candidate' } : {}) },
        ),
      ),
    );
    expect((await read({ limit: 3 })).values.get('age')).toEqual([9, 8, 7]);
    expect((await read({ toMs: AT + 500 })).values.get('age')).toEqual([4, 3, 2, 1, 0]);
    for (const arm of ['candidate', '2.0.0', other.revision])
      expect((await read({ arm })).values.get('age')).toEqual([9, 7, 5, 3, 1]);
  });

  it('joins a label that comes later to its row, the last one said', async () => {
    const entry = entryOf({ instances: [{ age: 1 }, { age: 2 }] }, { rows: 2, scores: Float64Array.of(0.7, 0.2) });
    await record(entry);
    const at = new Date(AT).toISOString();
    await writer.feedback('income', [
      { id: entry.id, row: 1, label: 0, at },
      { id: entry.id, row: 1, label: 1, at },
    ]);
    expect((await read()).values.get('feedback')).toEqual([null, '1']);
  });

  it('writes an input that is too large as its size and digest', async () => {
    const body = { instances: [{ age: 41, pixels: Array.from({ length: 10_000 }, () => 0.5), name: 'Zoë' }] };
    await record(entryOf(body), entryOf(body, { tail: new Uint8Array(20_000).fill(7) }));
    const { values } = await read();
    const text = Buffer.from(JSON.stringify(body));
    const whole = Buffer.concat([text, Buffer.alloc(20_000, 7)]);
    // The latest first.
    const digests = [whole, text].map((bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`);
    expect(values.get('input_digest')?.toSorted()).toEqual(digests.toSorted());
    expect(values.get('input_bytes')?.toSorted((a, b) => Number(a) - Number(b))).toEqual([text.length, whole.length]);
    expect(values.get('age')).toEqual([null, null]);
  });

  it('partitions by model and day, and leaves no unfinished file', async () => {
    await record(entryOf({ instances: [{ age: 1 }] }), entryOf({ instances: [{ age: 2 }] }, { at: AT + DAY_MS }));
    const files = (await readdir(join(folder, 'log'), { recursive: true })).filter(
      (name) => name.endsWith('.parquet') || name.includes('.tmp'),
    );
    expect(files.toSorted().map((name) => name.replace(/\d+-[0-9a-f]+\.parquet$/, '…'))).toEqual([
      'model=income/day=2026-11-21/…',
      'model=income/day=2026-11-22/…',
    ]);
  });

  it('deletes days that are older than the retention', async () => {
    const old = join(folder, 'log', 'model=income', 'day=1024-01-01');
    await mkdir(old, { recursive: true });
    await record(entryOf({ instances: [{ age: 1 }] }));
    await writer.expire(AT);
    expect(await readdir(join(folder, 'log', 'model=income'))).toEqual(['day=2026-11-21']);
  });

  it('keeps rows and feedback of one model shorter than the others, where that is wanted', async () => {
    for (const model of ['income', 'churn'])
      for (const day of ['2026-11-01', '2026-11-20']) {
        await mkdir(join(folder, 'log', `model=${model}`, `day=${day}`), { recursive: true });
        await mkdir(join(folder, 'log', 'feedback', `model=${model}`), { recursive: true });
        await writeFile(join(folder, 'log', 'feedback', `model=${model}`, `${day}-ab.jsonl`), '');
      }
    writer.retain(new Map([['income', 7 * DAY_MS]]));
    await writer.expire(AT);
    const left = async (...path: readonly string[]) => (await readdir(join(folder, 'log', ...path))).toSorted();
    expect(await left('model=income')).toEqual(['day=2026-11-20']);
    expect(await left('feedback', 'model=income')).toEqual(['2026-11-20-ab.jsonl']);
    expect(await left('model=churn')).toEqual(['day=2026-11-01', 'day=2026-11-20']);
    expect(await left('feedback', 'model=churn')).toHaveLength(2);
  });

  it('is empty, and no error, for a model of which nothing was recorded', async () => {
    expect((await read({ model: 'nobody' })).rows).toBe(0);
  });
});

describe('a journal', () => {
  it('drops and counts what it has no room for while the writer is away, and never waits', async () => {
    const lonely = new Journal(join(folder, 'nobody.sock'));
    lonely.describe(schema);
    const body = 'x'.repeat(10_000);
    const fitting = 1_000;
    for (let k = 0; k < fitting; k++) lonely.add(entryOf(body));
    expect(lonely.dropped).toBe(0);
    for (let k = 0; k < fitting; k++) lonely.add(entryOf(body));
    expect(lonely.dropped).toBeGreaterThan(0);
    expect(lonely.dropped).toBeLessThan(fitting);
    await lonely.close(10);
  });
});
