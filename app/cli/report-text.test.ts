import { describe, expect, test } from 'vitest';
import type { Finding, Report } from '../../checks/report/report.ts';
import { reportText } from './report-text.ts';

const finding = (id: string, verdict: Finding['verdict'], severity: Finding['severity']): Finding => ({
  id,
  verdict,
  severity,
  reason: `what was found of ${id}`,
  measured: {},
});

function textOf(findings: readonly Finding[], conclusion: Report['conclusion'] = 'failure'): string {
  const report: Report = {
    model: 'income',
    version: '2.0.0',
    revision: 'sha256:aa',
    digest: 'sha256:bb',
    baseline: { kind: 'production', version: '1.0.0' },
    conclusion,
    checks: [
      { name: 'cohorts', conclusion: 'failure', title: 'what decided', durationMs: 1, required: true, findings },
    ],
    defaults: {},
    environment: { slipway: '0', node: '24', onnxruntime: '1', cpu: 'any', isolation: 'process' },
  };
  return reportText(report, { color: false, manifest: 'models/income/model.yaml' });
}

const cannotSay = (count: number): readonly Finding[] =>
  Array.from({ length: count }, (_, at) => finding(`cohorts/c${at}`, 'inconclusive', 'advisory'));

describe('a report on a terminal', () => {
  test('tells every finding that blocks, and before all that decides nothing', () => {
    const blocking = Array.from({ length: 9 }, (_, at) => finding(`cohorts/b${at}`, 'fail', 'blocking'));
    const text = textOf([...cannotSay(20), ...blocking]);
    for (const { id } of blocking) expect(text).toContain(`fail  ${id}`);
    expect(text.lastIndexOf('fail  cohorts/b')).toBeLessThan(text.indexOf('cannot say  cohorts/c'));
  });

  test('counts what decides nothing after the first three of a check', () => {
    const text = textOf(cannotSay(20));
    expect(text.match(/cannot say {2}cohorts/g)).toHaveLength(3);
    expect(text).toContain('… and 17 more of cohorts that decide nothing (--json lists them)');
  });

  test('tells a fourth rather than counting it', () => {
    const text = textOf(cannotSay(4));
    expect(text.match(/cannot say {2}cohorts/g)).toHaveLength(4);
    expect(text).not.toContain('more of cohorts');
  });
});
