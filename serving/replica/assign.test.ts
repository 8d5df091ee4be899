import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AssignableArm, assignedArm, effectiveWeights, shareOf } from './assign.ts';

const arm = (revision: string, weight: number, more: Partial<AssignableArm> = {}): AssignableArm => ({
  revision,
  weight,
  leased: false,
  shadow: false,
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

  it('takes the callers of a rising alternative from the stable arm alone, and gives those of a falling one back to it', () => {
    const weights = fc.tuple(fc.nat(50), fc.nat(50), fc.nat(50));
    fc.assert(
      fc.property(fc.string(), weights, fc.boolean(), (key, [other, a, b], isFirst) => {
        const armsAt = (own: number) => [
          arm('stable', 100 - own - other),
          arm('first', isFirst ? own : other),
          arm('second', isFirst ? other : own),
        ];
        const share = shareOf('salt', key);
        const rising = isFirst ? 'first' : 'second';
        const before = assignedArm(armsAt(Math.min(a, b)), share, true)?.revision;
        const after = assignedArm(armsAt(Math.max(a, b)), share, true)?.revision;
        expect(after === before || (before === 'stable' && after === rising)).toBe(true);
      }),
    );
  });

  it('moves nobody towards the stable arm when the weights of many alternatives rise', () => {
    const many = (weights: readonly number[]) => [
      arm('stable', 100 - weights.reduce((sum, each) => sum + each, 0)),
      ...weights.map((weight, k) => arm(`alternative ${k}`, weight)),
    ];
    fc.assert(
      fc.property(fc.string(), fc.array(fc.tuple(fc.nat(10), fc.nat(10)), { maxLength: 5 }), (key, weights) => {
        const share = shareOf('salt', key);
        const before = assignedArm(many(weights.map(([from]) => from)), share, true)?.revision;
        const after = assignedArm(many(weights.map(([from, more]) => from + more)), share, true)?.revision;
        expect(before === 'stable' || after !== 'stable').toBe(true);
      }),
    );
  });

  it('gives each of several arms its share of 10,000 callers, within the binomial 99 % interval', () => {
    const weights = [40, 30, 20, 7, 3];
    const arms = weights.map((weight, k) => arm(String(k), weight));
    const hits = weights.map(() => 0);
    const callers = 10_000;
    for (let k = 0; k < callers; k++) {
      const found = Number(assignedArm(arms, shareOf('a salt', `caller ${k}`), true)?.revision);
      hits[found] = (hits[found] ?? 0) + 1;
    }
    for (const [k, weight] of weights.entries()) {
      const p = weight / 100;
      // 2.576: the normal quantile of 0.995.
      expect(Math.abs((hits[k] ?? 0) - callers * p)).toBeLessThan(2.576 * Math.sqrt(callers * p * (1 - p)));
    }
  });

  it('assigns nobody to a shadow, and takes it for no stable arm', () => {
    const arms = [arm('shadow', 0, { shadow: true }), arm('stable', 100)];
    for (const share of [0, 50, 99.9]) expect(assignedArm(arms, share, true)?.revision).toBe('stable');
    expect(assignedArm([arm('shadow', 0, { shadow: true })], 5, true)).toBeUndefined();
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
