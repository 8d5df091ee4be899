import { describe, expect, it } from 'vitest';
import type { ModelStats } from '../../serving/fleet.ts';
import { trafficOf } from './traffic.ts';

const arm = (
  requests: number,
  errors: number,
  counts: readonly number[],
  processes = ['1'],
): ModelStats['arms'][number] => {
  const histogram = { bounds: [1, 2, 5], counts, sum: 0, count: counts.reduce((total, count) => total + count, 0) };
  return {
    revision: 'a',
    processes,
    requests,
    errors,
    unservable: 0,
    latencyMs: histogram,
    computeMs: histogram,
    computeByRows: [],
    score: { count: 0, sum: 0, sumOfSquares: 0 },
  };
};
const stats = (...arms: ModelStats['arms']): ModelStats => ({ model: 'income', generation: 1, arms });

describe('traffic between two looks', () => {
  it('is the growth of the counters', () => {
    const traffic = trafficOf(stats(arm(100, 5, [100, 0, 0, 0])), stats(arm(300, 6, [298, 1, 1, 0])), 10);
    expect(traffic).toMatchObject({ seconds: 10, requests: 200, errors: 1, p99Ms: 1, recent: [20] });
  });

  it('counts a restarted process from nothing, and subtracts nothing from it', () => {
    expect(trafficOf(stats(arm(100, 5, [100, 0, 0, 0])), stats(arm(30, 0, [0, 0, 30, 0], ['2'])), 10)).toMatchObject({
      requests: 30,
      errors: 0,
      p99Ms: 5,
    });
  });

  it('has no p99 when nothing was asked', () => {
    const same = stats(arm(100, 5, [100, 0, 0, 0]));
    expect(trafficOf(same, same, 10, [4, 2])).toEqual({ seconds: 10, requests: 0, errors: 0, recent: [4, 2, 0] });
  });

  it('says the last bound for what lies above all', () => {
    expect(trafficOf(stats(), stats(arm(10, 0, [0, 0, 0, 10])), 1).p99Ms).toBe(5);
  });
});
