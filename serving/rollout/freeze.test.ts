import { expect, it } from 'vitest';
import { frozenAt } from './freeze.ts';

const weekend = [{ from: 'Fri 16:00', to: 'Mon 08:00', zone: 'Europe/Berlin' }];

it.each([
  ['2026-11-20T14:59:00Z', false],
  ['2026-11-20T15:00:00Z', true],
  ['2026-11-22T12:00:00Z', true],
  ['2026-11-23T06:59:00Z', true],
  ['2026-11-23T07:00:00Z', false],
  // Berlin's summer time: two hours ahead of UTC.
  ['2026-07-17T13:59:00Z', false],
  ['2026-07-17T14:00:00Z', true],
])('at %s the weekend window of Berlin freezes: %s', (instant, isFrozen) => {
  expect(frozenAt(weekend, new Date(instant)) !== undefined).toBe(isFrozen);
});

it('says when the window ends, and refuses a moment that it cannot read', () => {
  expect(frozenAt(weekend, new Date('2026-11-22T12:00:00Z'))).toEqual({
    because: 'a freeze window lasts until Mon 08:00 (Europe/Berlin)',
  });
  expect(() => frozenAt([{ from: 'Friday', to: 'Mon 08:00', zone: 'UTC' }], new Date())).toThrow("freeze: 'Friday'");
});
