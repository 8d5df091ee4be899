import { describe, expect, it } from 'vitest';
import { limitsOf } from './limits.ts';

const machine = { cores: 2, memoryBytes: 1_000_000 };

describe('limits on the command line', () => {
  it('are shares of the machine where nothing is said', () => {
    expect(limitsOf({}, machine)).toMatchObject({
      memoryBudgetBytes: 600_000,
      replicaBytes: 800_000,
      maxLoaded: Infinity,
    });
  });

  it.each([
    ['512M', 512 * 2 ** 20],
    ['2g', 2 * 2 ** 30],
    ['1.5k', 1536],
    ['100', 100],
    ['25%', 250_000],
  ])('take %s as a size', (text, bytes) => {
    expect(limitsOf({ 'memory-budget': text }, machine).memoryBudgetBytes).toBe(bytes);
  });

  it('call runs of 20 ms slow, or those that they are told, or none', () => {
    const slowRunMs = (...said: readonly string[]) =>
      said.map((text) => limitsOf({ 'slow-run-ms': text }, machine).slowRunMs);
    expect(limitsOf({}, machine).slowRunMs).toBe(20);
    expect(slowRunMs('7.5', 'never')).toEqual([7.5, Infinity]);
  });

  it('shorten every window in proportion', () => {
    expect(limitsOf({ 'scale-window-seconds': '6' }, machine).scale).toEqual({
      stableMs: 6_000,
      panicMs: 600,
      downEveryMs: 1_000,
    });
  });

  it.each([
    [{ 'memory-budget': 'much' }, /--memory-budget must be a size .*found "much"/],
    [{ 'max-loaded': '0' }, /--max-loaded must be an integer from 1, found "0"/],
    [{ 'slow-run-ms': '0' }, /--slow-run-ms must be a number of milliseconds above 0, or never, found "0"/],
    [{ 'idle-seconds': '-1' }, /--idle-seconds must be a number of seconds above 0, found "-1"/],
  ])('say which of them makes no sense: %j', (values, message) => {
    expect(() => limitsOf(values, machine)).toThrow(message);
  });
});
