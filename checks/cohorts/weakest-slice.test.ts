import { describe, expect, it } from 'vitest';
import { sampleEvidence } from '../baseline/sample-evidence.ts';
import { cohortsCheck } from '../cohorts.ts';
import { judgedWorld, worldOf } from './slice-world.ts';

describe('the weakest slice by search', () => {
  it('is found where two columns together say where the candidate is ruined, and tested on rows that did not find it', () => {
    const findings = judgedWorld({ seed: 5, rows: 6_000, ruin: 4 }, { name: 'log_loss' });
    const failing = findings.filter(({ id }) => id.startsWith('cohorts/slice/'));
    expect(failing.map(({ id }) => id)).toContainEqual(
      expect.stringMatching(/^cohorts\/slice\/age=\S+&region=C\/log_loss$/),
    );
    for (const { verdict, severity, measured, reason } of failing) {
      expect([verdict, severity]).toEqual(['fail', 'blocking']);
      expect(reason).toContain('rows that the search did not see');
      expect(Number(measured['searched'])).toBeGreaterThan(100);
      expect(Number(measured['tested'])).toBeLessThanOrEqual(4);
    }
    expect(findings.find(({ id }) => id === 'cohorts/weakest-slice')).toMatchObject({
      verdict: 'fail',
      severity: 'advisory',
    });
  });

  it('against a trivial model is told and never blocks', () => {
    const { champion: _, ...world } = worldOf({ seed: 5, rows: 6_000, ruin: 12 });
    const { findings } = cohortsCheck.judge(
      sampleEvidence({ ...world, evaluation: { metrics: [{ name: 'log_loss' }], cohorts: [{ column: 'channel' }] } }),
    );
    const failing = findings.filter(({ id, verdict }) => id.startsWith('cohorts/slice') && verdict === 'fail');
    expect(failing.length).toBeGreaterThan(0);
    expect(failing.every(({ severity }) => severity === 'advisory')).toBe(true);
  });

  it('is not looked for in few rows', () => {
    expect(
      judgedWorld({ seed: 1, rows: 300 }, { name: 'log_loss' }).find(({ id }) => id === 'cohorts/slices'),
    ).toMatchObject({
      verdict: 'not-applicable',
      measured: { rows: 300 },
    });
  });

  it('that cannot be looked for is no doubt about the cohorts: the title says what there is', () => {
    const { champion: _, ...world } = worldOf({ seed: 1, rows: 300 });
    const { title } = cohortsCheck.judge(
      sampleEvidence({ ...world, evaluation: { metrics: [{ name: 'log_loss' }], cohorts: [{ column: 'channel' }] } }),
    );
    expect(title).toMatch(/^no cohort is found worse: /);
    const declared = cohortsCheck.judge(sampleEvidence(worldOf({ seed: 1, rows: 300 })));
    expect(declared.title).toBe('no cohorts are declared; slices are searched from 400 rows on, and these are 300');
  });
});
