import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../model/tensor.ts';
import type { Answerable } from './load-revision.ts';
import { ResponseCache } from './response-cache.ts';
import { SideCounter } from './side-counts.ts';

const floats = (...numbers: readonly number[]): Tensor => ({
  datatype: 'FP32',
  shape: [1, numbers.length],
  data: Float32Array.from(numbers),
});
const texts = (...values: readonly string[]): Tensor => ({
  datatype: 'BYTES',
  shape: [values.length],
  data: [...values],
});
const feedsOf = (...tensors: readonly Tensor[]) => new Map(tensors.map((tensor, k) => [`input ${k}`, tensor]));

/** A revision that answers how often it was asked, as a view of something larger. */
function counting(revision = 'sha256:a') {
  let runs = 0;
  const batch = new Float32Array(1000);
  const submit: Answerable['batcher']['submit'] = async () => {
    runs += 1;
    batch[7] = runs;
    return { outputs: new Map([['y', { datatype: 'FP32', shape: [1], data: batch.subarray(7, 8) }]]), queueMs: 1 };
  };
  // The cache looks at nothing else of a revision.
  return { order: { revision }, batcher: { submit } } as unknown as Answerable;
}

function opened(limitBytes: number, loaded = counting()) {
  const cache = new ResponseCache(limitBytes);
  const side = new SideCounter();
  const ask = async (
    feeds: ReadonlyMap<string, Tensor>,
    fetches?: readonly string[],
    parameters = '',
    from = loaded,
  ): Promise<number> => {
    const { outputs } = await cache.around(from, side).loaded.batcher.submit(feeds, fetches, parameters, Infinity);
    return Number(outputs.get('y')?.data[0]);
  };
  return { cache, side, ask };
}

const ROOMY = 1e6;

describe('the response cache', () => {
  it('answers a request that comes again as it did before, and counts hits and misses', async () => {
    const { ask, side } = opened(ROOMY);
    expect(await ask(feedsOf(floats(1, 2)))).toBe(1);
    expect(await ask(feedsOf(floats(1, 3)))).toBe(2);
    expect(await ask(feedsOf(floats(1, 2)))).toBe(1);
    expect(side.cache).toMatchObject({ hits: 1, misses: 2 });
  });

  it('tells of a request whether all of it came from the cache', async () => {
    const cache = new ResponseCache(ROOMY);
    const around = async (...lists: readonly ReadonlyMap<string, Tensor>[]) => {
      const { loaded, wasHit } = cache.around(counting(), new SideCounter());
      for (const feeds of lists) await loaded.batcher.submit(feeds, undefined, '', Infinity);
      return wasHit();
    };
    expect(await around(feedsOf(floats(1)))).toBe(false);
    expect(await around(feedsOf(floats(1)))).toBe(true);
    expect(await around(feedsOf(floats(1)), feedsOf(floats(2)))).toBe(false);
    expect(await around()).toBe(false);
  });

  it.each([
    ['another revision', feedsOf(floats(1)), undefined, '', counting('sha256:b')],
    ['other outputs', feedsOf(floats(1)), ['y'], '', undefined],
    ['other parameters', feedsOf(floats(1)), undefined, '{"priority":1}', undefined],
    ['another shape', feedsOf({ ...floats(1), shape: [1] }), undefined, '', undefined],
    ['negative zero', feedsOf(floats(-0)), undefined, '', undefined],
    [
      'another datatype',
      feedsOf({ ...floats(1), datatype: 'INT32', data: Int32Array.of(1) }),
      undefined,
      '',
      undefined,
    ],
    ['another name', new Map([['other', floats(1)]]), undefined, '', undefined],
  ] as const)('takes %s for another request', async (_, feeds, fetches, parameters, from) => {
    const { ask, side } = opened(ROOMY);
    await ask(feedsOf(floats(0)));
    await ask(feedsOf(floats(1)));
    await ask(feeds, fetches, parameters, from);
    expect(side.cache).toMatchObject({ hits: 0, misses: 3 });
  });

  it('takes lists of texts for one request only when they are equal, however they run together', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string()), fc.array(fc.string()), async (a, b) => {
        const { ask } = opened(ROOMY);
        const [first, second] = [await ask(feedsOf(texts(...a))), await ask(feedsOf(texts(...b)))];
        expect(first === second).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });

  it('lets go of what was not asked for longest, and never holds more than its limit', async () => {
    const { ask, cache } = opened(3 * 600);
    for (const k of [1, 2, 3]) await ask(feedsOf(floats(k)));
    expect(await ask(feedsOf(floats(1)))).toBe(1);
    expect(await ask(feedsOf(floats(4)))).toBe(4);
    expect(cache.bytes).toBeLessThanOrEqual(cache.limitBytes);
    expect(await ask(feedsOf(floats(1)))).toBe(1);
    expect(await ask(feedsOf(floats(2)))).toBe(5);
    cache.resize(600);
    expect(cache.bytes).toBeLessThanOrEqual(600);
  });

  it('keeps nothing that is larger than all of it', async () => {
    const { ask, cache } = opened(100);
    expect([await ask(feedsOf(floats(1))), await ask(feedsOf(floats(1)))]).toEqual([1, 2]);
    expect(cache.bytes).toBe(0);
  });
});
