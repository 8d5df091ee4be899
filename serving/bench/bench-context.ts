import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchModelName, benchModels } from './bench-models.ts';
import type { PartResult, Row } from './bench-report.ts';
import { type BenchCase, casesOf, expectationOf, grpcRequests, httpRequests, jsonBody } from './bench-requests.ts';
import { type BareRuns, startBare } from './contender-bare.ts';
import { type PeerName, findPeer, pathOf, peers } from './contender-peer.ts';
import type { Contender, Served, Started } from './contender.ts';
import { type LoadGenerator, startLoadGenerator } from './load-generator.ts';
import type { LoadJob } from './load-job.ts';
import { type Measurement, measured } from './measured.ts';

export interface BenchSettings {
  readonly seconds: number;
  readonly rounds: number;
  readonly pythons: readonly string[];
  readonly say: (text: string) => void;
}

/** One contender under one load, measured once. */
export interface Cell {
  readonly contender: string;
  readonly load: string;
  readonly measure: () => Promise<Measurement>;
}

/** What parts of the bench share: the load generator, models and their files, settings. */
export interface BenchContext extends BenchSettings {
  readonly load: LoadGenerator;
  readonly versions: Record<string, string>;
  readonly notes: string[];
  served(name: BenchModelName): Promise<Served>;
  /** Those of these peers that are present; the others are noted. */
  peers(names: readonly PeerName[]): Promise<readonly { readonly name: PeerName; readonly contender: Contender }[]>;
  /** Measures all cells in turn, round by round: ABCABC. */
  inTurn(cells: readonly Cell[]): Promise<readonly Row[]>;
  close(): Promise<void>;
}

export async function openBench(settings: BenchSettings): Promise<BenchContext> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
  const load = await startLoadGenerator();
  const models = new Map<BenchModelName, Promise<Served>>();
  const versions: Record<string, string> = {};
  const notes: string[] = [];
  return {
    ...settings,
    load,
    versions,
    notes,
    served(name) {
      const known = models.get(name) ?? writtenModel(name, folder);
      models.set(name, known);
      return known;
    },
    async peers(names) {
      const found = await Promise.all(
        names.map(async (name) => ({ name, peer: await findPeer(name, settings.pythons) })),
      );
      return found.flatMap(({ name, peer }) => {
        if (peer === undefined) {
          notes.push(`${peers[name].name}: not present`);
          return [];
        }
        versions[peers[name].name] = peer.versions;
        return [{ name, contender: peer.contender }];
      });
    },
    inTurn: (cells) => inRounds(cells, settings),
    async close() {
      await load.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function writtenModel(name: BenchModelName, folder: string): Promise<Served> {
  const model = benchModels[name];
  const bytes = model.bytes();
  const file = join(folder, `${name}.onnx`);
  await writeFile(file, bytes);
  return { model, name, file, bytes, cases: await casesOf(model, bytes) };
}

async function inRounds(cells: readonly Cell[], { rounds, say }: BenchSettings): Promise<readonly Row[]> {
  const found = cells.map(({ contender, load }) => ({ contender, load, rounds: [] as Measurement[] }));
  // Code that is compiled while it runs is slow at first: each contender's last load once, not counted.
  const last = new Map(cells.map((cell) => [cell.contender, cell]));
  for (const cell of last.values()) say(`not counted: ${textOf(cell, await cell.measure())}`);
  for (let round = 1; round <= rounds; round++)
    for (const [index, cell] of cells.entries()) {
      const measurement = await cell.measure();
      found[index]?.rounds.push(measurement);
      say(`round ${round} of ${rounds}: ${textOf(cell, measurement)}`);
    }
  return found;
}

function textOf({ contender, load }: Cell, measurement: Measurement): string {
  const { perSecond, p50Ms, p99Ms, failed, complaint, cpuMicrosPerRequest, generatorBusy } = measurement;
  const cpu = cpuMicrosPerRequest === undefined ? '' : `, ${cpuMicrosPerRequest.toFixed(0)} µs CPU`;
  const wrong = failed === 0 ? '' : `, ${failed} FAILED (${complaint ?? ''})`;
  const latency = Number.isFinite(p50Ms) ? `, p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms` : '';
  return `${contender}, ${load}: ${perSecond.toFixed(perSecond < 100 ? 1 : 0)}/s${latency}${cpu}, generator ${(100 * generatorBusy).toFixed(0)} %${wrong}`;
}

/** Does one part, with what it noted. */
export async function partResult(
  context: BenchContext,
  run: (context: BenchContext) => Promise<readonly Row[]>,
): Promise<PartResult> {
  const started = performance.now();
  const before = { at: new Date().toISOString(), loadBefore: loadavg()[0] ?? NaN };
  context.notes.length = 0;
  const rows = await run(context);
  const minutes = (performance.now() - started) / MS_PER_MINUTE;
  return { ...before, minutes, secondsEach: context.seconds, rows, notes: [...context.notes] };
}

const MS_PER_MINUTE = 60_000;

/** Starts contenders, and ends those that were started whatever happens. */
export async function withStarted<T>(
  context: BenchContext,
  contenders: readonly Contender[],
  served: readonly Served[],
  use: (started: ReadonlyMap<Contender, Started>) => Promise<T>,
): Promise<T> {
  const started = new Map<Contender, Started>();
  try {
    for (const contender of contenders) {
      context.say(`starting ${contender.name}`);
      try {
        started.set(contender, await contender.start(served));
      } catch (error) {
        if (contenders.length === 1) throw error;
        const why =
          error instanceof Error ? [error.message, error.cause instanceof Error ? error.cause.message : ''] : [];
        context.notes.push(`${contender.name}: did not start`);
        context.say(`${contender.name} is left out: ${why.join(': ')}`);
      }
    }
    return await use(started);
  } finally {
    await Promise.all([...started.values()].map((each) => each.stop()));
  }
}

export async function withBare<T>(served: Served, processes: number, use: (bare: BareRuns) => Promise<T>): Promise<T> {
  const bare = await startBare(served, processes);
  try {
    return await use(bare);
  } finally {
    await bare.stop();
  }
}

export function bareCell(
  { seconds }: BenchSettings,
  bare: BareRuns,
  { rows = 1, processes = 1 }: { readonly rows?: number; readonly processes?: number } = {},
): Cell {
  return {
    contender: processes === 1 ? BARE : `${BARE}, ${processes} processes`,
    load: rows === 1 ? 'one row a run' : `${rows} rows a run`,
    measure: async () => {
      const { perSecond, cpuMicros } = await bare.run({ seconds, rows, processes });
      return { perSecond, p50Ms: NaN, p99Ms: NaN, failed: 0, cpuMicrosPerRequest: cpuMicros, generatorBusy: 0 };
    },
  };
}

export const BARE = 'session.run alone';

type Form = 'v2-json' | 'v2-binary' | 'grpc' | 'nats';

export interface LoadShape {
  readonly form: Form;
  readonly connections: number;
  readonly inFlight?: number;
  readonly open?: { readonly perSecond: number; readonly seed: number };
  /** In place of the bench's own. */
  readonly seconds?: number;
}

/** A load in words; the same words in tables and goals. */
export function wordsOf({ form, connections, inFlight = 1, open }: LoadShape): string {
  const how = { 'v2-json': 'JSON', 'v2-binary': 'binary', grpc: 'gRPC', nats: 'NATS' }[form];
  if (open !== undefined) return `${how}, open loop`;
  return form === 'grpc' || form === 'nats'
    ? `${how}, ${connections * inFlight} in flight`
    : `${how}, ${connections} connection${connections === 1 ? '' : 's'}`;
}

const LIMIT_MS = 30_000;
const WARM_UP_SECONDS = 0.6;

export function loadCell(
  context: BenchContext,
  name: string,
  started: Started,
  served: Served,
  shape: LoadShape,
  { peer, load = wordsOf(shape) }: { readonly peer?: PeerName; readonly load?: string } = {},
): Cell {
  const job = jobOf(context, started, served, shape, peer);
  return { contender: name, load, measure: () => measured(context.load, job, started.pid) };
}

function jobOf(
  { seconds }: BenchSettings,
  started: Started,
  { model, name, cases }: Served,
  shape: LoadShape,
  peer: PeerName | undefined,
): LoadJob {
  const { form, connections, inFlight = 1, open } = shape;
  const rest = {
    connections,
    inFlight,
    ...(open === undefined ? {} : { open }),
    warmUpSeconds: WARM_UP_SECONDS,
    seconds: shape.seconds ?? seconds,
    limitMs: LIMIT_MS,
  };
  if (form === 'grpc') {
    if (started.grpc === undefined) throw new Error('this contender speaks no gRPC');
    return { protocol: 'grpc', ...started.grpc, requests: grpcRequests(model, cases), ...rest };
  }
  if (form === 'nats') {
    if (started.nats === undefined) throw new Error('this contender listens to no bus');
    return {
      protocol: 'nats',
      ...started.nats,
      subject: `slipway.infer.${name}`,
      requests: natsRequests(model, cases),
      ...rest,
    };
  }
  if (started.http === undefined) throw new Error('this contender speaks no HTTP');
  const requests = httpRequests(model, cases, form, { ...started.http, path: pathOf(peer, name) });
  return { protocol: 'http', ...started.http, requests, ...rest };
}

function natsRequests(model: Served['model'], cases: readonly BenchCase[]): LoadJob['requests'] {
  return cases.map((each) => ({ bytes: Buffer.from(jsonBody(model, each)), expects: expectationOf(each, 'v2-json') }));
}
