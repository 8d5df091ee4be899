import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import { awkwardRevision } from '../daemon/loans.fixture.ts';
import type { LogEntry } from '../lake/entry.ts';
import { ArmCounter } from './counters.ts';
import { HttpDoor } from './http-door.ts';
import { Journal } from './journal.ts';
import { loadRevision } from './load-revision.ts';
import type { ReplicaSettings } from './messages.ts';
import { keyOf } from './messages.ts';
import type { RouteContext } from './routes.ts';
import { tableOf } from './table.ts';

/** HTTP as a replica speaks it over one real graph (`x` [n, 4] → `y` [n, 3]), without a daemon: one port for each lane. */
export interface OpenedDoor {
  readonly door: HttpDoor;
  readonly ports: { readonly fast: number; readonly node: number };
  readonly path: string;
  /** What was written into the log. */
  readonly logged: LogEntry[];
  drain(): void;
  close(): Promise<void>;
}

export const MODEL = 'dynamic-batch';

export async function openDoor(more: Partial<ReplicaSettings> = {}): Promise<OpenedDoor> {
  const { target, bytes } = awkwardRevision('dynamic_batch.onnx');
  const folder = await mkdtemp(join(tmpdir(), 'slipway-door-'));
  const parsed = parseManifest(target.manifest, 'model.yaml');
  if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.problems));
  const { specification } = parsed.loaded;
  const path = join(folder, 'model.onnx');
  await writeFile(path, bytes.get(specification.artifact.sha256) ?? new Uint8Array());
  const { model, version, revision } = target;
  const counter = new ArmCounter(model, revision);
  const loaded = await loadRevision(
    {
      model,
      version,
      revision,
      digest: `sha256:${specification.artifact.sha256}`,
      specification,
      paths: { [specification.artifact.uri]: path },
      privateColumns: [],
      selfTests: [],
    },
    counter,
    false,
  );
  const arm = { revision, version, weight: 100, leased: false };
  const table = tableOf(
    { model, generation: 1, arms: [arm], salt: '', knows: [] },
    new Map([[keyOf(model, revision), loaded]]),
    new Map(),
    { of: () => [] },
  );
  const logged: LogEntry[] = [];
  const journal = new Journal(undefined);
  journal.add = (entry) => void logged.push(entry);
  const settings: ReplicaSettings = {
    socket: join(folder, 'r.sock'),
    loopback: true,
    keepAliveMs: 5_000,
    serverVersion: '0',
    speaksGrpc: false,
    grpcConnectionMs: Infinity,
    proves: false,
    ...more,
  };
  let draining = false;
  const context: Omit<RouteContext, 'isRelay'> = {
    settings,
    serving: {
      table: (name) => (name === model ? table : undefined),
      counter: () => counter,
      journal,
      countUnused: () => {},
      awaken: async () => table,
    },
    tables: () => new Map([[model, table]]),
    ask: async () => ({ status: 503, contentType: 'application/json', body: '{"error":"no daemon"}' }),
    loaded: () => loaded,
    explainer: () => Promise.reject(new Error('nothing is explained here')),
    draining: () => draining,
    track: (work) => work,
  };
  const connections = new Set<Socket>();
  const door = new HttpDoor(context, connections);
  await new Promise<void>((resolve) => door.listen(settings.socket, resolve));
  const listeners = { fast: await listening(door, 'fast'), node: await listening(door, 'node') };
  return {
    door,
    ports: { fast: portOf(listeners.fast), node: portOf(listeners.node) },
    path: settings.socket,
    logged,
    drain() {
      draining = true;
      door.drain('leave');
    },
    async close() {
      for (const server of Object.values(listeners)) server.close();
      for (const socket of connections) socket.destroy();
      if (!draining) door.drain('cut');
      door.close();
      await loaded.batcher.settled();
      await loaded.session.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function listening(door: HttpDoor, lane: 'fast' | 'node'): Promise<Server> {
  const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => door.accept(socket, lane));
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
