import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Column, Table } from '../serving/model/table.ts';
import { fixture, sampleEvidence, sharedData } from './baseline/sample-evidence.ts';
import { checkConclusionOf } from './conclusion.ts';
import { readTable } from './data/read-table.ts';
import { columnDrift } from './drift/column-drift.ts';
import { comparableColumn, type ComparableColumn } from './drift/comparable-column.ts';
import { compareTables, type TableComparisonOptions } from './drift/compare-sources.ts';
import { domainClassifier } from './drift/domain-classifier.ts';
import { labelColumn, predictionLosses } from './drift/prediction-losses.ts';
import { driftCheck } from './drift.ts';
import type { Evidence } from './evidence/evidence.ts';
import { gathered, missing } from './evidence/missing.ts';
import { seededRandom } from './stats/seeded-random.ts';

const options: TableComparisonOptions = { alpha: 0.01, effect: { psi: 0.1, auc: 0.6 }, seed: 1 };
const alone = { alpha: 0.05, seed: 1 };

const numbers = (name: string, values: ArrayLike<number>): Column => ({
  kind: 'number',
  name,
  values: Float64Array.from(values),
});
const words = (name: string, values: readonly (string | undefined)[]): Column => {
  const dictionary = [...new Set(values.filter((value) => value !== undefined))];
  return {
    kind: 'category',
    name,
    dictionary,
    codes: Int32Array.from(values, (value) => (value === undefined ? -1 : dictionary.indexOf(value))),
  };
};
const table = (...columns: readonly Column[]): Table => ({
  rows: columns[0]?.kind === 'category' ? columns[0].codes.length : (columns[0]?.values.length ?? 0),
  columns: new Map(columns.map((column) => [column.name, column])),
});
const pair = (reference: Column, window: Column): ComparableColumn => {
  const column = comparableColumn(reference, window);
  if (column === undefined) throw new Error('both can be compared');
  return column;
};
const load = async (set: string, name: string): Promise<Table> => {
  const read = await readTable(readFileSync(join(sharedData, set, 'data', `${name}.csv`)), { name: `${name}.csv` });
  if (read.kind === 'refused') throw new Error(`${set} ${name} can be read`);
  return read.table;
};

describe.skipIf(!existsSync(sharedData))('the fixtures’ windows', () => {
  const labels = { adult: 'income_gt_50k', bike: 'cnt', loans: 'defaulted' } as const;

  test.each([
    ['adult', 'production_nodrift', false],
    ['adult', 'production_nodrift_small', false],
    ['adult', 'production_drift_covariate', true],
    ['adult', 'production_drift_prior', true],
    ['bike', 'production_nodrift', false],
    ['bike', 'production_drift_summer2012', true],
    ['bike', 'production_drift_autumn2012', true],
    ['loans', 'production_nodrift', false],
    ['loans', 'production_nodrift_small', false],
    ['loans', 'production_drift_covariate', true],
    ['loans', 'production_drift_concept', true],
  ] as const)('%s %s: drift is %s', async (set, window, drifted) => {
    const [reference, now] = await Promise.all([load(set, 'reference'), load(set, window)]);
    const found = await compareTables(reference, now, { ...options, label: labels[set] });
    expect(found.columns.filter((column) => column.drifted).map(({ name }) => name).length > 0 && !drifted).toBe(false);
    expect(found.drifted).toBe(drifted);
  });

  test('a drift of the concept alone is found by the relation, and by no column', async () => {
    const [reference, window] = await Promise.all([
      load('loans', 'reference'),
      load('loans', 'production_drift_concept'),
    ]);
    const found = await compareTables(reference, window, { ...options, label: 'defaulted' });
    expect(found.relation).toMatchObject({ method: 'per-row loss', loss: 'log loss', drifted: true });
    expect(found.columns.filter(({ drifted }) => drifted)).toEqual([]);
    expect(found.left.map(({ column }) => column)).toEqual(['row_id']);
  });

  // expected.json: psi with (count + 0.5)/(n + 0.5 k) in reference deciles, scipy's KS, χ², Wasserstein and Jensen–Shannon.
  test.each(['adult', 'bike', 'loans'] as const)(
    'statistics of %s’s columns equal the expected numbers',
    async (set) => {
      const expected = JSON.parse(readFileSync(join(sharedData, set, 'expected.json'), 'utf8'));
      const reference = await load(set, 'reference');
      const errors: number[] = [];
      for (const [window, { features }] of Object.entries<{ features: Record<string, Record<string, never>> }>(
        expected.drift,
      )) {
        const now = await load(set, window);
        for (const [name, wanted] of Object.entries<Record<string, never>>(features)) {
          const [first, second] = [reference.columns.get(name), now.columns.get(name)];
          if (first === undefined || second === undefined) continue;
          const column = pair(first, second);
          const size = Math.max(column.reference.length, column.window.length);
          const close = (found: number | undefined, value: unknown) => {
            if (typeof value === 'number')
              errors.push(value === 0 ? Math.abs(found ?? NaN) : Math.abs((found ?? NaN) / value - 1));
          };
          const drift = columnDrift(column, alone);
          close(drift.wasserstein, wanted['wasserstein_over_ref_std']);
          if (drift.method === 'ks') {
            close(drift.statistic, wanted['ks']);
            if (size > 2000) close(drift.pValue, wanted['ks_p_asymp']);
            const deciles = wanted['decile_bins'] as
              | {
                  psi_laplace05: number;
                  js_distance_base2: number;
                  inner_edges: number[];
                  ref_counts: number[];
                  cur_counts: number[];
                }
              | undefined;
            // Here a value that takes up two deciles is a bin of its own, and bins empty on both sides are dropped; not so there.
            const alike = deciles?.ref_counts.every((count, i) => count + (deciles.cur_counts[i] ?? 0) > 0);
            if (deciles !== undefined && deciles.inner_edges.length === 9 && alike === true) {
              close(drift.psi, deciles.psi_laplace05);
              close(drift.jensenShannon, deciles.js_distance_base2);
            }
          }
          if (drift.type === 'category' && Number(wanted['chi2_min_expected']) >= 5)
            close(drift.pValue, wanted['chi2_p']);
        }
      }
      expect(errors.length).toBeGreaterThan(15);
      expect(Math.max(...errors)).toBeLessThan(1e-8);
    },
  );
});

describe('one column', () => {
  const random = seededRandom(5);
  const normal = (n: number, shift = 0) => Float64Array.from({ length: n }, () => random.normal() + shift);

  test('missing values count: a column that loses its values drifts though what is left does not', () => {
    const values = normal(2000);
    const holes = normal(2000).map((value, row) => (row % 3 === 0 ? NaN : value));
    const found = columnDrift(pair(numbers('x', values), numbers('x', holes)), alone);
    expect(found.missing.window).toBeCloseTo(1 / 3, 2);
    expect(found.pValue).toBeLessThan(1e-6);
    expect(found.psi).toBeGreaterThan(0.1);
    expect(found.shares.bins.at(-1)).toBe('missing');
  });

  test('values the reference never showed are a bin of their own', () => {
    const found = columnDrift(
      pair(
        words(
          'c',
          Array.from({ length: 300 }, (_, i) => (i % 2 ? 'a' : 'b')),
        ),
        words(
          'c',
          Array.from({ length: 300 }, (_, i) => (i % 3 ? 'a' : 'new')),
        ),
      ),
      alone,
    );
    expect(found.shares.bins).toEqual(['b', 'a', 'unseen values']);
    expect(found.psi).toBeGreaterThan(0.1);
  });

  test('amounts that are mostly zero show what happens above zero', () => {
    const amounts = (scale: number) =>
      Float64Array.from({ length: 2000 }, () => (random.uniform() < 0.1 * scale ? 100 + 50 * random.normal() : 0));
    const found = columnDrift(pair(numbers('gain', amounts(1)), numbers('gain', amounts(3))), alone);
    expect(found.psi).toBeGreaterThan(0.1);
  });

  test('a number with few values is told by its values', () => {
    const weekday = (n: number) => Float64Array.from({ length: n }, () => random.index(7));
    expect(columnDrift(pair(numbers('weekday', weekday(500)), numbers('weekday', weekday(500))), alone).method).toBe(
      'chi-squared',
    );
  });

  test('the method can be chosen', () => {
    const column = pair(numbers('x', normal(500)), numbers('x', normal(500, 1)));
    for (const method of ['ks', 'chi-squared', 'psi'] as const) {
      const found = columnDrift(column, { ...alone, method });
      expect(found.method).toBe(method);
      expect(found.pValue).toBeLessThan(1e-6);
    }
  });

  test('one value on both sides is nothing to compare', () => {
    expect(columnDrift(pair(numbers('x', [1, 1]), numbers('x', [1, 1, 1])), alone).constant).toBe(true);
    expect(columnDrift(pair(numbers('x', [1, 1]), numbers('x', [1, 2])), alone).constant).toBe(false);
  });

  test('numbers on one side and words on the other compare as words', () => {
    expect(columnDrift(pair(numbers('x', [1, 2, 2]), words('x', ['1', '2', 'b'])), alone).type).toBe('category');
  });

  // 10,000 repetitions a cell are the benchmark's business; here a rate far from 5 % is caught.
  test.each([
    ['continuous, 50 rows', 50, (n: number) => normal(n)],
    ['continuous, 500 rows', 500, (n: number) => normal(n)],
    ['tied, 80 rows', 80, (n: number) => normal(n).map((value) => Math.round(value * 10))],
    ['five values, 100 rows', 100, (n: number) => Float64Array.from({ length: n }, () => random.index(5))],
  ] as const)('without drift, %s: at most 8 of 100 p-values are below 0.05', (_, rows, draw) => {
    const REPETITIONS = 200;
    const alarms = Array.from({ length: REPETITIONS }, () =>
      columnDrift(pair(numbers('x', draw(400)), numbers('x', draw(rows))), alone),
    ).filter(({ pValue }) => pValue <= 0.05).length;
    expect(alarms / REPETITIONS).toBeLessThanOrEqual(0.08);
  });
});

describe('all columns together', () => {
  const random = seededRandom(6);
  const correlated = (n: number, r: number): readonly [Float64Array, Float64Array] => {
    const x = Float64Array.from({ length: n }, () => random.normal());
    return [x, x.map((value) => r * value + Math.sqrt(1 - r * r) * random.normal())];
  };

  test('a dependence that turns round is found though each column stays as it was', async () => {
    const [a, b] = correlated(800, 0.8);
    const [c, d] = correlated(800, -0.8);
    const found = await compareTables(
      table(numbers('x', a), numbers('y', b)),
      table(numbers('x', c), numbers('y', d)),
      options,
    );
    expect(found.columns.map(({ drifted }) => drifted)).toEqual([false, false]);
    expect(found.joint).toMatchObject({ drifted: true });
    expect(found.drifted).toBe(true);
  });

  test('the p-value is of refitted permutations and repeats by its seed', () => {
    const [a, b] = correlated(100, 0.5);
    const [c, d] = correlated(100, 0.5);
    const columns = [pair(numbers('x', a), numbers('x', c)), pair(numbers('y', b), numbers('y', d))];
    const once = domainClassifier(columns, { seed: 3, effect: 0.6, needed: 199 });
    expect(once?.permutations).toBe(199);
    expect(domainClassifier(columns, { seed: 3, effect: 0.6, needed: 199 })).toEqual(once);
  });
});

describe('what predictions cost', () => {
  const label = labelColumn(numbers('y', [0, 1, 1]), numbers('y', [1, 0, NaN]));
  if (label === undefined) throw new Error('a label of numbers can be compared');

  test('a probability by log loss, rows without label left out', () => {
    const losses = predictionLosses(pair(numbers('p', [0.2, 0.9, 0.5]), numbers('p', [0.5, 0.5, 0.5])), label);
    expect(losses?.loss).toBe('log loss');
    expect([...(losses?.reference ?? [])]).toEqual([-Math.log(0.8), -Math.log(0.9), -Math.log(0.5)]);
    expect(losses?.window).toHaveLength(2);
  });

  test('a predicted class by being wrong, a number by its error', () => {
    expect(predictionLosses(pair(words('p', ['0', '1', '0']), words('p', ['1', '1', '1'])), label)).toMatchObject({
      loss: 'wrong decision',
      reference: Float64Array.of(0, 0, 1),
      window: Float64Array.of(0, 1),
    });
    const values = pair(numbers('y', [1.5, 2.5]), numbers('y', [3.5]));
    expect(predictionLosses(pair(numbers('p', [1, 2]), numbers('p', [5])), values)).toMatchObject({
      loss: 'absolute error',
      reference: Float64Array.of(0.5, 0.5),
      window: Float64Array.of(1.5),
    });
  });
});

describe('the check', () => {
  const random = seededRandom(8);
  const rows = 400;
  const draw = (shift: number) => Float64Array.from({ length: rows }, () => random.normal() + shift);
  const x = draw(0);
  const codes = Int32Array.from(x, (value) => (value + random.normal() > 1 ? 1 : 0));
  const score = (values: Float64Array) =>
    ({
      task: 'binary',
      rows,
      classes: [0, 1],
      scores: values.map((value) => 1 / (1 + Math.exp(1 - value))),
      threshold: 0.5,
      probabilities: true,
    }) as const;
  const labels = (of: Int32Array) => ({ kind: 'classes', classes: [0, 1], codes: of }) as const;
  const evidence = sampleEvidence({
    data: { table: table(numbers('x', x)), labels: labels(codes) },
    candidate: score(x),
    champion: score(x),
    inputs: ['x'],
  });
  const against = (values: Float64Array, more: object = {}): Evidence => ({
    ...evidence,
    drift: {
      against: {
        kind: 'window',
        label: 'production, 7 days',
        data: gathered({
          table: table(numbers('x', values)),
          answers: score(values),
          answeredBy: 'candidate',
          left: [],
          ...more,
        }),
      },
    },
  });

  test('nothing recorded and no reference: it does not apply', () => {
    expect(checkConclusionOf(driftCheck.judge(evidence).findings)).toBe('skipped');
  });

  test('the same world passes, with its numbers in the title', () => {
    const judged = driftCheck.judge(against(draw(0)));
    expect(checkConclusionOf(judged.findings)).toBe('success');
    expect(judged.title).toMatch(/^no drift against 400 recorded rows: largest psi 0\.\d+ \(limit 0\.1\)/);
  });

  test('another world blocks: the column and the predictions drift', () => {
    const judged = driftCheck.judge(against(draw(1)));
    expect(checkConclusionOf(judged.findings)).toBe('failure');
    expect(judged.findings.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id)).toEqual([
      'drift/x',
      'drift/predictions',
    ]);
    expect(judged.title).toMatch(/drifted: psi .* and 1 more, against 400 recorded rows$/);
  });

  test('both sides of what drifted, and of what came nearest, are drawn', () => {
    const { figures = [] } = driftCheck.judge(against(draw(1)));
    expect(figures[0]).toMatchObject({
      kind: 'distribution',
      sides: [{ side: 'reference' }, { side: 'window', label: 'recorded in production' }],
      says: expect.stringMatching(/drifted: psi .*; the share of ".*" went from .* % to .* %$/),
    });
    const sides = figures.flatMap((figure) => (figure.kind === 'distribution' ? figure.sides : []));
    for (const { shares } of sides) expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 10);
    expect(sides).toHaveLength(2 * figures.length);
    expect(new Set(figures.map(({ id }) => id)).size).toBe(figures.length);
  });

  test('labels that no longer follow from the inputs are seen by what they cost the candidate', () => {
    const now = draw(0);
    const turned = Int32Array.from(now, (value) => (-value + random.normal() > 1 ? 1 : 0));
    const { findings } = driftCheck.judge(against(now, { labels: labels(turned) }));
    expect(findings.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id)).toEqual(['drift/relation']);
  });

  test('unknown labels leave the relation unasked, and a column that is not recorded is never a pass', () => {
    const { findings } = driftCheck.judge({
      ...against(draw(0), { left: [{ column: 'y', why: 'the window does not hold it' }] }),
    });
    expect(findings.find(({ id }) => id === 'drift/relation')).toMatchObject({ verdict: 'not-applicable' });
    expect(findings.find(({ id }) => id === 'drift/y')).toMatchObject({
      verdict: 'inconclusive',
      severity: 'advisory',
    });
  });

  test('an empty window, and one that cannot be read, are not a pass', () => {
    expect(checkConclusionOf(driftCheck.judge(against(new Float64Array(0))).findings)).toBe('action_required');
    const unread = {
      ...evidence,
      drift: { against: { kind: 'window', label: 'w', data: missing('drift', 'no such file') } },
    } as const;
    expect(checkConclusionOf(driftCheck.judge(unread).findings)).toBe('failure');
  });

  test.skipIf(!existsSync(sharedData))(
    'against a training sample the relation is asked of trees that never saw it',
    async () => {
      const { data, answers } = await fixture('loans');
      const reference = await load('loans', 'reference');
      const column = reference.columns.get('defaulted');
      if (column?.kind !== 'number') throw new Error('the label is a number');
      const inputs = ['age', 'income', 'debt_ratio', 'employment_years', 'region'];
      const sample = sampleEvidence({
        data,
        candidate: answers('v2_better'),
        champion: answers('v1_champion'),
        inputs,
      });
      const judged = driftCheck.judge({
        ...sample,
        drift: {
          against: {
            kind: 'reference',
            label: 'training-sample.parquet',
            data: gathered({
              table: reference,
              labels: labels(Int32Array.from(column.values)),
              answeredBy: 'nobody',
              left: [],
            }),
          },
        },
      });
      expect(checkConclusionOf(judged.findings)).toBe('success');
      expect(judged.findings.find(({ id }) => id === 'drift/relation')?.measured.model).toContain('boosted trees');
      expect(judged.title).toContain('against the reference of 3,000 rows');
    },
  );
});
