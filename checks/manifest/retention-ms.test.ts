import { expect, it } from 'vitest';
import type { Impact } from './manifest.ts';
import { retentionMsOf } from './retention-ms.ts';

const DAY_MS = 86_400_000;
const impact = (retention?: string): Impact => ({
  severity: 'low',
  personalData: [],
  mitigations: [],
  ...(retention === undefined ? {} : { retention }),
});
const policy = { retention: { predictionsMs: 30 * DAY_MS } };

it.each([
  [undefined, 30],
  [impact(), 30],
  [impact('7d'), 7],
  [impact('90d'), 30],
])('predictions are kept as long as the shorter of policy and impact matrix says: %j', (given, days) => {
  expect(retentionMsOf(given === undefined ? {} : { impact: given }, policy)).toBe(days * DAY_MS);
});
