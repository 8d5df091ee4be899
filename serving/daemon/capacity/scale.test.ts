import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bounds, type Load, SCALE_TIMES, type Scale, nextScale } from './scale.ts';

const SECOND_MS = 1_000;
const START: Scale = { replicas: 1, downAtMs: 0, panicUntilMs: 0 };

/** A fleet that looks once a second, as the daemon does: how many replicas there were after each second of this load. */
function simulated(loads: readonly number[], bounds: Bounds, start: Scale = START): readonly number[] {
  const seen: Load[] = [];
  let scale = start;
  return loads.map((replicas, second) => {
    const nowMs = 1_000_000 + second * SECOND_MS;
    seen.push({ atMs: nowMs, replicas });
    scale = nextScale(scale, seen, bounds, nowMs);
    return scale.replicas;
  });
}

const constant = (replicas: number, seconds: number): readonly number[] =>
  Array.from({ length: seconds }, () => replicas);

describe('the number of public replicas', () => {
  it('rises at once when the load is twice what there is', () => {
    expect(simulated(constant(3.2, 2), { min: 1, max: 8 })).toEqual([4, 4]);
  });

  it('does not rise for a second of load within a quiet minute, short of a panic', () => {
    expect(Math.max(...simulated([...constant(0.5, 60), 2, ...constant(0.5, 30)], { min: 1, max: 8 }))).toBe(1);
  });

  it('falls by one at a time, after nobody has needed it for the stable window', () => {
    const counts = simulated([...constant(4, 10), ...constant(0, 200)], { min: 1, max: 8 });
    expect(counts[9]).toBe(4);
    // Ten seconds of load, and the panic's minute.
    expect(counts.slice(10, 60)).toEqual(constant(4, 50));
    expect(counts.at(-1)).toBe(1);
    const falls = counts.flatMap((count, second) => (second > 0 && count < (counts[second - 1] ?? 0) ? [second] : []));
    expect(falls).toHaveLength(3);
    for (const [index, second] of falls.slice(1).entries())
      expect((second - (falls[index] ?? 0)) * SECOND_MS).toBeGreaterThanOrEqual(SCALE_TIMES.downEveryMs);
  });

  it('stays as it is while little is known yet', () => {
    const start = { ...START, replicas: 3 };
    expect(simulated(constant(0, 30), { min: 1, max: 8 }, start)).toEqual(constant(3, 30));
  });

  const bounds = fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 10 }))
    .map(([min, more]) => ({ min, max: min + more }));
  const load = fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { minLength: 1, maxLength: 300 });

  it('is within the bounds, always', () => {
    fc.assert(
      fc.property(load, bounds, (loads, { min, max }) => {
        for (const count of simulated(loads, { min, max })) {
          expect(count).toBeGreaterThanOrEqual(min);
          expect(count).toBeLessThanOrEqual(max);
        }
      }),
    );
  });

  it('never falls by more than one, nor twice within the time between', () => {
    fc.assert(
      fc.property(load, bounds, (loads, { min, max }) => {
        const counts = simulated(loads, { min, max });
        let fellAt = -Infinity;
        for (const [second, count] of counts.entries()) {
          const before = counts[second - 1] ?? count;
          expect(before - count).toBeLessThanOrEqual(1);
          if (count >= before) continue;
          expect((second - fellAt) * SECOND_MS).toBeGreaterThanOrEqual(SCALE_TIMES.downEveryMs);
          fellAt = second;
        }
      }),
    );
  });

  it('of a steady load ends at what that load needs, and stays there', () => {
    fc.assert(
      fc.property(load, bounds, fc.double({ min: 0, max: 12, noNaN: true }), (before, { min, max }, steady) => {
        const counts = simulated([...before, ...constant(steady, 400)], { min, max });
        const needed = Math.min(max, Math.max(min, Math.ceil(steady - 0.02)));
        expect(counts.slice(-60)).toEqual(constant(needed, 60));
      }),
      { numRuns: 30 },
    );
  });
});
