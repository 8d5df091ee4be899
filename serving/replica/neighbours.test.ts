import { describe, expect, it } from 'vitest';
import { Neighbours } from './neighbours.ts';

describe('a model in its process', () => {
  it('is alone until another is asked, and again when nobody has asked that for a second', () => {
    const neighbours = new Neighbours();
    const [first, second] = [neighbours.of('first'), neighbours.of('second')];
    first.askedAt = 10_000;
    expect(first.isAlone(10_000)).toBe(true);
    second.askedAt = 10_000;
    expect([first.isAlone(10_999), first.isAlone(11_000)]).toEqual([false, true]);
  });

  it('does not hold up others by revisions of its own', () => {
    const neighbours = new Neighbours();
    neighbours.of('only').askedAt = 5;
    expect(neighbours.of('only')).toBe(neighbours.of('only'));
    expect(neighbours.of('only').isAlone(6)).toBe(true);
  });
});
