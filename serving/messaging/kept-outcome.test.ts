import { describe, expect, test } from 'vitest';
import { Refusal } from '../protocol/refusal.ts';
import { timeOfIdentifier } from '../replica/identifier.ts';
import { keptIdentifier } from './kept-identifier.ts';
import { outcomeOf, tooOften } from './kept-outcome.ts';

describe('a kept request that could not be answered', () => {
  test.each([400, 404, 413, 415, 422] as const)('is answered with its refusal when that is %i, at once', (status) => {
    expect(outcomeOf(new Refusal(status, 'no'), 1, 5)).toEqual({ kind: 'answer' });
  });

  test.each([429, 503] as const)(
    'stays in hand when there is no room for it (%i), however often it was delivered',
    (status) => {
      expect(outcomeOf(new Refusal(status, 'later'), 5, 5)).toEqual({ kind: 'hold' });
    },
  );

  test('is delivered again when the model failed at it, later each time', () => {
    const failed = new Refusal(500, 'the run failed');
    expect([1, 2, 3, 4].map((deliveries) => outcomeOf(failed, deliveries, 5))).toEqual(
      [1_000, 2_000, 4_000, 8_000].map((afterMs) => ({ kind: 'redeliver', afterMs })),
    );
    expect(outcomeOf(failed, 40, 50)).toEqual({ kind: 'redeliver', afterMs: 60_000 });
  });

  test('is a dead letter when the last delivery that is allowed failed', () => {
    expect(outcomeOf(new Refusal(500, 'the run failed'), 5, 5)).toEqual({
      kind: 'dead',
      reason: 'failed at 5 of 5 deliveries, at last: the run failed',
    });
  });

  test('is not tried once more when everybody who took it was never heard of again', () => {
    expect(tooOften(5, 5)).toBeUndefined();
    expect(tooOften(6, 5)).toBe('delivered 5 times, and whoever took it ended or was never heard of again');
  });
});

describe('the id of a kept request', () => {
  test('is the same each time it is delivered, holds when it was stored, and is no other request’s', () => {
    const id = keptIdentifier(1_795_258_291_979, 'SLIPWAY_ASYNC', 17);
    expect(keptIdentifier(1_795_258_291_979, 'SLIPWAY_ASYNC', 17)).toBe(id);
    expect(timeOfIdentifier(id)).toBe(1_795_258_291_979);
    const others = Array.from({ length: 1_000 }, (_, sequence) => keptIdentifier(1_795_258_291_979, 'S', sequence));
    expect(new Set([id, ...others]).size).toBe(1_001);
    expect(others.filter((other) => timeOfIdentifier(other) !== 1_795_258_291_979)).toEqual([]);
  });
});
