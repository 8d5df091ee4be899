import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampleEvidence } from './baseline/sample-evidence.ts';
import type { Evidence } from './evidence/evidence.ts';
import { judgeAll } from './judge-all.ts';
import { smallestManifest } from './manifest/manifest-samples.ts';
import { parseManifest } from './manifest/parse-manifest.ts';
import { defaultPolicy } from './manifest/parse-policy.ts';

let cacheFolder: string;
beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'slipway-judgements-'));
});
afterAll(() => rm(cacheFolder, { recursive: true, force: true }));

const impact =
  'impact: { severity: high, decision: advice, affected: all, reversible: true, mitigations: [m], personalData: [], lawfulBasis: b, retention: 90d }\ninputs: [{ name: x, columns: [age] }]\n';

function evidenceOf(logins: readonly string[], today: string): Evidence {
  const parsed = parseManifest(smallestManifest + impact, 'models/income/model.yaml');
  if (parsed.kind === 'refused') throw new Error('the manifest is valid');
  const scores = Float64Array.from({ length: 60 }, (_, row) => (row % 2 === 0 ? 0.2 : 0.8));
  const sample = sampleEvidence({
    data: {
      table: { rows: 60, columns: new Map() },
      labels: { kind: 'classes', classes: [0, 1], codes: Int32Array.from(scores, (score) => (score > 0.5 ? 1 : 0)) },
    },
    candidate: { task: 'binary', rows: 60, classes: [0, 1], scores, threshold: 0.5, probabilities: true },
  });
  return {
    ...sample,
    proposal: parsed.loaded,
    governance: { approvals: logins.map((by) => ({ by, at: '2026-11-01T00:00:00Z' })) },
    today,
  };
}

test('a review makes nobody judge again but those who ask people', async () => {
  const judged = async (logins: readonly string[], today = '2026-11-21') => {
    const results = await judgeAll(
      evidenceOf(logins, today),
      ['baseline', 'compliance', 'readiness'],
      { policy: defaultPolicy, waivers: [], now: new Date(`${today}T00:00:00Z`) },
      { cacheFolder, measured: 'the same' },
    );
    return new Map(results.map((result) => [result.name, result]));
  };
  const before = await judged(['ana']);
  const after = await judged(['ana', 'ben']);
  expect(before.get('compliance')?.title).toContain('approved by @ana alone');
  expect(after.get('compliance')?.title).toContain('approved by @ana, @ben');
  // What comes from the cache took no time.
  const tookTime = (results: typeof after) =>
    [...results.values()].filter(({ durationMs }) => durationMs > 0).map(({ name }) => name);
  expect(tookTime(before)).toEqual(['baseline', 'compliance', 'readiness']);
  expect(tookTime(after)).toEqual(['compliance', 'readiness']);
  expect(tookTime(await judged(['ana', 'ben']))).toEqual([]);
  expect(tookTime(await judged(['ana', 'ben'], '2026-11-22'))).toEqual(['compliance', 'readiness']);
  expect(after.get('baseline')?.findings).toEqual(before.get('baseline')?.findings);
});
