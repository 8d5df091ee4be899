import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { slowModel } from '../daemon/slow-model.fixture.ts';
import { type ModelSession, openSession } from '../model/session.ts';
import type { Tensor } from '../model/tensor.ts';
import { BESIDE_PRIORITY, Batcher, type BatcherOptions } from './batcher.ts';
import { Neighbours } from './neighbours.ts';
import { RunTimes } from './run-times.ts';

const SOON = (): number => performance.now() + 60_000;
let session: ModelSession | undefined;
afterEach(async () => {
  await session?.close();
});

/** A batcher over a real graph, and the rows of each of its runs. */
async function batcherOf(file: string, more: Partial<BatcherOptions> = {}) {
  session = await openSession({
    model: await readFile(new URL(`../../fixtures/awkward-models/${file}`, import.meta.url)),
  });
  const runs: number[] = [];
  const batcher = new Batcher(session, { maxBatch: 64, maxQueued: 100, onRun: (rows) => runs.push(rows), ...more });
  return { batcher, runs };
}

const rowsOf = (...rows: readonly (readonly number[])[]): ReadonlyMap<string, Tensor> =>
  new Map([['x', { datatype: 'FP32', shape: [rows.length, 4], data: Float32Array.from(rows.flat()) }]]);

const row = (first: number): readonly number[] => [first, 1, 2, 3];

describe('a batcher', () => {
  it('makes one run of what one turn of the event loop brought, and gives everybody their own rows', async () => {
    const { batcher, runs } = await batcherOf('dynamic_batch.onnx');
    const alone = await Promise.all(
      [10, 20, 30].map(async (first) => {
        const { outputs } = await batcher.submit(rowsOf(row(first)), undefined, '', SOON());
        return outputs.get('y');
      }),
    );
    expect(runs).toEqual([3]);
    const { outputs } = await batcher.submit(rowsOf(row(10), row(20), row(30)), undefined, '', SOON());
    const together = Array.from(outputs.get('y')?.data ?? [], Number);
    expect(alone.flatMap((tensor) => Array.from(tensor?.data ?? [], Number))).toEqual(together);
    expect(alone.map((tensor) => tensor?.shape)).toEqual([
      [1, 3],
      [1, 3],
      [1, 3],
    ]);
  });

  it('gives everybody their own rows where large ones are put together in memory that is used again', async () => {
    const { batcher, runs } = await batcherOf('dynamic_batch.onnx', { maxBatch: 20_000 });
    const large = (from: number) => rowsOf(...Array.from({ length: 3000 }, (_, k) => row(from + k)));
    const alone = async (from: number) =>
      (await batcher.submit(large(from), undefined, '', SOON())).outputs.get('y')?.data;
    for (const round of [0, 1, 2]) {
      const starts = [1, 2, 3 - round].map((k) => 10_000 * (3 * round + k));
      const together = await Promise.all(starts.map(alone));
      for (const [index, from] of starts.entries()) expect(together[index]).toEqual(await alone(from));
    }
    expect(Math.max(...runs)).toBe(9000);
  });

  it('puts no more rows into a run than it may, and answers a larger request in several', async () => {
    const { batcher, runs } = await batcherOf('dynamic_batch.onnx', { maxBatch: 2 });
    await Promise.all([1, 2, 3].map((first) => batcher.submit(rowsOf(row(first)), undefined, '', SOON())));
    const { outputs } = await batcher.submit(rowsOf(row(1), row(2), row(3), row(4), row(5)), undefined, '', SOON());
    expect(runs).toEqual([2, 1, 2, 2, 1]);
    expect(outputs.get('y')?.shape).toEqual([5, 3]);
  });

  it('gives each row of a graph that looks at its whole batch the answer that it gets alone, where maxBatch is 1', async () => {
    const { batcher } = await batcherOf('batch_dependent_scaled.onnx', { maxBatch: 1 });
    const { outputs } = await batcher.submit(rowsOf([2, 2, 2, 2], [8, 8, 8, 8]), undefined, '', SOON());
    expect(Array.from(outputs.get('y')?.data ?? [], Number)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it.each([
    ['other outputs', ['y'], ''],
    ['other parameters', undefined, '{"priority":1}'],
  ])('does not merge requests with %s', async (_, fetches, parameters) => {
    const { batcher, runs } = await batcherOf('dynamic_batch.onnx');
    await Promise.all([
      batcher.submit(rowsOf(row(1)), undefined, '', SOON()),
      batcher.submit(rowsOf(row(2)), fetches, parameters, SOON()),
    ]);
    expect(runs).toEqual([1, 1]);
  });

  it('never merges for a graph whose batch dimension is a constant', async () => {
    const { batcher, runs } = await batcherOf('fixed_batch_1.onnx');
    await Promise.all([1, 2].map((first) => batcher.submit(rowsOf(row(first)), undefined, '', SOON())));
    expect(runs).toEqual([1, 1]);
  });

  it('refuses with 429 when as many wait as may, and says when to come back', async () => {
    const { batcher } = await batcherOf('dynamic_batch.onnx', { maxQueued: 2 });
    const asked = [1, 2, 3].map((first) => batcher.submit(rowsOf(row(first)), undefined, '', SOON()));
    const settled = await Promise.allSettled(asked);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    await expect(asked[2]).rejects.toMatchObject({ status: 429, retryAfterSeconds: 1 });
  });

  it('refuses with 503 a request whose deadline passes while it waits, and runs nothing for it', async () => {
    const { batcher, runs } = await batcherOf('dynamic_batch.onnx');
    const late = batcher.submit(rowsOf(row(1)), undefined, '', performance.now() - 1);
    await expect(late).rejects.toMatchObject({ status: 503 });
    expect(runs).toEqual([]);
  });

  it('lets one request that the graph cannot take fail alone', async () => {
    const { batcher } = await batcherOf('dynamic_batch.onnx');
    const wrong: ReadonlyMap<string, Tensor> = new Map([
      ['z', { datatype: 'FP32', shape: [1, 4], data: new Float32Array(4) }],
    ]);
    const settled = await Promise.allSettled([
      batcher.submit(rowsOf(row(1)), undefined, '', SOON()),
      batcher.submit(wrong, undefined, '', SOON()),
      batcher.submit(rowsOf(row(2)), undefined, '', SOON()),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('has settled when nothing waits and nothing runs', async () => {
    const { batcher, runs } = await batcherOf('dynamic_batch.onnx', { maxBatch: 1 });
    const asked = [1, 2, 3].map((first) => batcher.submit(rowsOf(row(first)), undefined, '', SOON()));
    await batcher.settled();
    expect(runs).toEqual([1, 1, 1]);
    await Promise.all(asked);
  });
});

describe('the order of a queue', () => {
  it('is by priority, and by age among equals', async () => {
    const { batcher } = await batcherOf('dynamic_batch.onnx', { maxBatch: 1 });
    const order: string[] = [];
    const ask = async (name: string, priority?: number): Promise<void> => {
      await batcher.submit(rowsOf(row(1)), undefined, '', SOON(), priority);
      order.push(name);
    };
    await Promise.all([
      ask('usual'),
      ask('late', 1000),
      ask('first', 1),
      ask('usual too'),
      ask('first too', 1),
      ask('second', 2),
    ]);
    expect(order).toEqual(['first', 'first too', 'second', 'usual', 'usual too', 'late']);
  });

  it('keeps a request of low priority no longer than its deadline', async () => {
    const { batcher } = await batcherOf('dynamic_batch.onnx', { maxBatch: 1 });
    const late = batcher.submit(rowsOf(row(1)), undefined, '', performance.now() - 1, 1000);
    const [answered, refused] = await Promise.allSettled([
      batcher.submit(rowsOf(row(2)), undefined, '', SOON(), 1),
      late,
    ]);
    expect(answered.status).toBe('fulfilled');
    expect(refused).toMatchObject({ status: 'rejected', reason: { status: 503 } });
  });
});

describe('run times', () => {
  it('are the medians of the last runs, which forget a slow start', () => {
    const times = new RunTimes();
    expect(times.medians).toBeUndefined();
    times.add(1, 500);
    expect(times.medians).toEqual({ runMs: 500, rowMs: 500, mergingPays: true });
    for (let run = 0; run < 64; run++) times.add(4, 8);
    expect(times.medians?.runMs).toBe(8);
    for (let run = 0; run < 64; run++) times.add(4, 8, 2);
    expect(times.medians?.runMs).toBe(4);
    for (let run = 0; run < 64; run++) times.add(4, 8);
    expect(times.medians).toEqual({ runMs: 8, rowMs: 2, mergingPays: true });
  });

  it('are those of the own runs, though those of another model hold them up every time', async () => {
    const { batcher: quick } = await batcherOf('dynamic_batch.onnx');
    const [bytes = new Uint8Array()] = slowModel('slow', '1.0.0', 20).files.values();
    const other = await openSession({ model: bytes });
    try {
      const slow = new Batcher(other, { maxBatch: 1, maxQueued: 100, onRun: () => undefined });
      const value: Tensor = { datatype: 'FP32', shape: [1, 1], data: Float32Array.of(1) };
      for (let run = 0; run < 16; run++)
        await Promise.all([
          slow.submit(new Map([['value', value]]), undefined, '', SOON()),
          quick.submit(rowsOf(row(1)), undefined, '', SOON()),
        ]);
      expect(quick.runTime?.runs).toBe(16);
      expect(quick.runTime?.medianMs).toBeLessThan((slow.runTime?.medianMs ?? 0) / 4);
    } finally {
      await other.close();
    }
  });

  it('tell whether rows are quicker together, by runs of both kinds', () => {
    const times = new RunTimes();
    for (let run = 0; run < 8; run++) times.add(1, 10);
    for (let run = 0; run < 3; run++) times.add(2, 30);
    expect(times.medians?.mergingPays).toBe(true);
    for (let run = 0; run < 5; run++) times.add(2, 30);
    expect(times.medians?.mergingPays).toBe(false);
    for (let run = 0; run < 16; run++) times.add(2, 19);
    expect(times.medians?.mergingPays).toBe(true);
  });

  it('forget that merging did not pay, so that it is tried again', () => {
    const times = new RunTimes();
    for (let run = 0; run < 16; run++) times.add(run % 2 === 0 ? 1 : 2, 20 * (run % 2) + 9);
    expect(times.medians?.mergingPays).toBe(false);
    for (let run = 0; run < 32; run++) times.add(1, 9);
    expect(times.medians?.mergingPays).toBe(true);
  });
});

/** Of a model with runs of one row of so many milliseconds. */
function timesOf(rowMs: number): RunTimes {
  const times = new RunTimes();
  for (let run = 0; run < 32; run++) times.add(1, rowMs);
  return times;
}

describe('runs that take long', () => {
  const askAll = async ({ batcher, runs }: Awaited<ReturnType<typeof batcherOf>>, count: number) => {
    const asked = Array.from({ length: count }, async (_, first) => {
      const { outputs } = await batcher.submit(rowsOf(row(first)), undefined, '', SOON());
      return outputs.get('y');
    });
    return { answers: await Promise.all(asked), runs };
  };

  it('hold up other models no longer for being merged', async () => {
    const neighbours = new Neighbours();
    neighbours.of('other').askedAt = performance.now();
    const made = await batcherOf('dynamic_batch.onnx', { times: timesOf(1.9), neighbour: neighbours.of('this') });
    expect((await askAll(made, 5)).runs).toEqual([2, 2, 1]);
  });

  it('are made of two thirds of those who wait, where no other model is asked, and everybody gets their own rows', async () => {
    const made = await batcherOf('dynamic_batch.onnx', { times: timesOf(3), maxBatch: 16 });
    const { answers, runs } = await askAll(made, 7);
    expect(runs).toEqual([5, 2]);
    const alone = await batcherOf('dynamic_batch.onnx', { maxBatch: 1 });
    expect((await askAll(alone, 7)).answers).toEqual(answers);
  });

  it('are merged up to a bound', async () => {
    const made = await batcherOf('dynamic_batch.onnx', { times: timesOf(20) });
    expect((await askAll(made, 8)).runs).toEqual([2, 2, 2, 2]);
  });

  it('are not merged where rows are no quicker together', async () => {
    const times = timesOf(10);
    for (let run = 0; run < 8; run++) times.add(2, 22);
    const made = await batcherOf('dynamic_batch.onnx', { times });
    expect((await askAll(made, 4)).runs).toEqual([1, 1, 1, 1]);
  });

  it('are not lengthened by what is no prediction', async () => {
    const { batcher, runs } = await batcherOf('dynamic_batch.onnx', { times: timesOf(3) });
    const beside = [1, 2].map((first) => batcher.submit(rowsOf(row(first)), undefined, '', SOON(), BESIDE_PRIORITY));
    const predictions = [3, 4, 5].map((first) => batcher.submit(rowsOf(row(first)), undefined, '', SOON()));
    await Promise.all([...predictions, ...beside]);
    expect(runs).toEqual([2, 1]);
  });
});
