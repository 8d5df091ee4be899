import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AssignableArm, assignedArm, effectiveWeights, shareOf } from './assign.ts';

const arm = (revision: string, weight: number, more: Partial<AssignableArm> = {}): AssignableArm => ({
  revision,
  weight,
  leased: false,
  available: true,
  ...more,
});

const twoArms = (candidate: number): readonly AssignableArm[] => [
  arm('stable', 100 - candidate),
  arm('candidate', candidate, { leased: true }),
];

describe('a share', () => {
  it('is the same in every process, for ever', () => {
    // Computed once and written down: a change would move callers between arms.
    expect(shareOf('salt', 'caller-1')).toMatchInlineSnapshot(`5.559001490473747`);
    expect(shareOf('salt', '')).toMatchInlineSnapshot(`75.59421840123832`);
  });

  it('is spread evenly: 10,000 callers fall to an arm as often as its weight says, within four standard deviations', () => {
    const callers = 10_000;
    for (const weight of [1, 5, 25, 50, 90]) {
      const hits = Array.from({ length: callers }, (_, k) => shareOf('a salt', `caller ${k}`)).filter(
        (share) => share < weight,
      );
      const p = weight / 100;
      expect(Math.abs(hits.length - callers * p)).toBeLessThan(4 * Math.sqrt(callers * p * (1 - p)));
    }
  });

  it('depends on the salt: two models do not try their candidates on the same callers', () => {
    const both = Array.from({ length: 10_000 }, (_, k) => `caller ${k}`).filter(
      (key) => shareOf('one', key) < 10 && shareOf('other', key) < 10,
    );
    // 1 % of them by chance; four standard deviations.
    expect(Math.abs(both.length - 100)).toBeLessThan(40);
  });
});

describe('assignment', () => {
  it('moves no caller back when the weight of the candidate rises', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }), (key, a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        const share = shareOf('salt', key);
        if (assignedArm(twoArms(low), share, true)?.revision !== 'candidate') return;
        expect(assignedArm(twoArms(high), share, true)?.revision).toBe('candidate');
      }),
    );
  });

  it('moves no caller of any candidate back to the stable arm when one of several rises', () => {
    const three = (first: number, second: number) => [
      arm('stable', 100 - first - second),
      arm('first', first, { leased: true }),
      arm('second', second, { leased: true }),
    ];
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 40 }), (key, first, more) => {
        const share = shareOf('salt', key);
        if (assignedArm(three(first, 20), share, true)?.revision === 'stable') return;
        expect(assignedArm(three(Math.min(first + more, 80), 20), share, true)?.revision).not.toBe('stable');
      }),
    );
  });

  it.each([
    ['its lease has lapsed', twoArms(60), false],
    ['it cannot answer', [arm('stable', 40), arm('candidate', 60, { leased: true, available: false })], true],
  ])('gives the stable arm everything of a candidate when %s', (_, arms, live) => {
    for (const share of [0, 30, 59.9, 60, 99.9]) expect(assignedArm(arms, share, live)?.revision).toBe('stable');
    expect(effectiveWeights(arms, live)).toEqual([
      { revision: 'stable', weight: 100 },
      { revision: 'candidate', weight: 0 },
    ]);
  });

  it('gives the share of an arm without a lease that cannot answer to the one that can', () => {
    const arms = [arm('first', 90, { available: false }), arm('second', 10)];
    expect(assignedArm(arms, 95, false)?.revision).toBe('second');
    expect(effectiveWeights(arms, false)).toEqual([
      { revision: 'first', weight: 0 },
      { revision: 'second', weight: 100 },
    ]);
  });

  it('has nobody when no arm without a lease can answer', () => {
    expect(assignedArm([arm('stable', 100, { available: false })], 10, true)).toBeUndefined();
  });
});
