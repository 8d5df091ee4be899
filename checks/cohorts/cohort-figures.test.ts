import { expect, it } from 'vitest';
import { sampleEvidence } from '../baseline/sample-evidence.ts';
import { cohortsCheck } from '../cohorts.ts';
import { MOST_POINTS } from '../report/figure.ts';
import { worldOf } from './slice-world.ts';

const world = worldOf({ seed: 3, rows: 4_000, ruin: 12 });
const judge = () =>
  cohortsCheck.judge(
    sampleEvidence({ ...world, evaluation: { metrics: [{ name: 'roc_auc' }], cohorts: [{ column: 'region' }] } }),
  );

it('a reader sees the cohorts against the champion, the worst one’s curve beside everyone’s, and where its scores lie', () => {
  const { figures = [], findings } = judge();
  expect(findings.find(({ verdict, id }) => verdict === 'fail' && id === 'cohorts/region=C/roc_auc')).toBeDefined();
  expect(figures.map(({ kind, id }) => [kind, id])).toEqual([
    ['intervals', expect.any(String)],
    ['curve', 'roc-region-c'],
    ['distribution', 'scores-region-c'],
  ]);
  const curve = figures.find(({ kind }) => kind === 'curve');
  if (curve?.kind !== 'curve') throw new Error('there is a curve');
  expect(curve.lines.map(({ side }) => side)).toEqual(['candidate', 'champion', 'reference']);
  for (const { x, y } of curve.lines) {
    expect(x.length).toBeLessThanOrEqual(MOST_POINTS);
    expect(y.length).toBe(x.length);
  }
  const [candidate, champion] = curve.lines;
  expect(candidate?.area).toBeLessThan(champion?.area ?? 0);
});

it('how densely a column’s cohorts are seen is told with its numbers, and decides nothing', () => {
  const density = judge().findings.find(({ id }) => id === 'cohorts/density/region');
  expect(density).toMatchObject({ verdict: 'pass', severity: 'advisory' });
  const told = density?.measured['cohorts'];
  expect(told).toHaveLength(4);
  const shares = JSON.parse(JSON.stringify(told)) as readonly { readonly share: number }[];
  expect(shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
});
