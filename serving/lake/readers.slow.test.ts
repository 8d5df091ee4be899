import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newIdentifier } from '../replica/identifier.ts';
import { Journal } from '../replica/journal.ts';
import type { LogEntry, LogSchema } from './entry.ts';
import { LogWriter } from './log-writer.ts';

const python = process.env['SLIPWAY_TEST_PYTHON'] ?? 'python3';
const has = (module: string): boolean => spawnSync(python, ['-c', `import ${module}`]).status === 0;

const AT = Date.parse('2026-11-21T10:00:00.250Z');
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
  inputs: [],
  score: { task: 'binary', output: 'probabilities', index: 1, classes: [0, 1], threshold: 0.5 },
};
/** A later version has a column more, and a class that is text. */
const later: LogSchema = {
  ...schema,
  version: '2.0.0',
  revision: 'sha256:cc',
  columns: [...schema.columns, { name: 'tenure', type: 'number' }],
};
const RECORDS = [
  { age: 41.5, sector: 'west', account: '9007199254740993', member: true, pixels: [1, 2.5] },
  { age: null, sector: null, account: null, member: null, pixels: null },
  { age: 22, sector: 'öst', account: -7, member: false, pixels: [] },
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-readers-'));
  const options = { folder: join(folder, 'log'), socket: join(folder, 'log.sock'), retentionMs: 1e15 };
  const writer = new LogWriter(options);
  await writer.start();
  const journal = new Journal(options.socket);
  for (const each of [schema, later]) journal.describe(each);
  const entry = (of: LogSchema, instances: readonly object[], at: number): LogEntry => ({
    at,
    id: newIdentifier(at),
    model: of.model,
    revision: of.revision,
    arm: 'stable',
    status: 200,
    latencyMs: 1.5,
    protocol: 'v1',
    body: JSON.stringify({ instances }),
    rows: instances.length,
    scores: Float64Array.from(instances, (_, row) => (row === 1 ? NaN : 0.7)),
    flags: [],
  });
  journal.add(entry(schema, RECORDS, AT));
  journal.add(entry(schema, [RECORDS[0] ?? {}], AT + DAY_MS));
  journal.add(entry(later, [{ ...RECORDS[0], tenure: 3 }], AT + DAY_MS));
  // Enough of them that dictionaries and plain pages both occur.
  for (let k = 0; k < 1000; k++)
    journal.add(entry(schema, [{ ...RECORDS[0], age: k, sector: `s${k % 3}` }], AT - DAY_MS));
  await journal.close(5_000);
  while (writer.written < 1003) await new Promise((resolve) => setImmediate(resolve));
  await writer.stop();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function run(script: string): unknown {
  const prelude = `import json, sys, warnings\nwarnings.simplefilter('ignore')\nlog = sys.argv[1]\n`;
  const { stdout, stderr, status } = spawnSync(python, ['-c', prelude + script, join(folder, 'log')], {
    encoding: 'utf8',
  });
  expect(stderr, `${status}`).toBe('');
  return JSON.parse(stdout);
}

describe.skipIf(!has('pyarrow'))('the log as pyarrow reads it', () => {
  it('has the types that were promised, and days and models as partitions', () => {
    const types = run(`
import pyarrow.dataset as ds
d = ds.dataset(log + '/model=income', partitioning='hive')
t = d.to_table(filter=(ds.field('day') == '2026-11-21')).sort_by('row')
print(json.dumps({'types': {f.name: str(f.type) for f in d.schema}, 'rows': [[str(v) for v in (r['time'], r['age'], r['sector'], r['account'], r['member'], r['pixels'], r['score'], r['class'], r['shadow'])] for r in t.to_pylist()]}))`);
    expect(types).toEqual({
      types: expect.objectContaining({
        time: 'timestamp[ms, tz=UTC]',
        id: 'string',
        row: 'int32',
        status: 'int32',
        latency_ms: 'double',
        age: 'double',
        account: 'int64',
        member: 'bool',
        pixels: expect.stringMatching(/^list<element: double>/),
        class: 'int64',
        shadow: 'bool',
        day: 'string',
      }) as unknown,
      rows: [
        [
          '2026-11-21 10:00:00.250000+00:00',
          '41.5',
          'west',
          '9007199254740993',
          'True',
          '[1.0, 2.5]',
          '0.7',
          '1',
          'False',
        ],
        ['2026-11-21 10:00:00.250000+00:00', 'None', 'None', 'None', 'None', 'None', 'None', 'None', 'False'],
        ['2026-11-21 10:00:00.250000+00:00', '22.0', 'öst', '-7', 'False', '[]', '0.7', '1', 'False'],
      ],
    });
  });
});

describe.skipIf(!has('pandas') || !has('pyarrow'))('the log as pandas reads it', () => {
  it('is one frame of a folder, as it is', () => {
    expect(
      run(`
import pandas
f = pandas.read_parquet(log + '/model=income/day=2026-11-20')
print(json.dumps({'rows': len(f), 'mean': f.age.mean(), 'sectors': sorted(f.sector.unique()), 'time': str(f.time.dt.tz), 'account': str(f.account.iloc[0])}))`),
    ).toEqual({ rows: 1000, mean: 499.5, sectors: ['s0', 's1', 's2'], time: 'UTC', account: '9007199254740993' });
  });
});

describe.skipIf(!has('duckdb'))('the log as DuckDB reads it', () => {
  it('is one table over days and versions by a glob, with the columns of all of them', () => {
    expect(
      run(`
import duckdb
rows = duckdb.sql(f"""SELECT CAST(day AS VARCHAR), version, count(*), avg(age), max(tenure), count(score)
  FROM read_parquet('{log}/model=*/day=*/*.parquet', hive_partitioning = true, union_by_name = true)
  GROUP BY ALL ORDER BY ALL""").fetchall()
print(json.dumps(rows))`),
    ).toEqual([
      ['2026-11-20', '1.0.0', 1000, 499.5, null, 1000],
      ['2026-11-21', '1.0.0', 3, 31.75, null, 2],
      ['2026-11-22', '1.0.0', 1, 41.5, null, 1],
      ['2026-11-22', '2.0.0', 1, 41.5, 3, 1],
    ]);
  });
});
