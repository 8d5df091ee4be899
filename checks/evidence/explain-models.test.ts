import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { InputMapping, OutputMapping } from '../../serving/model/specification.ts';
import { readTable } from '../data/read-table.ts';
import { rankImportances } from '../explanation/rank-importances.ts';
import { evaluationDataOf } from './evaluation-data.ts';
import { explainModels, type ExplainLimits } from './explain-models.ts';
import type { ExplanationEvidence } from './explanation-evidence.ts';
import { openModel } from './open-model.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');

interface Fixture {
  readonly set: 'loans' | 'wine' | 'diabetes' | 'digits';
  readonly label: string;
  readonly inputs?: readonly InputMapping[];
  readonly outputs?: OutputMapping;
}

const fixtures = {
  loans: { set: 'loans', label: 'defaulted' },
  wine: { set: 'wine', label: 'cultivar' },
  diabetes: { set: 'diabetes', label: 'progression', outputs: { task: 'regression' } },
  digits: {
    set: 'digits',
    label: 'digit',
    inputs: [{ name: 'pixels', columns: ['pixels'], shape: [64] }],
  },
} as const satisfies Record<string, Fixture>;

const plenty: ExplainLimits = { answerLimitMs: 480_000, rowMs: 0.001 };

async function opened({ set, inputs = [], outputs = {} }: Fixture, variant: string) {
  const specification = {
    artifact: { uri: 'model.onnx', sha256: '', files: [] },
    inputs,
    columns: {},
    outputs,
    serving: { maxBatch: 64, strictInputs: false },
  };
  const fit = await openModel({ label: variant, model: join(FIXTURES, set, `models/${variant}.onnx`), specification });
  if (fit.kind === 'misfit') throw new Error(fit.problems[0]?.reason ?? 'it does not fit');
  return fit.model;
}

async function evidenceOf(
  fixture: Fixture,
  variants: readonly [string, string?],
  limits: Partial<ExplainLimits> = {},
): Promise<ExplanationEvidence> {
  const candidate = await opened(fixture, variants[0]);
  const champion = variants[1] === undefined ? undefined : await opened(fixture, variants[1]);
  const bytes = readFileSync(join(FIXTURES, fixture.set, 'data/evaluation.parquet'));
  const types = new Map(candidate.signature.columns.map(({ name, type }) => [name, type]));
  const read = await readTable(bytes, { name: 'evaluation.parquet', types });
  if (read.kind === 'refused') throw new Error('the fixture can be read');
  const data = evaluationDataOf({ file: '', name: 'evaluation', label: fixture.label }, read.table, candidate.mapping);
  if (data.kind === 'missing') throw new Error(data.reason);
  const found = await explainModels(candidate, champion, data.value, { ...plenty, ...limits });
  if (found.kind === 'missing') throw new Error(found.reason);
  return found.value;
}

describe('what drives a model', () => {
  it('is measured on rows of a binary classifier, by its first metric that can be asked, for both models alike', async () => {
    const metrics = [{ name: 'mae' }, { name: 'log_loss' }] as const;
    const { candidate, champion } = await evidenceOf(fixtures.loans, ['v2_better', 'v1_champion'], { metrics });
    expect(candidate).toMatchObject({ metric: 'log_loss', rows: 2000, of: 2000, parts: 20, shuffles: 5, left: [] });
    expect(champion).toMatchObject({ metric: 'log_loss', rows: 2000, parts: 20, shuffles: 5 });
    // The generator of loans (fixtures/loans/generator) makes debt ratio and income decide, and draws region at random.
    const ranked = rankImportances(candidate).map(({ name }) => name);
    expect(ranked.slice(0, 2)).toEqual(['debt_ratio', 'income']);
    expect(rankImportances(candidate).find(({ name }) => name === 'region')?.interval.lower).toBeLessThan(0.001);
  });

  it('is the same when it is measured again', async () => {
    const [first, second] = [
      await evidenceOf(fixtures.loans, ['v2_better'], { background: 20 }),
      await evidenceOf(fixtures.loans, ['v2_better'], { background: 20 }),
    ];
    expect(second).toEqual(first);
  });

  it('of a regression and of several classes is measured by their own metrics', async () => {
    expect((await evidenceOf(fixtures.diabetes, ['v2_better'])).candidate.metric).toBe('mae');
    expect((await evidenceOf(fixtures.wine, ['v2_better'])).candidate.metric).toBe('macro_f1');
  });

  it('of a picture is measured by patches', async () => {
    const { candidate } = await evidenceOf(fixtures.digits, ['v2_better']);
    expect(candidate.columns.map(({ patch }) => patch)).toContain('pixels[24–31]');
    expect(candidate.columns.every(({ column }) => column === 'pixels')).toBe(true);
  });

  it('is measured on fewer shuffles, then rows, where a row takes long', async () => {
    const usual = await evidenceOf(fixtures.loans, ['v2_better'], { rowMs: 0.05 });
    expect(usual.candidate).toMatchObject({ rows: 2000, shuffles: 2 });
    const slow = await evidenceOf(fixtures.loans, ['v2_better'], { rowMs: 0.5, answerLimitMs: 10_000 });
    expect(slow.candidate).toMatchObject({ rows: 500, of: 2000, shuffles: 1 });
  });

  it('asks what columns that are worth nothing alone are worth together', async () => {
    const { candidate } = await evidenceOf(fixtures.loans, ['v2_better'], {
      metrics: [{ name: 'roc_auc', margin: 0.02 }],
    });
    expect(candidate.together?.columns.toSorted()).toEqual(['age', 'region']);
    expect(candidate.together?.withoutPart).toHaveLength(20);
  });

  it('exchanges a protected column that is an input, and leaves every other alone', async () => {
    const { counterfactuals } = await evidenceOf(fixtures.loans, ['v2_better'], { protected: ['group', 'row_id'] });
    expect(counterfactuals?.map(({ column }) => column)).toEqual(['group']);
    const [{ alternatives, rows, flipped } = { alternatives: [], rows: 0, flipped: 0 }] = counterfactuals ?? [];
    expect(alternatives.map(({ value }) => String(value)).toSorted()).toEqual(['A', 'B']);
    // Nobody is asked with the value that they have.
    expect(alternatives.reduce((sum, each) => sum + each.rows, 0)).toBe(rows);
    expect(alternatives.reduce((sum, each) => sum + each.flips, 0)).toBe(flipped);
    expect(flipped).toBeGreaterThan(0);
  });

  it('explains the lowest, the middle and the highest score, each adding up', async () => {
    const { decisions = [] } = await evidenceOf(fixtures.loans, ['v2_better'], { background: 50 });
    const scores = decisions.map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((a, b) => a - b));
    expect(decisions.map(({ backgroundRows }) => backgroundRows)).toEqual([50, 50, 50]);
    expect(decisions.every(({ additivity }) => additivity.holds)).toBe(true);
  });

  it('cannot explain single answers of a model that draws random numbers', async () => {
    const { decisions = [] } = await evidenceOf(fixtures.loans, ['v4_nondeterministic'], { background: 50 });
    expect(decisions.some(({ additivity }) => !additivity.holds)).toBe(true);
  });
});
