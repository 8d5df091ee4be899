import { describe, expect, it } from 'vitest';
import { Wear, type WearView } from './wear.ts';

const MB = 2 ** 20;
const SECOND_MS = 1_000;

const replica = (id: number, rssMb: number, more: Partial<WearView> = {}): WearView => ({
  id,
  rssBytes: rssMb * MB,
  openedAtMs: 0,
  loadedBytes: 10 * MB,
  ...more,
});

describe('a replica is worn', () => {
  it('when it has grown to more than twice what it had after its warm-up, and 256 MB more', () => {
    const wear = new Wear(8_000 * MB);
    expect(wear.wornOf([replica(1, 400)], 30 * SECOND_MS)).toBeUndefined();
    expect(wear.wornOf([replica(1, 790)], 60 * SECOND_MS)).toBeUndefined();
    expect(wear.wornOf([replica(1, 810)], 90 * SECOND_MS)).toBe(1);
    const small = new Wear(8_000 * MB);
    expect(small.wornOf([replica(1, 80)], 30 * SECOND_MS)).toBeUndefined();
    expect(small.wornOf([replica(1, 300)], 60 * SECOND_MS)).toBeUndefined();
    expect(small.wornOf([replica(1, 340)], 90 * SECOND_MS)).toBe(1);
  });

  it('not for the models that it has loaded since', () => {
    const wear = new Wear(8_000 * MB);
    wear.wornOf([replica(1, 100)], 30 * SECOND_MS);
    expect(wear.wornOf([replica(1, 900, { loadedBytes: 510 * MB })], 60 * SECOND_MS)).toBeUndefined();
  });

  it('when it is larger than any may be, from its first caller on', () => {
    const wear = new Wear(500 * MB);
    expect(wear.wornOf([replica(1, 501, { openedAtMs: undefined })], SECOND_MS)).toBeUndefined();
    expect(wear.wornOf([replica(1, 501)], SECOND_MS)).toBe(1);
  });

  it('one at a time, and the next only after a while that doubles', () => {
    const wear = new Wear(500 * MB);
    const large = (id: number): WearView => replica(id, 600);
    expect(wear.wornOf([large(1), large(2)], 0)).toBe(1);
    expect(wear.wornOf([large(1), large(2)], 100 * SECOND_MS)).toBe(1);
    // The first is gone, and the wait of a minute over.
    expect(wear.wornOf([large(2)], 101 * SECOND_MS)).toBe(2);
    expect(wear.wornOf([large(3)], 200 * SECOND_MS)).toBeUndefined();
    expect(wear.wornOf([large(3)], 222 * SECOND_MS)).toBe(3);
    expect(wear.recycled).toBe(3);
  });
});
