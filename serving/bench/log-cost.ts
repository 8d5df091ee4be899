import { fork } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { LogEntry, LogSchema } from '../lake/entry.ts';
import type { FromWriter, ToWriter } from '../lake/main.ts';
import { entryFile } from '../model/entry-file.ts';
import { newIdentifier } from '../replica/identifier.ts';
import { Journal, loggedBody } from '../replica/journal.ts';

/**
 * `node serving/bench/log-cost.ts [--rows 100000] [--body tensor|columns|records|binary]`: what the prediction log costs a row of 30 numbers, in
 * CPU time: the serving loop's part, and the writer's process down to the closed Parquet file. Linux only, since it asks /proc.
 */
const { values } = parseArgs({
  options: { rows: { type: 'string', default: '100000' }, body: { type: 'string', multiple: true } },
});

const COLUMNS = Array.from({ length: 30 }, (_, k) => `feature_${k}`);
const BODIES = ['tensor', 'columns', 'records', 'binary'] as const;
type BodyKind = (typeof BODIES)[number];
const DISTINCT = 512;
/** As many as a busy replica answers in a turn of its loop. */
const BURST = 64;

const schemaOf = (kind: BodyKind): LogSchema => ({
  model: 'mlp',
  version: '1.0.0',
  revision: 'sha256:6154a6fcd7e6dbe848ba78b8fe415f2aa5278497060ad0925c33362c453235b6',
  digest: 'sha256:88848ed5632e0a2931896daa6688250daef5358ea6501c1a43803bd6df49c597',
  columns:
    kind === 'tensor' ? [{ name: 'input', type: 'list' }] : COLUMNS.map((name) => ({ name, type: 'number' as const })),
  inputs: kind === 'tensor' ? [] : [{ name: 'input', datatype: 'FP32', columns: COLUMNS, rowShape: [30], list: false }],
  score: { task: 'binary', output: 'probabilities', index: 1, classes: [0, 1], threshold: 0.5 },
});

function requestOf(kind: BodyKind, seed: number): { readonly text: string; readonly tail?: Uint8Array } {
  const data = COLUMNS.map((_, k) => Math.round(((seed * 7919 + k * 104_729) % 100_003) * 1.7) / 1e4);
  const input = { name: 'input', shape: [1, 30], datatype: 'FP32' };
  if (kind === 'records')
    return { text: JSON.stringify({ instances: [Object.fromEntries(COLUMNS.map((name, k) => [name, data[k]]))] }) };
  if (kind !== 'binary') return { text: JSON.stringify({ inputs: [{ ...input, data }] }) };
  const tail = new Uint8Array(Float32Array.from(data).buffer);
  return { text: JSON.stringify({ inputs: [{ ...input, parameters: { binary_data_size: tail.length } }] }), tail };
}

/** CPU time of a process since it started, in microseconds. */
async function cpuOf(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  const TICK_US = 10_000;
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

async function measure(kind: BodyKind, rows: number): Promise<Readonly<Record<string, number>>> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-log-cost-'));
  const socket = join(folder, 'log.sock');
  const writer = fork(entryFile('main.ts', import.meta.url.replace('/bench/', '/lake/')), [], {
    execArgv: [],
    serialization: 'advanced',
  });
  const heard = (wanted: FromWriter['kind']): Promise<void> =>
    new Promise((resolve) => {
      const hear = (message: FromWriter): void => {
        if (message.kind !== wanted) return;
        writer.off('message', hear);
        resolve();
      };
      writer.on('message', hear);
    });
  const tell = (message: ToWriter): boolean => writer.send(message);
  const listening = heard('listening');
  tell({ kind: 'start', options: { folder: join(folder, 'log'), socket, retentionMs: 1e15 } });
  await listening;
  const schema = schemaOf(kind);
  const journal = new Journal(socket);
  journal.describe(schema);
  const requests = Array.from({ length: DISTINCT }, (_, seed) => requestOf(kind, seed));
  const scores = Float64Array.of(0.7);
  let loopUs = 0;
  const before = await cpuOf(writer.pid ?? 0);
  for (let row = 0; row < rows; ) {
    const burst: LogEntry[] = [];
    for (let k = 0; k < BURST; k++, row++)
      burst.push({
        at: Date.now(),
        id: newIdentifier(Date.now()),
        model: schema.model,
        revision: schema.revision,
        arm: 'stable',
        status: 200,
        latencyMs: 1.5,
        protocol: kind === 'records' ? 'v1' : 'v2',
        ...loggedBody(requests[row % DISTINCT] ?? { text: '' }),
        rows: 1,
        scores,
        flags: [],
      });
    const start = process.cpuUsage();
    for (const entry of burst) journal.add(entry);
    await new Promise((resolve) => setImmediate(resolve));
    const { user, system } = process.cpuUsage(start);
    loopUs += user + system;
    // The writer keeps up with what a replica can answer, and not with a loop that does nothing else.
    if (row % (BURST * 16) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  const handed = journal.handOver();
  const done = heard('done');
  tell({ kind: 'flush', ask: 1, handed: handed === undefined ? [] : [handed] });
  await done;
  const writerUs = (await cpuOf(writer.pid ?? 0)) - before;
  const dropped = journal.dropped;
  await journal.close(1_000);
  const ended = new Promise((resolve) => writer.once('exit', resolve));
  tell({ kind: 'stop' });
  await ended;
  await rm(folder, { recursive: true, force: true });
  const written = rows - dropped;
  return { loop: loopUs / rows, writer: writerUs / written, all: loopUs / rows + writerUs / written, dropped };
}

const kinds = BODIES.filter((kind) => values.body === undefined || values.body.includes(kind));
for (const kind of kinds) {
  const cost = await measure(kind, Number(values.rows));
  const told = Object.entries(cost).map(([name, value]) => `${name} ${name === 'dropped' ? value : value.toFixed(2)}`);
  console.log(`${kind.padEnd(8)} µs a row: ${told.join('  ')}`);
}
