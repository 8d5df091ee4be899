import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Client, type ServiceClientConstructor, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterEach, describe, expect, it } from 'vitest';
import type { Arm, ModelTarget } from '../../fleet.ts';
import { machineOf } from './machine.ts';
import { loansFiles, loansRecord, loansRevision } from '../loans.fixture.ts';
import { slowModel } from '../slow-model.fixture.ts';
import { type TestFleet, openTestFleet } from '../test-fleet.ts';

const PATIENT = { timeout: 240_000 };
/** About a tenth of a second a run. */
const PRODUCTS = 160;
const quick = loansRevision('1.0.0', 'v1_champion');
const slow = slowModel('slow', '1.0.0', PRODUCTS);
const better = slowModel('slow', '2.0.0', PRODUCTS + 1);

let fleet: TestFleet;
afterEach(async () => {
  await fleet.close();
});

const only = (revision: string) => [{ revision, weight: 100 }];

async function serve(args: readonly string[], replicas: ModelTarget['replicas'] = { min: 1, max: 1, target: 4 }) {
  fleet = await openTestFleet({ grpcPort: 0, args: ['--scale-window-seconds', '10', ...args] });
  await fleet.bring(new Map([...loansFiles(), ...slow.files, ...better.files]), quick, slow.target, better.target);
  await fleet.turn('loans', only(quick.revision), { replicas: { min: 1, max: 1, target: 64 } });
  await fleet.turn('slow', only(slow.target.revision), { replicas });
  await fleet.ready('loans', quick.revision);
  await fleet.ready('slow', slow.target.revision);
}

const observe = () => fleet.driver.observe(AbortSignal.timeout(60_000));
const apart = async () => (await observe()).capacity?.apart ?? [];
const ownProcesses = async (): Promise<readonly number[]> =>
  (await observe()).replicas
    .filter(({ role, state }) => role === 'candidate' && state === 'ready')
    .map(({ id }) => Number(id));

/** Callers who ask without a pause, one after the other of these, and what they saw: an answer by its status and version. */
function callers(count: number, ...asks: readonly (() => Promise<string>)[]) {
  let isOn = true;
  const answers = new Map<string, number>();
  let latencies: number[] = [];
  const loops = Array.from({ length: count }, async (_, k) => {
    for (let next = k; isOn; next++) {
      const ask = asks[next % asks.length] ?? (() => Promise.resolve('nothing is asked'));
      const start = performance.now();
      const what = await ask().catch(
        (error: unknown) => `failed: ${String(error)} ${String(error instanceof Error ? error.cause : '')}`,
      );
      latencies.push(performance.now() - start);
      answers.set(what, (answers.get(what) ?? 0) + 1);
    }
  });
  const asked = (): number => [...answers.values()].reduce((sum, each) => sum + each, 0);
  return {
    answers,
    asked,
    /** Resolves when so many more were answered. */
    async more(next: number): Promise<void> {
      const before = asked();
      await fleet.until('there are answers', async () => asked() >= before + next);
    },
    /** The median latency of the next so many answers. */
    async medianMs(next: number): Promise<number> {
      latencies = [];
      await fleet.until('there are answers', async () => latencies.length >= next);
      return latencies.toSorted((a, b) => a - b)[latencies.length >> 1] ?? 0;
    },
    async stop(): Promise<ReadonlyMap<string, number>> {
      isOn = false;
      await Promise.all(loops);
      return answers;
    },
  };
}

async function seen(asking: Promise<Response>): Promise<string> {
  const response = await asking;
  const body = await response.text();
  return `${response.status}${response.ok ? '' : ` ${body}`} ${response.headers.get('x-slipway-model-version')}`;
}

const askQuick = () => seen(fleet.predict('loans', loansRecord));
const askRecords = () => seen(fleet.predict('slow', { value: 1 }));
const askTensors = () =>
  seen(fleet.infer('slow', { inputs: [{ name: 'value', datatype: 'FP32', shape: [1, 1], data: [1] }] }));
const isAnswered = (what: string): boolean => what.startsWith('200 ');

const PROTO = fileURLToPath(new URL('../../protocol/inference.proto', import.meta.url));
const LIMIT_MS = 60_000;

function grpcClient(): { readonly ask: () => Promise<string>; readonly close: () => void } {
  const loaded = loadPackageDefinition(loadSync(PROTO, { keepCase: true, longs: String, defaults: true }));
  const { GRPCInferenceService } = loaded['inference'] as unknown as Readonly<Record<string, ServiceClientConstructor>>;
  if (GRPCInferenceService === undefined) throw new Error('the protocol has no inference service');
  const client: Client = new GRPCInferenceService(fleet.grpc ?? '', credentials.createInsecure());
  const message = {
    model_name: 'slow',
    inputs: [{ name: 'value', datatype: 'FP32', shape: [1, 1] }],
    raw_input_contents: [Buffer.from(Float32Array.of(1).buffer)],
  };
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        const infer = (client as unknown as Record<string, Function>)['ModelInfer'];
        const deadline = Date.now() + LIMIT_MS;
        infer?.call(
          client,
          message,
          { deadline },
          (error: Error | null, answer: { readonly model_version: string; readonly raw_output_contents: Buffer[] }) => {
            if (error !== null) reject(error);
            else resolve(`${answer.raw_output_contents[0]?.length === 4 ? 200 : 'no tensor'} ${answer.model_version}`);
          },
        );
      }),
    close: () => client.close(),
  };
}

describe('a slow model beside a quick one', PATIENT, () => {
  it('moves into a process of its own, without one failed request, and the quick one is answered many times sooner', async () => {
    await serve(['--slow-run-ms', 'never']);
    const together = { slow: callers(2, askRecords), quick: callers(2, askQuick) };
    const heldUpMs = await together.quick.medianMs(40);
    await together.slow.stop();
    await together.quick.stop();
    expect(await apart()).toEqual([]);
    await fleet.close();

    await serve([]);
    const [slowly, quickly] = [callers(2, askRecords, askTensors), callers(2, askQuick)];
    await fleet.until('it has moved', async () => (await apart()).length > 0);
    await fleet.until('it has its process', async () => (await ownProcesses()).length > 0);
    const freeMs = await quickly.medianMs(200);
    console.log(`median latency of the quick model: ${heldUpMs} ms held up, ${freeMs} ms free`);
    expect(freeMs).toBeLessThan(heldUpMs / 4);
    expect([...(await slowly.stop()).keys()]).toEqual(['200 1.0.0']);
    expect([...(await quickly.stop()).keys()]).toEqual(['200 1.0.0']);
    expect(await apart()).toEqual([{ model: 'slow', why: 'slow', replicas: 1 }]);
  });

  it('is counted and logged as it was before, each request once', async () => {
    await serve([]);
    const ids: string[] = [];
    const noting = async (asking: Promise<Response>): Promise<string> => {
      const response = await asking;
      ids.push(response.headers.get('x-slipway-id') ?? '');
      return seen(Promise.resolve(response));
    };
    const warming = callers(1, askQuick);
    const asking = callers(3, () => noting(fleet.predict('slow', { value: 1 })));
    await fleet.until('it has its process', async () => (await ownProcesses()).length > 0);
    await asking.more(20);
    await asking.stop();
    await warming.stop();
    const { arms } = await fleet.driver.stats('slow', AbortSignal.timeout(10_000));
    expect(arms[0]).toMatchObject({ requests: ids.length, errors: 0, unservable: 0 });
    expect(arms[0]?.score.count).toBe(ids.length);
    const path = '/fleet/models/slow/predictions?format=json&limit=10000';
    const { rows } = (await (await fetch(`${fleet.adminUrl}${path}`)).json()) as {
      readonly rows: readonly { readonly id: string; readonly arm: string }[];
    };
    expect(rows.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect(new Set(rows.map(({ arm }) => arm))).toEqual(new Set(['stable']));
  });

  it('is promoted, rolled back, restarted and moved back without one failed request, and loses none when its process dies', async () => {
    await serve([], { min: 1, max: machineOf().cores < 2 ? 1 : 2, target: 2 });
    const grpc = grpcClient();
    const asking = callers(6, askRecords, askTensors, grpc.ask);
    const quickly = callers(1, askQuick);
    await fleet.until('it has as many processes as its load asks for', async () => {
      const [found] = await apart();
      return found !== undefined && (await ownProcesses()).length === Math.min(2, machineOf().cores);
    });
    const turnTo = async (arms: readonly Arm[], version: string): Promise<void> => {
      await fleet.turn('slow', arms, { replicas: { min: 1, max: 2, target: 2 } });
      await fleet.until(`${version} has all requests`, async () => {
        const before = asking.answers.get(`200 ${version}`) ?? 0;
        await asking.more(12);
        return (asking.answers.get(`200 ${version}`) ?? 0) - before >= 12;
      });
    };
    const [first, second] = [slow.target.revision, better.target.revision];
    await fleet.turn('slow', [
      { revision: first, weight: 50 },
      { revision: second, weight: 50, leased: true },
    ]);
    await fleet.renew('slow', 120);
    await fleet.until('the candidate answers', async () => (asking.answers.get('200 2.0.0') ?? 0) > 3);
    await turnTo(
      [
        { revision: second, weight: 100 },
        { revision: first, weight: 0 },
      ],
      '2.0.0',
    );
    await turnTo(
      [
        { revision: first, weight: 100 },
        { revision: second, weight: 0 },
      ],
      '1.0.0',
    );
    await turnTo(only(first), '1.0.0');
    await fleet.until('the other revision has left', async () => {
      const { revisions } = await fleet.find('slow');
      return revisions.find(({ revision }) => revision === second)?.replicas.length === 0;
    });

    const before = await ownProcesses();
    process.kill(before[0] ?? 0, 'SIGKILL');
    await fleet.until('another one has taken its place', async () => {
      const now = await ownProcesses();
      return now.length === before.length && !now.includes(before[0] ?? 0);
    });
    await asking.more(12);

    const daemons = (): string =>
      spawnSync('ps', ['-o', 'pid=', '--ppid', String(fleet.pid)])
        .stdout.toString()
        .trim();
    const daemon = daemons();
    process.kill(fleet.pid, 'SIGHUP');
    await fleet.until('another daemon runs alone', async () => /^\d+$/.test(daemons()) && daemons() !== daemon);
    await asking.more(12);
    expect(await apart()).toMatchObject([{ model: 'slow', why: 'slow' }]);

    await quickly.stop();
    await fleet.apply({ kind: 'retire-model', model: 'loans', generation: (await fleet.find('loans')).generation });
    await fleet.until('it has moved back', async () => (await apart()).length === 0);
    await fleet.until('nothing is left apart', async () =>
      (await observe()).replicas.every(({ role }) => role === 'public'),
    );
    await asking.more(12);
    const answers = await asking.stop();
    grpc.close();
    expect([...answers.keys()].filter((what) => !isAnswered(what))).toEqual([]);
    expect([...quickly.answers.keys()]).toEqual(['200 1.0.0']);
  });
});
