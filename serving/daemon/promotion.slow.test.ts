import { fileURLToPath } from 'node:url';
import { type Client, type ServiceClientConstructor, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectationOf, httpRequest } from '../bench/bench-requests.ts';
import { type LoadGenerator, startLoadGenerator } from '../bench/load-generator.ts';
import type { LoadResult } from '../bench/load-job.ts';
import type { RevisionTarget } from '../fleet.ts';
import { type LargeModel, tableModel } from './large-model.fixture.ts';
import { revisionOfManifest } from './loans.fixture.ts';
import { type TestFleet, openTestFleet } from './test-fleet.ts';

const MODEL = 'table';
const PROTO = fileURLToPath(new URL('../protocol/inference.proto', import.meta.url));
const LIMIT_MS = 60_000;
const LARGE_BYTES = 500 * 2 ** 20;

let fleet: TestFleet;
beforeEach(async () => {
  fleet = await openTestFleet({ grpcPort: 0 });
});
afterEach(async () => {
  await fleet.close();
});

function revisionOf(version: string, { sha256 }: LargeModel): RevisionTarget {
  return revisionOfManifest(`apiVersion: slipway/v1
kind: Model
name: ${MODEL}
version: ${version}
artifact: { uri: model.onnx, sha256: ${sha256} }
evaluation: { data: { uri: evaluation.parquet, sha256: ${'ab'.repeat(32)} }, label: y }
`);
}

/** Brings a revision whose file is made as it is sent. */
async function bring(model: LargeModel, target: RevisionTarget): Promise<void> {
  const { sha256, sizeBytes } = model;
  const source = async () =>
    (async function* () {
      yield* model.chunks();
    })();
  const signal = AbortSignal.timeout(2 * LIMIT_MS);
  expect(await fleet.driver.apply({ kind: 'put-artifact', sha256, sizeBytes }, source, signal)).toEqual({
    kind: 'applied',
  });
  expect(await fleet.apply({ kind: 'put-revision', target })).toEqual({ kind: 'applied' });
}

/** What callers saw: answers by what they were, and how long the slowest of them took. */
interface Seen {
  readonly answers: ReadonlyMap<string, number>;
  readonly worstMs: number;
}

interface Callers {
  asked(): number;
  /** What was seen since the last look. */
  look(): Seen;
  stop(): Promise<void>;
}

/** So many callers each, by HTTP and by gRPC, who ask without a pause. */
function callers(each: number): Callers {
  const inference = grpcClient();
  let [isOn, asked, worstMs] = [true, 0, 0];
  let answers = new Map<string, number>();
  const loop = async (ask: () => Promise<string>): Promise<void> => {
    while (isOn) {
      const start = performance.now();
      const what = await ask().catch((error: unknown) => `failed: ${String(error)}`);
      worstMs = Math.max(worstMs, performance.now() - start);
      answers.set(what, (answers.get(what) ?? 0) + 1);
      asked += 1;
    }
  };
  const byHttp = async (): Promise<string> => {
    const inputs = [{ name: 'ids', datatype: 'INT64', shape: [2], data: [0, 0] }];
    const response = await fleet.infer(MODEL, { inputs });
    await response.arrayBuffer();
    return `HTTP ${response.status} ${response.headers.get('x-slipway-model-version')}`;
  };
  const loops = Array.from({ length: each }, () => [loop(byHttp), loop(() => inference.ask())]).flat();
  return {
    asked: () => asked,
    look() {
      const seen = { answers, worstMs };
      answers = new Map();
      worstMs = 0;
      return seen;
    },
    async stop() {
      isOn = false;
      await Promise.all(loops);
      inference.close();
    },
  };
}

function grpcClient(): { readonly ask: () => Promise<string>; readonly close: () => void } {
  const loaded = loadPackageDefinition(loadSync(PROTO, { keepCase: true, longs: String, defaults: true }));
  const { GRPCInferenceService } = loaded['inference'] as unknown as Readonly<Record<string, ServiceClientConstructor>>;
  if (GRPCInferenceService === undefined) throw new Error('the protocol has no inference service');
  const client: Client = new GRPCInferenceService(fleet.grpc ?? '', credentials.createInsecure());
  const ids = Buffer.from(BigInt64Array.of(0n, 0n).buffer);
  const message = {
    model_name: MODEL,
    inputs: [{ name: 'ids', datatype: 'INT64', shape: [2] }],
    raw_input_contents: [ids],
  };
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        const infer = (client as unknown as Record<string, Function>)['ModelInfer'];
        infer?.call(
          client,
          message,
          { deadline: Date.now() + LIMIT_MS },
          (error: Error | null, answer: { readonly model_version: string }) => {
            if (error === null) resolve(`gRPC ok ${answer.model_version}`);
            else reject(error);
          },
        );
      }),
    close: () => client.close(),
  };
}

const share = async (revision: string): Promise<number> =>
  (await fleet.find(MODEL)).effective.find((arm) => arm.revision === revision)?.weight ?? 0;

async function turnTo(from: RevisionTarget, to: RevisionTarget): Promise<void> {
  await fleet.turn(MODEL, [
    { revision: to.revision, weight: 100 },
    { revision: from.revision, weight: 0 },
  ]);
  await fleet.until(`version ${to.version} has all requests`, async () => (await share(to.revision)) === 100);
}

async function moreAnswers(running: Callers, count: number): Promise<void> {
  const asked = running.asked();
  await fleet.until('requests are answered', async () => running.asked() >= asked + count);
}

describe('a promotion and a rollback under load', () => {
  it.each([
    ['of small models', 2 ** 10],
    ['to a model of 500 MB', LARGE_BYTES],
  ])('%s fail no request, by HTTP or by gRPC', async (what, sizeBytes) => {
    const [small, large] = [tableModel(256), tableModel(sizeBytes)];
    const [first, second] = [revisionOf('1.0.0', small), revisionOf('2.0.0', large)];
    await bring(small, first);
    await fleet.turn(MODEL, [{ revision: first.revision, weight: 100 }]);
    await fleet.ready(MODEL, first.revision);
    const running = callers(2);
    await moreAnswers(running, 500);
    running.look();
    await moreAnswers(running, 500);
    const before = running.look();
    await bring(large, second);
    const brought = running.look();
    await turnTo(first, second);
    const promoted = running.look();
    await moreAnswers(running, 200);
    const after = running.look();
    await turnTo(second, first);
    await moreAnswers(running, 200);
    const back = running.look();
    await running.stop();
    const all = [before, brought, promoted, after, back];
    const kinds = new Set(all.flatMap(({ answers }) => [...answers.keys()]));
    expect([...kinds].toSorted()).toEqual(['HTTP 200 1.0.0', 'HTTP 200 2.0.0', 'gRPC ok 1.0.0', 'gRPC ok 2.0.0']);
    // How long is no business of a test on a machine that does other things; docs/performance.md has the figures of a quiet one.
    const worst = all.map(({ worstMs }) => worstMs.toFixed(0));
    console.log(
      `${what}: slowest request ${worst[0]} ms before, ${worst[1]} while it was brought, ${worst[2]} while it was promoted, ${worst[3]} after, ${worst[4]} ms with the rollback`,
    );
  });
});

/** What callers in a process of their own see, who come at their own times: the test's process has work of its own, which would count as waiting. */
async function seenFromOutside(load: LoadGenerator): Promise<LoadResult> {
  const { hostname: host, port } = new URL(fleet.url);
  const at = { host, port: Number(port) };
  const body = Buffer.from(
    JSON.stringify({ id: ID, inputs: [{ name: 'ids', datatype: 'INT64', shape: [1], data: [0] }] }),
  );
  const bytes = httpRequest({ ...at, path: `/v2/models/${MODEL}/infer` }, 'x', {}, body);
  const expects = expectationOf({ id: ID, numbers: [MEAN_OF_ROW_0] }, 'v2-json');
  const job = { protocol: 'http', ...at, requests: [{ bytes, expects }], connections: 4, inFlight: 1 } as const;
  return load.run({ ...job, warmUpSeconds: 0.2, seconds: 2, limitMs: LIMIT_MS, open: { perSecond: 1500, seed: 3 } });
}

const ID = 'outside';
/** Of 0/997, 1/997, … 63/997. */
const MEAN_OF_ROW_0 = 31.5 / 997;

function waitsOf(results: readonly LoadResult[]): string {
  const most = (pick: (result: LoadResult) => number): string => Math.max(...results.map(pick)).toFixed(0);
  const answered = results.reduce((sum, each) => sum + each.answered, 0);
  return `${answered} requests, p99 at most ${most(({ latencyMs }) => latencyMs.p99)} ms, slowest ${most(({ latencyMs }) => latencyMs.max)} ms`;
}

describe('callers in another process', () => {
  it('are all answered while a model of 500 MB is brought and promoted', async () => {
    const [small, large] = [tableModel(256), tableModel(LARGE_BYTES)];
    const [first, second] = [revisionOf('1.0.0', small), revisionOf('2.0.0', large)];
    await bring(small, first);
    await fleet.turn(MODEL, [{ revision: first.revision, weight: 100 }]);
    await fleet.ready(MODEL, first.revision);
    const load = await startLoadGenerator();
    try {
      // The first is where code is compiled.
      await seenFromOutside(load);
      const without = [await seenFromOutside(load), await seenFromOutside(load)];
      const promotion = { isOver: false };
      const promoted = bring(large, second)
        .then(() => turnTo(first, second))
        .finally(() => {
          promotion.isOver = true;
        });
      const during: LoadResult[] = [];
      while (!promotion.isOver) during.push(await seenFromOutside(load));
      await promoted;
      expect([...without, ...during].flatMap(({ errors }) => Object.values(errors))).toEqual([]);
      console.log(`without a promotion ${waitsOf(without)}; with one ${waitsOf(during)}`);
    } finally {
      await load.stop();
    }
  });
});
