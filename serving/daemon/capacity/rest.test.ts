import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ModelUse, type Room, restingOf } from './rest.ts';

const NOW = 10_000_000;

const use = (model: string, more: Partial<ModelUse> = {}): ModelUse => ({
  model,
  comparing: false,
  mayRest: false,
  sizeBytes: 1,
  usedAtMs: 0,
  waitingSinceMs: undefined,
  busy: false,
  ...more,
});

const room = (more: Partial<Room> = {}): Room => ({ models: Infinity, bytes: Infinity, idleMs: 60_000, ...more });

const resting = (uses: readonly ModelUse[], more: Partial<Room> = {}): readonly string[] =>
  [...restingOf(uses, room(more), NOW)].toSorted();

describe('a model rests', () => {
  it('when it may and nobody has asked for it for the idle time', () => {
    const uses = [use('new', { mayRest: true }), use('asked', { mayRest: true, usedAtMs: NOW - 59_999 }), use('kept')];
    expect(resting(uses)).toEqual(['new']);
  });

  it('when those asked for more recently fill the room, by number or by size', () => {
    const uses = [use('a', { usedAtMs: 3 }), use('b', { usedAtMs: 1 }), use('c', { usedAtMs: 2 })];
    expect(resting(uses, { models: 2 })).toEqual(['b']);
    expect(resting(uses, { bytes: 1 })).toEqual(['b', 'c']);
  });

  it('not while it is compared with another revision, however little room there is', () => {
    expect(resting([use('a', { comparing: true }), use('b', { comparing: true })], { models: 1 })).toEqual([]);
  });

  it('not while somebody waits for it: that turns out who was asked longest ago', () => {
    const uses = [
      use('old', { usedAtMs: 1 }),
      use('recent', { usedAtMs: 2 }),
      use('waited for', { waitingSinceMs: 3 }),
    ];
    expect(resting(uses, { models: 2 })).toEqual(['old']);
  });

  it('not in favour of one for which somebody has waited less long', () => {
    const uses = ['third', 'first', 'second'].map((model, k) => use(model, { waitingSinceMs: [3, 1, 2][k] }));
    expect(resting(uses, { models: 2 })).toEqual(['third']);
  });

  it('not when it alone is larger than the room, and somebody waits for it', () => {
    expect(
      resting([use('large', { sizeBytes: 9, waitingSinceMs: 1 }), use('small', { usedAtMs: 5 })], { bytes: 3 }),
    ).toEqual(['small']);
  });

  it('not when it is larger than the room, and was asked for last', () => {
    const large = use('large', { sizeBytes: 9, usedAtMs: 5 });
    expect(resting([large, use('small', { usedAtMs: 4 })], { bytes: 3 })).toEqual(['small']);
    expect(resting([large, use('small', { usedAtMs: 6 })], { bytes: 3 })).toEqual(['large']);
    expect(resting([{ ...large, usedAtMs: 0 }], { bytes: 3 })).toEqual(['large']);
  });

  const anyUse = fc.record({
    comparing: fc.boolean(),
    mayRest: fc.boolean(),
    sizeBytes: fc.integer({ min: 1, max: 9 }),
    usedAtMs: fc.integer({ min: 0, max: NOW }),
    waitingSinceMs: fc.option(fc.integer({ min: 1, max: NOW }), { nil: undefined }),
    busy: fc.boolean(),
  });

  it('so that what is loaded fits, but for what is compared and one that is waited for', () => {
    fc.assert(
      fc.property(
        fc.array(anyUse, { maxLength: 40 }),
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 1, max: 60 }),
        (list, models, bytes) => {
          const uses = list.map((each, k) => ({ ...each, model: `m${k}` }));
          const rests = restingOf(uses, room({ models, bytes }), NOW);
          const loaded = uses.filter(({ model, comparing }) => !rests.has(model) && !comparing);
          const compared = uses.filter(({ comparing }) => comparing);
          expect(compared.some(({ model }) => rests.has(model))).toBe(false);
          const size = loaded.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
          const fits = loaded.length + compared.length <= models && size <= bytes;
          expect(fits || loaded.length <= 1).toBe(true);
        },
      ),
    );
  });
});
