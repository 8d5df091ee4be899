import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { describe, expect, it } from 'vitest';
import type { ManifestSummary } from '../../checks/report/manifest-summary.ts';
import type { Report } from '../../checks/report/report.ts';
import { sampleFigures } from '../../checks/report/sample-figures.ts';
import { blockedReport, driftedReport, passingReport } from '../dashboard/sample-views.ts';
import { mlBom } from './ml-bom.ts';
import { modelCards } from './model-card.ts';
import { parseReports } from './parse-reports.ts';
import { reportHtml } from './report-html.ts';

const manifest: ManifestSummary = {
  description: 'Does a person earn more than 50,000 USD a year?',
  owners: ['@acme/ml-leads'],
  labels: { team: 'growth' },
  artifact: { uri: 'model.onnx', sha256: 'a'.repeat(64), files: [] },
  task: 'binary',
  inputs: [
    { column: 'age', type: 'number' },
    { column: 'sex', protected: true, why: 'measured by cohort' },
  ],
  outputs: { classes: ['no', 'yes'], threshold: 0.5 },
  evaluation: { uri: 'evaluation set.parquet', sha256: 'b'.repeat(64), label: 'income', cohorts: ['sex'] },
  training: {
    commit: 'c0ffee',
    repository: 'https://github.com/acme/training',
    data: [{ uri: 'train.parquet', sha256: 'd'.repeat(64) }],
    seed: 1,
    retrain: 'never',
  },
  impact: {
    decision: 'who is offered credit',
    affected: 'applicants',
    severity: 'high',
    personalData: ['age'],
    mitigations: ['a person decides'],
  },
};
const declared: Report = { ...blockedReport, manifest };
const drawn: Report = {
  ...declared,
  checks: declared.checks.map((check) => (check.name === 'cohorts' ? { ...check, figures: sampleFigures } : check)),
};

describe('one page that stands on its own', () => {
  const page = reportHtml([drawn]);

  it('asks nobody for anything: no script, no address that is loaded', () => {
    expect(page).not.toMatch(/<script|<link|<img|@import|url\(/);
    expect(page).toContain('default-src &#39;none&#39;');
  });

  it('holds every finding with every number, and every figure with its sentence', () => {
    const [, numbers = ''] = page.split('id="numbers"');
    for (const { id, measured } of drawn.checks.flatMap(({ findings }) => findings)) {
      expect(numbers).toContain(`>${id.replaceAll('&', '&amp;')}<`);
      const values = Object.values(measured).filter((value) => typeof value === 'number');
      for (const value of values) expect(numbers).toContain(`<dd>${value}</dd>`);
    }
    for (const { says } of sampleFigures.filter(({ kind }) => kind !== 'intervals'))
      expect(page).toContain(`aria-label="${says}"`);
  });

  it('shows several models one below the other, with a first line of all, and no id twice', () => {
    const both = reportHtml([drawn, { ...passingReport, model: 'wine' }]);
    expect(both).toMatch(/<h1>Two models: income is blocked, wine may be merged\.<\/h1>/);
    const ids = [...both.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('offers nothing that a file cannot do', () => expect(page).not.toContain('Waive…'));

  it('is written of a report without a manifest, without figures, and of none', () => {
    expect(reportHtml([driftedReport])).toContain('<h1');
    expect(reportHtml([])).toContain('No model was judged.');
  });

  it('escapes what data and people wrote', () => {
    const hostile = '<script>alert(1)</script>';
    const check = blockedReport.checks.map((each) => ({ ...each, title: hostile }));
    expect(reportHtml([{ ...blockedReport, model: hostile, checks: check }])).not.toContain('<script>');
  });
});

describe('a model card', () => {
  it('says what was declared and measured, and of the rest that it is not declared', () => {
    const card = modelCards([declared]);
    expect(card).toContain('# income 2.0.0\n\nDoes a person earn more than 50,000 USD a year?');
    expect(card).toContain('- **Decision**: who is offered credit');
    expect(card).toContain('| sex | as the graph takes it | protected: measured by cohort |');
    expect(card).toContain('- **Lawful basis**: _not declared_');
    expect(card).toMatch(/\*\*worse\*\* `cohorts\//);
  });

  it('of a report without a manifest still tells the metrics', () => {
    const card = modelCards([blockedReport]);
    expect(card).toContain('- **Owners**: _not declared_');
    expect(card).toContain('| roc_auc |');
  });
});

describe('a bill of materials', () => {
  it.each([
    ['with a manifest', [declared]],
    ['without one', [blockedReport]],
    ['of several models', [declared, { ...passingReport, model: 'wine', manifest }]],
    ['of a manifest that could not be read', [{ ...blockedReport, digest: '', revision: '' }]],
  ])('%s follows the schema of CycloneDX 1.6, strictly', async (_, reports) => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(mlBom(reports))).toBeNull();
  });

  it('is a schema that refuses what is no bill', async () => {
    const bom = JSON.parse(mlBom([declared]));
    bom.components[0].modelCard.modelParameters.approach.type = 'guessed';
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(JSON.stringify(bom))).not.toBeNull();
  });

  it('names the model by its digest, its data as components, and who is worse off', () => {
    const { components, dependencies } = JSON.parse(mlBom([declared]));
    expect(components[0]).toMatchObject({
      type: 'machine-learning-model',
      hashes: [{ alg: 'SHA-256', content: blockedReport.digest.replace('sha256:', '') }],
      modelCard: { considerations: { users: ['applicants'] } },
    });
    expect(components[0].modelCard.considerations.fairnessAssessments[0].groupAtRisk).toContain('sex');
    expect(dependencies[0].dependsOn).toEqual([`data:${'b'.repeat(64)}`, `data:${'d'.repeat(64)}`]);
  });

  it('of the same reports is the same bytes', () => expect(mlBom([declared])).toBe(mlBom([declared])));
});

describe('what is read as a report', () => {
  it('is one, or a list of them, as slipway check wrote it', () => {
    expect(parseReports(JSON.stringify(drawn))).toEqual({ kind: 'parsed', reports: [drawn] });
    expect(parseReports(JSON.stringify([drawn, passingReport]))).toMatchObject({ reports: [{ model: 'income' }, {}] });
  });

  it.each([
    ['{', 'it is no JSON'],
    ['[]', 'an empty list'],
    ['"x"', 'expected'],
    [JSON.stringify({ ...drawn, checks: undefined }), 'checks is missing'],
    [JSON.stringify([drawn, { ...drawn, conclusion: 'neutral' }]), 'report 2: conclusion is "neutral"'],
    [
      JSON.stringify({
        ...drawn,
        checks: [{ ...drawn.checks[0], figures: [{ kind: 'curve', id: 'roc', says: 's' }] }],
      }),
      'lines',
    ],
  ])('is not %s, and it is told why', (text, words) => {
    const parsed = parseReports(text);
    expect(parsed.kind === 'refused' ? parsed.problems.join('\n') : '').toContain(words);
  });

  it('may hold figures of a newer program, which are left out, and bounds that JSON cannot write', () => {
    const [check] = drawn.checks;
    const figures = [
      { kind: 'hologram', id: 'new', says: 's' },
      {
        kind: 'intervals',
        id: 'i',
        says: 's',
        axis: 'a',
        rows: [{ label: 'l', estimate: 1, interval: [null, 2], verdict: 'pass' }],
      },
    ];
    const parsed = parseReports(JSON.stringify({ ...drawn, checks: [{ ...check, figures }] }));
    const [report] = parsed.kind === 'parsed' ? parsed.reports : [];
    expect(report?.checks[0]?.figures).toEqual([
      { kind: 'intervals', id: 'i', says: 's', axis: 'a', rows: [{ label: 'l', estimate: 1, verdict: 'pass' }] },
    ]);
  });
});
