import {
  AckPolicy,
  type JetStreamClient,
  jetstream,
  jetstreamManager,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { type NatsConnection, connect, headers } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { awkwardRevision, loansFiles, loansRevision } from '../daemon/loans.fixture.ts';
import { machineOf } from '../daemon/capacity/machine.ts';
import { slowModel } from '../daemon/slow-model.fixture.ts';
import { type TestFleet, openTestFleet } from '../daemon/test-fleet.ts';
import { loansInputs } from './loans-inputs.fixture.ts';
import { type NatsServer, findNatsServer, openNatsServer } from './nats-server.fixture.ts';
import { ASYNC_STREAM, DEAD_STREAM, RESULT_STREAM } from './subjects.ts';

const natsServer = findNatsServer(process.env['SLIPWAY_TEST_NATS_SERVER']);
const v1 = loansRevision('1.0.0', 'v1_champion');
const ACK_WAIT_SECONDS = 12;

describe.skipIf(natsServer === undefined)('requests that are kept until they are answered', () => {
  let server: NatsServer;
  let fleet: TestFleet;
  let connection: NatsConnection;
  let client: JetStreamClient;
  let manager: JetStreamManager;

  beforeEach(async () => {
    server = await openNatsServer(natsServer);
    vi.stubEnv('NATS_URL', server.url);
    vi.stubEnv('NATS_ACK_WAIT_SECONDS', String(ACK_WAIT_SECONDS));
    vi.stubEnv('NATS_MAX_DELIVERIES', '2');
    fleet = await openTestFleet();
    vi.unstubAllEnvs();
    connection = await connect({ servers: server.url, reconnectTimeWait: 100, maxReconnectAttempts: -1 });
    client = jetstream(connection);
    manager = await jetstreamManager(connection);
  });

  afterEach(async () => {
    await connection?.close();
    await fleet?.close();
    await server?.close();
  });

  async function serve({ target, bytes }: ReturnType<typeof awkwardRevision>): Promise<void> {
    await fleet.bring(bytes, target);
    await fleet.turn(target.model, [{ revision: target.revision, weight: 100 }]);
    await fleet.until(
      `requests for ${target.model} are taken`,
      async () => (await consumer(target.model)) !== undefined,
    );
  }

  const serveLoans = () => serve({ target: v1, bytes: loansFiles() });

  async function consumer(model: string) {
    try {
      return await manager.consumers.info(ASYNC_STREAM, model);
    } catch {
      return undefined;
    }
  }

  async function messagesIn(stream: string): Promise<number> {
    return (await manager.streams.info(stream)).state.messages;
  }

  /** The stored answer, once it is there. */
  async function resultOf(key: string) {
    let found: Awaited<ReturnType<typeof manager.streams.getMessage>> = null;
    await fleet.until(`there is an answer under ${key}`, async () => {
      found = await manager.streams
        .getMessage(RESULT_STREAM, { last_by_subj: `slipway.result.${key}` })
        .catch(() => null);
      return found !== null;
    });
    if (found === null) throw new Error('there is none');
    return found as NonNullable<Awaited<ReturnType<typeof manager.streams.getMessage>>>;
  }

  const body = (id: string) => JSON.stringify({ id, inputs: loansInputs, outputs: [{ name: 'probabilities' }] });

  test('each is answered once, under its own id or its number, and leaves the stream', async () => {
    await serveLoans();
    const heard: string[] = [];
    connection.subscribe('slipway.result.loans.>', {
      callback: (_, message) => void heard.push(message.subject),
    });
    const acks = await Promise.all(
      Array.from({ length: 300 }, (_, index) =>
        client.publish('slipway.async.loans', body(`${index}`), { msgID: `order.${index}` }),
      ),
    );
    expect(acks.every(({ stream }) => stream === ASYNC_STREAM)).toBe(true);
    const numbered = await client.publish('slipway.async.loans.1.0.0', body('numbered'));
    const answer = await resultOf(`loans.@${numbered.seq}`);
    expect(answer.json()).toMatchObject({ id: 'numbered', model_version: '1.0.0' });
    expect(answer.header.get('x-slipway-revision')).toBe(v1.revision);
    await fleet.until('all are answered', async () => (await messagesIn(ASYNC_STREAM)) === 0);
    expect(await messagesIn(RESULT_STREAM)).toBe(301);
    const overHttp: unknown = await (await fleet.infer('loans', JSON.parse(body('7')))).json();
    expect((await resultOf('loans.order%2E7')).json()).toEqual(overHttp);
    expect(heard.length).toBe(301);
    expect(new Set(heard).size).toBe(301);
  });

  test('one that is sent twice with one id is answered once', async () => {
    await serveLoans();
    const first = await client.publish('slipway.async.loans', body('1'), { msgID: 'once' });
    const second = await client.publish('slipway.async.loans', body('2'), { msgID: 'once' });
    expect([first.duplicate, second.duplicate]).toEqual([false, true]);
    expect((await resultOf('loans.once')).json()).toMatchObject({ id: '1' });
  });

  test('one that will always be refused is answered with its refusal, at once and for good', async () => {
    await serveLoans();
    await client.publish('slipway.async.loans', '{"inputs": 7}', { msgID: 'wrong' });
    await client.publish('slipway.async.loans.9.9.9', body('x'), { msgID: 'no-version' });
    const wrong = await resultOf('loans.wrong');
    expect(wrong.header.get('Nats-Service-Error-Code')).toBe('400');
    expect(wrong.json()).toEqual({ error: expect.stringContaining('inputs must be a list') });
    expect((await resultOf('loans.no-version')).header.get('Nats-Service-Error-Code')).toBe('404');
    await fleet.until('both have left', async () => (await messagesIn(ASYNC_STREAM)) === 0);
    expect(await messagesIn(DEAD_STREAM)).toBe(0);
  });

  test('one that the model fails at is delivered again, and after the last delivery a dead letter', async () => {
    await serveLoans();
    const [first, ...others] = loansInputs;
    // Rows that do not go together: only the run finds out.
    const inputs = [{ ...first, shape: [2, 1], data: [1, 2] }, ...others];
    await client.publish('slipway.async.loans', JSON.stringify({ inputs }), { msgID: 'failing' });
    const answer = await resultOf('loans.failing');
    expect(answer.header.get('Nats-Service-Error-Code')).toBe('500');
    expect(answer.header.get('Nats-Service-Error')).toContain('failed at 2 of 2 deliveries');
    expect(await messagesIn(DEAD_STREAM)).toBe(1);
    await fleet.until('it has left', async () => (await messagesIn(ASYNC_STREAM)) === 0);
  });

  test('those that were sent before the model was there wait for it', async () => {
    await serveLoans();
    await client.publish('slipway.async.awkward', '{}', { msgID: 'early' });
    await fleet.until('it waits', async () => (await messagesIn(ASYNC_STREAM)) === 1);
    expect(await consumer('awkward')).toBeUndefined();
  });

  test('nothing is lost when the bus loses its power, and what is asked meanwhile is answered afterwards', async () => {
    await serveLoans();
    await client.publish('slipway.async.loans', body('before'), { msgID: 'before' });
    await resultOf('loans.before');
    await client.publish('slipway.async.later', '{}', { msgID: 'later' });
    await server.kill();
    await server.start();
    await fleet.until('the bus is back', async () => {
      const published = client.publish('slipway.async.loans', body('after'), { msgID: 'after', timeout: 1_000 });
      return published.then(
        () => true,
        () => false,
      );
    });
    expect((await resultOf('loans.after')).json()).toMatchObject({ id: 'after' });
    expect((await resultOf('loans.before')).json()).toMatchObject({ id: 'before' });
    // Where the bus forgot that a request was answered, it is delivered again, and its answer is found.
    await fleet.until('only what waits is left', async () => (await messagesIn(ASYNC_STREAM)) === 1);
    expect(await messagesIn(RESULT_STREAM)).toBe(2);
  });

  test('one whose replica is killed in the middle of its run is delivered again, and answered once with the same id', async () => {
    await serve(awkwardRevision('slow_loop.onnx'));
    const heard: string[] = [];
    connection.subscribe('slipway.result.slow-loop.>', {
      callback: (_, message) => void heard.push(message.headers?.get('x-slipway-id') ?? ''),
    });
    await client.publish('slipway.async.slow-loop', slowBody, { msgID: 'killed' });
    await killWhoRuns();
    const answer = await resultOf('slow-loop.killed');
    expect(answer.json()).toMatchObject({ model_name: 'slow-loop' });
    await fleet.until('it has left', async () => (await messagesIn(ASYNC_STREAM)) === 0);
    expect(heard).toEqual([answer.header.get('x-slipway-id')]);
  });

  test('one that ends whoever tries it is a dead letter after as many deliveries as are allowed', async () => {
    await serve(awkwardRevision('slow_loop.onnx'));
    const sent = headers();
    sent.set('traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01');
    await client.publish('slipway.async.slow-loop', slowBody, { msgID: 'poison', headers: sent });
    const first = await killWhoRuns();
    await killWhoRuns(first);
    const answer = await resultOf('slow-loop.poison');
    expect(answer.header.get('Nats-Service-Error-Code')).toBe('500');
    const dead = await manager.streams.getMessage(DEAD_STREAM, { last_by_subj: 'slipway.dead.slow-loop' });
    expect(dead?.string()).toBe(slowBody);
    expect(dead?.header.get('slipway-reason')).toContain('delivered 2 times');
    expect(dead?.header.get('traceparent')).toBe('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01');
    expect(dead?.header.get('slipway-original-nats-msg-id')).toBe('poison');
    expect(dead?.header.get('x-slipway-id')).toBe(answer.header.get('x-slipway-id'));
    await fleet.until('it has left', async () => (await messagesIn(ASYNC_STREAM)) === 0);
  });

  test('a consumer that is there stays as its operator made it', async () => {
    await serveLoans();
    await fleet.until('streams are there', async () => (await consumer('loans')) !== undefined);
    await manager.consumers.add(ASYNC_STREAM, {
      durable_name: 'dynamic-batch',
      filter_subjects: ['slipway.async.dynamic-batch', 'slipway.async.dynamic-batch.>'],
      ack_policy: AckPolicy.Explicit,
      max_ack_pending: 3,
    });
    await serve(awkwardRevision('dynamic_batch.onnx'));
    expect((await consumer('dynamic-batch'))?.config.max_ack_pending).toBe(3);
  });

  const slowBody = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] });

  /** Waits until somebody has the request in hand, and ends the replicas with SIGKILL. */
  async function killWhoRuns(before = 0): Promise<number> {
    let delivered = 0;
    await fleet.until('somebody runs it', async () => {
      const found = await consumer('slow-loop');
      delivered = found?.delivered.consumer_seq ?? 0;
      return delivered > before && found?.num_ack_pending === 1;
    });
    const { replicas } = await fleet.driver.observe(AbortSignal.timeout(20_000));
    for (const { id, role } of replicas) if (role === 'public') process.kill(Number(id), 'SIGKILL');
    return delivered;
  }

  test('that wait count as requests under way: more replicas are started for them', async () => {
    await fleet.close();
    vi.stubEnv('NATS_URL', server.url);
    fleet = await openTestFleet({ args: ['--scale-window-seconds', '5'] });
    vi.unstubAllEnvs();
    const slow = slowModel('slow', '1.0.0', 40);
    await fleet.bring(slow.files, slow.target);
    // What a replica has in hand at once, 64, is not more than it should have: only what waits asks for another one.
    const replicas = { min: 1, max: 2, target: 80 };
    await fleet.turn('slow', [{ revision: slow.target.revision, weight: 100 }], { replicas });
    await fleet.until('requests are taken', async () => (await consumer('slow')) !== undefined);
    const inputs = [{ name: 'value', datatype: 'FP32', shape: [1, 1], data: [1] }];
    const load = () => fleet.driver.observe(AbortSignal.timeout(30_000)).then(({ capacity }) => capacity);
    expect((await load())?.replicas).toBe(1);
    /** However fast they are answered: as many as that wait all the time. */
    const keepWaiting = async (): Promise<void> => {
      const waiting = (await consumer('slow'))?.num_pending ?? 0;
      for (let k = waiting; k < 1500; k++) await client.publish('slipway.async.slow', JSON.stringify({ inputs }));
    };
    await fleet.until('they ask for more replicas', async () => {
      await keepWaiting();
      return ((await load())?.load ?? 0) > 2;
    });
    if (machineOf().cores > 1)
      await fleet.until('there are two', async () => {
        await keepWaiting();
        return (await load())?.replicas === 2;
      });
  });

  test('wake a model that rests', async () => {
    await fleet.close();
    vi.stubEnv('NATS_URL', server.url);
    fleet = await openTestFleet({ args: ['--idle-seconds', '1'] });
    vi.unstubAllEnvs();
    await fleet.bring(loansFiles(), v1);
    await fleet.turn('loans', [{ revision: v1.revision, weight: 100 }], { replicas: { min: 0, max: 1, target: 4 } });
    await fleet.until('requests are taken', async () => (await consumer('loans')) !== undefined);
    await fleet.until('it rests', async () => (await fleet.find('loans')).resting === true);
    await client.publish('slipway.async.loans', body('wake'), { msgID: 'wake' });
    expect((await resultOf('loans.wake')).json<{ readonly id: string }>().id).toBe('wake');
  });
});
