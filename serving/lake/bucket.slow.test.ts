import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { newIdentifier } from '../replica/identifier.ts';
import { Journal } from '../replica/journal.ts';
import { Bucket, type BucketOptions } from './bucket.ts';
import type { LogEntry, LogSchema } from './entry.ts';
import { LogWriter, type LogWriterOptions } from './log-writer.ts';
import { readLog } from './read-log.ts';

/** `moto_server` beside the Python of the tests: an S3 of its own, on this machine. */
const PYTHON = process.env['SLIPWAY_TEST_PYTHON'] ?? 'python3';
const SERVER = join(dirname(PYTHON), 'moto_server');

describe.skipIf(!existsSync(SERVER))('a prediction log in a bucket', () => {
  const AT = Date.parse('2026-11-21T10:00:00Z');
  const schema: LogSchema = {
    model: 'income',
    version: '1.0.0',
    revision: 'sha256:aa',
    digest: 'sha256:bb',
    columns: [{ name: 'age', type: 'number' }],
    inputs: [],
  };
  let endpoint: string;
  let port: number;
  let stopServer: () => Promise<void>;

  const bucketOptions = (prefix: string): BucketOptions => ({
    bucket: 'lake',
    prefix,
    region: 'us-east-1',
    endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });

  beforeAll(async () => {
    port = await freePort();
    endpoint = `http://127.0.0.1:${port}`;
    stopServer = await startServer(port);
  }, 60_000);
  afterAll(() => stopServer());

  let folder: string;
  let writer: LogWriter;
  let journal: Journal;
  let options: LogWriterOptions;
  let bucket: BucketOptions;
  beforeEach(async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    folder = await mkdtemp(join(tmpdir(), 'slipway-bucket-'));
    bucket = bucketOptions(`log ${newIdentifier(Date.now())}`);
    options = {
      folder: join(folder, 'log'),
      socket: join(folder, 'log.sock'),
      retentionMs: 1e15,
      upload: { bucket, keepMs: 60_000, spoolLimitBytes: 2 ** 30 },
    };
    await open();
  });
  afterEach(async () => {
    await close();
    await rm(folder, { recursive: true, force: true });
    vi.restoreAllMocks();
  });

  async function open(more: Partial<NonNullable<LogWriterOptions['upload']>> = {}): Promise<void> {
    const { upload } = options;
    if (upload !== undefined) options = { ...options, upload: { ...upload, ...more } };
    writer = new LogWriter(options);
    await writer.start();
    journal = new Journal(options.socket);
    journal.describe(schema);
  }

  async function close(): Promise<void> {
    await journal.close(1_000);
    await writer.stop();
  }

  async function record(age: number, at = AT): Promise<string> {
    const id = newIdentifier(at);
    const base = {
      model: schema.model,
      revision: schema.revision,
      arm: 'stable',
      status: 200,
      protocol: 'v1',
    } as const;
    const entry: LogEntry = {
      ...base,
      at,
      id,
      latencyMs: 1,
      body: JSON.stringify({ instances: [{ age }] }),
      rows: 1,
      flags: [],
    };
    const wanted = writer.written + 1;
    journal.add(entry);
    journal.handOver();
    while (writer.written < wanted) await new Promise((resolve) => setImmediate(resolve));
    await writer.closeSegments();
    return id;
  }

  const localSegments = async (): Promise<readonly string[]> =>
    (await readdir(options.folder, { recursive: true })).filter((name) => name.endsWith('.parquet'));

  const ages = async (more: { readonly id?: string } = {}) => {
    const span = { fromMs: AT - 1000, toMs: AT + 86_400_000 * 3, limit: 100, failures: false };
    const { values } = await readLog({ folder: options.folder, bucket, model: 'income', ...span, ...more });
    return values.get('age') ?? [];
  };

  it('takes closed segments, which stay here for a while and are then read from there', async () => {
    await record(41);
    await writer.upload(Date.now());
    expect(writer.status.upload).toMatchObject({ pending: 0, uploaded: 1, failures: 0 });
    const stored = await new Bucket(bucket).list('model=income/');
    expect(stored.map(({ key }) => key)).toEqual(await localSegments());
    expect(await ages()).toEqual([41]);
    await writer.upload(Date.now() + 120_000);
    expect(await localSegments()).toEqual([]);
    expect(await ages()).toEqual([41]);
  });

  it('finds one prediction here or there, and joins its feedback from there', async () => {
    const first = await record(41);
    await writer.feedback('income', [{ id: first, row: 0, label: 1, at: new Date(AT).toISOString() }]);
    await writer.upload(Date.now());
    const second = await record(42);
    await close();
    await rm(options.folder, { recursive: true });
    await open();
    expect(await ages({ id: first })).toEqual([41]);
    expect(await ages({ id: second })).toEqual([42]);
    const span = { fromMs: AT - 1000, toMs: AT + 1000, limit: 100, failures: false };
    const { values } = await readLog({ folder: options.folder, bucket, model: 'income', ...span, id: first });
    expect(values.get('feedback')).toEqual(['1']);
  });

  it('loses nothing while the bucket is away: what waits is told, and uploaded after a restart', async () => {
    await stopServer();
    await record(41);
    await record(42);
    await writer.upload(Date.now());
    expect(writer.status.upload).toMatchObject({ pending: 2, uploaded: 0, failures: 1 });
    expect(writer.status.upload?.lastError).toContain('came to nothing');
    expect(JSON.stringify(writer.status)).not.toContain('secret');
    expect(await localSegments()).toHaveLength(2);
    await close();
    stopServer = await startServer(port);
    await open();
    await writer.upload(Date.now());
    expect(writer.status.upload).toMatchObject({ pending: 0, uploaded: 2, failures: 0 });
    expect(new Set(await ages())).toEqual(new Set([41, 42]));
  });

  it('takes a segment again that another writer has written once more', async () => {
    await record(41);
    await writer.upload(Date.now());
    const [name = ''] = await localSegments();
    const bytes = await readFile(join(options.folder, name));
    await writeFile(join(options.folder, name), Buffer.concat([bytes, Buffer.from('more')]));
    await writer.upload(Date.now());
    expect((await new Bucket(bucket).get(name))?.length).toBe(bytes.length + 4);
    await writer.upload(Date.now() + 120_000);
    expect(await readdir(join(options.folder, dirname(name)))).toEqual([]);
  });

  it('gives the oldest up, and counts it, when more waits than may', async () => {
    await close();
    await stopServer();
    await open({ spoolLimitBytes: 1 });
    await record(41);
    await writer.upload(Date.now());
    expect(writer.status.upload).toMatchObject({ pending: 0, abandoned: 1 });
    stopServer = await startServer(port);
  });

  it('deletes days beyond the retention there as well', async () => {
    const DAY_MS = 86_400_000;
    await record(41);
    await record(42, AT + 2 * DAY_MS);
    await writer.upload(Date.now());
    options = { ...options, retentionMs: DAY_MS };
    await close();
    await open();
    await writer.expire(AT + 3 * DAY_MS);
    const stored = await new Bucket(bucket).list('model=income/');
    expect(stored.map(({ key }) => key.split('/')[1])).toEqual(['day=2026-11-23']);
  });

  it('is refused with the bucket’s own reason, and what is not there is nothing', async () => {
    const nowhere = new Bucket({ ...bucket, bucket: 'nowhere' });
    await expect(nowhere.put('a.parquet', Uint8Array.of(1))).rejects.toThrow(/404 NoSuchBucket/);
    expect(await new Bucket(bucket).get('absent.parquet')).toBeUndefined();
  });

  async function startServer(on: number): Promise<() => Promise<void>> {
    const child = spawn(SERVER, ['-H', '127.0.0.1', '-p', String(on)], { stdio: 'ignore' });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const until = AbortSignal.timeout(30_000);
    for (;;) {
      const created = await fetch(`${endpoint}/lake`, { method: 'PUT', signal: until }).catch(() => undefined);
      if (created?.ok === true) break;
      if (until.aborted) throw new Error('moto_server did not start within 30 s');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return async () => {
      child.kill();
      await ended;
    };
  }
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
