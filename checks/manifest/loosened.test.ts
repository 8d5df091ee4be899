import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgedManifest } from './judged-manifest.ts';
import { judgedValuesOf } from './judged-values.ts';
import { evaluationChanged, loosenedFindings, looseningsOf } from './loosened.ts';
import type { LoadedManifest } from './manifest.ts';
import { fullManifest, smallestManifest } from './manifest-samples.ts';
import { parseManifest } from './parse-manifest.ts';
import { defaultPolicy, parsePolicy } from './parse-policy.ts';
import type { Policy } from './policy.ts';
import { textOfProblem } from './problem.ts';
import { tightening } from './tightening.ts';

function loaded(source: string, policy: Policy = defaultPolicy): LoadedManifest {
  const parsed = parseManifest(source, 'models/income/model.yaml', policy);
  if (parsed.kind === 'refused') throw new Error(parsed.problems.map(textOfProblem).join('\n'));
  return parsed.loaded;
}

function policyOf(source: string): Policy {
  const parsed = parsePolicy(source, '.github/slipway.yml');
  if (parsed.kind === 'refused') throw new Error(parsed.problems.map(textOfProblem).join('\n'));
  return parsed.loaded.policy;
}

/** The full manifest with what the sample leaves open said as well, so that every field can be loosened. */
const base = `${fullManifest.replace('reversible: true', 'reversible: false')}replay: { flips: 0.05 }\nreadiness: { minimum: 3 }\n`;

function changed(source: string, before: string | RegExp, after: string): string {
  const result = source.replace(before, after);
  if (result === source) throw new Error(`the sample does not hold ${String(before)}`);
  return result;
}

function ids(proposal: string, from: string = base, policy: Policy = defaultPolicy): readonly string[] {
  return loosenedFindings(loaded(proposal, policy), loaded(from, policy), policy)
    .filter(({ verdict }) => verdict === 'fail')
    .map(({ id }) => id.replace('manifest/loosened/', ''));
}

type Change = readonly [id: string, before: string | RegExp, after: string];

const loosenings: readonly Change[] = [
  ['baseline', 'baseline: production', 'baseline: simple'],
  ['baseline', 'baseline: production', 'baseline: { version: 1.0.0 }'],
  ['evaluation.label', 'label: income', 'label: other'],
  ['evaluation.key', /\n {2}key: .*/, ''],
  ['evaluation.key', 'key: person_id', 'key: row_id'],
  ['evaluation.goldens', /\n {2}goldens: .*/, ''],
  ['evaluation.corners', 'corners: true', 'corners: false'],
  ['evaluation.metrics.roc_auc', /\n {4}- \{ name: roc_auc[^}]*\}/, ''],
  ['evaluation.metrics.log_loss', /\n {4}- \{ name: log_loss[^}]*\}/, ''],
  ['evaluation.metrics.roc_auc.min', 'min: 0.88', 'min: 0.87'],
  ['evaluation.metrics.roc_auc.min', 'min: 0.88, ', ''],
  ['evaluation.metrics.log_loss.max', 'max: 0.35', 'max: 0.36'],
  ['evaluation.metrics.roc_auc.margin', 'margin: 0.005', 'margin: 0.006'],
  ['evaluation.metrics.roc_auc.cohortMargin', 'cohortMargin: 0.02', 'cohortMargin: 0.021'],
  ['evaluation.metrics.log_loss.cohortMargin', 'margin: 0.01 }', 'margin: 0.01, cohortMargin: 0.05 }'],
  ['evaluation.cohorts.age', ', { column: age, bins: [25, 45, 65] }', ''],
  ['evaluation.cohorts.age.bins', 'bins: [25, 45, 65]', 'bins: [25, 45]'],
  ['evaluation.cohorts.age.bins', 'bins: [25, 45, 65]', 'bins: [26, 45, 65]'],
  ['evaluation.cohorts.age.bins', '{ column: age, bins: [25, 45, 65] }', 'age'],
  ['evaluation.cohortGap.true_positive_rate', 'true_positive_rate: 0.10', 'true_positive_rate: 0.11'],
  ['evaluation.cohortGap.true_positive_rate', /\n {2}cohortGap: .*/, ''],
  ['drift.alpha', 'alpha: 0.01', 'alpha: 0.001'],
  ['drift.effect.psi', 'psi: 0.1', 'psi: 0.2'],
  ['drift.effect.auc', 'psi: 0.1', 'psi: 0.1, auc: 0.7'],
  ['drift.reference', /\n {2}reference: .*/, ''],
  ['drift.reference', /(reference: .*sha256: )../, '$1ff'],
  ['drift.window', 'window: 7d', 'window: 1d'],
  ['drift.window', 'window: 7d', 'window: 14d'],
  ['reproducibility.tolerance.relative', 'relative: 1e-3', 'relative: 1e-2'],
  ['reproducibility.tolerance.absolute', 'absolute: 1e-5', 'absolute: 1e-4'],
  ['columns.sex.protected', 'values: [Male, Female], protected: true', 'values: [Male, Female]'],
  ['columns.email.pii', 'pii: true', 'pii: false'],
  ['columns.email.pii', /\n {2}email: .*/, ''],
  ['performance.p99Ms', 'p99Ms: 5', 'p99Ms: 6'],
  ['performance.p99Ms', 'p99Ms: 5, ', ''],
  ['performance.memoryMb', 'memoryMb: 256', 'memoryMb: 257'],
  ['performance.loadMs', 'loadMs: 5000', 'loadMs: 5001'],
  ['performance.slowdown', 'slowdown: 1.25', 'slowdown: 1.3'],
  ['replay.flips', 'flips: 0.05', 'flips: 0.06'],
  ['replay.flips', /\nreplay: .*/, ''],
  ['readiness.minimum', 'minimum: 3', 'minimum: 2'],
  ['readiness.minimum', /\nreadiness: .*/, ''],
  ['impact', /\nimpact:[^\n]*(\n {2}[^\n]*)*/, ''],
  ['impact.severity', 'severity: moderate', 'severity: low'],
  ['impact.reversible', 'reversible: false', 'reversible: true'],
  ['impact.personalData.sex', 'personalData: [age, sex]', 'personalData: [age]'],
  [
    'impact.mitigations.human review of every refusal',
    'mitigations: [human review of every refusal]',
    'mitigations: [none]',
  ],
  ['impact.retention', 'retention: 90d', 'retention: 91d'],
  ['impact.decision', /\n {2}decision: .*/, ''],
  ['impact.affected', /\n {2}affected: .*/, ''],
  ['impact.lawfulBasis', /\n {2}lawfulBasis: .*/, ''],
  ['rollout.analysis.errors', 'errors: 0.01', 'errors: 0.02'],
  ['rollout.analysis.latency', 'latency: 1.2', 'latency: 1.3'],
  ['rollout.analysis.predictions', 'predictions: 0.05', 'predictions: 0.06'],
  ['rollout.analysis.predictions', 'predictions: 0.05, ', ''],
  ['rollout.analysis.disagreement', 'predictions: 0.05', 'predictions: 0.05, disagreement: 0.21'],
  ['rollout.analysis.feedback', ', feedback: { metric: accuracy, margin: 0.01 }', ''],
  ['rollout.analysis.feedback.metric', 'metric: accuracy', 'metric: recall'],
  ['rollout.analysis.feedback.margin', 'metric: accuracy, margin: 0.01', 'metric: accuracy, margin: 0.02'],
  ['rollout.minimum', 'minimum: 200', 'minimum: 199'],
  ['rollout.onInsufficient', 'onInsufficient: hold', 'onInsufficient: promote'],
  ['rollout.onFail', 'onFail: abort', 'onFail: hold'],
];

const tightenings: readonly (readonly [string, string | RegExp, string])[] = [
  [
    'a metric more',
    'metrics:                         # direction follows from the name',
    'metrics:\n    - { name: accuracy }',
  ],
  ['a floor raised', 'min: 0.88', 'min: 0.89'],
  ['a floor added', 'max: 0.35', 'max: 0.35, min: 0'],
  ['a ceiling lowered', 'max: 0.35', 'max: 0.34'],
  ['a margin narrowed', 'margin: 0.005', 'margin: 0.004'],
  ['a margin of none', 'margin: 0.005', 'margin: 0'],
  ["a cohort's margin narrowed", 'cohortMargin: 0.02', 'cohortMargin: 0.01'],
  ['a cohort more', 'cohorts: [sex,', 'cohorts: [workclass, sex,'],
  ['finer bins', 'bins: [25, 45, 65]', 'bins: [25, 35, 45, 65]'],
  ['a gap lowered', 'true_positive_rate: 0.10', 'true_positive_rate: 0.09'],
  ['a gap more', 'true_positive_rate: 0.10', 'true_positive_rate: 0.10, selection_rate: 0.2'],
  ['alpha raised', 'alpha: 0.01', 'alpha: 0.05'],
  ['the effect lowered', 'psi: 0.1', 'psi: 0.05'],
  ['a tolerance lowered', 'relative: 1e-3', 'relative: 1e-4'],
  ['a column protected', 'age: { type: number', 'age: { protected: true, type: number'],
  ['a column pii', 'age: { type: number', 'age: { pii: true, type: number'],
  ['a budget lowered', 'p99Ms: 5', 'p99Ms: 4'],
  ['the severity raised', 'severity: moderate', 'severity: critical'],
  ['personal data more', 'personalData: [age, sex]', 'personalData: [age, sex, race]'],
  ['a mitigation more', 'mitigations: [', 'mitigations: [appeal, '],
  ['a shorter retention', 'retention: 90d', 'retention: 30d'],
  ['another decision', 'decision: automated-with-review', 'decision: by a person'],
  ['the errors lowered', 'errors: 0.01', 'errors: 0.005'],
  ['the minimum raised', 'minimum: 200', 'minimum: 1000'],
  ['too little traffic aborts', 'onInsufficient: hold', 'onInsufficient: abort'],
  ['goldens kept, data renamed', 'uri: evaluation.parquet', 'uri: data/evaluation.parquet'],
  ['another claim', 'claimed: 0.9259', 'claimed: 0.93'],
  ['other steps', 'weight: 5,', 'weight: 10,'],
  ['a cohort that is protected anyway left out', 'cohorts: [sex, ', 'cohorts: ['],
  ['the order of metrics and cohorts', 'cohorts: [sex, race,', 'cohorts: [race, sex,'],
];

describe('a proposal may only tighten', () => {
  test.each(loosenings)('%s: loosening it is red, and names it alone', (id, before, after) => {
    expect(ids(changed(base, before, after))).toEqual([id]);
  });

  test.each(tightenings)('%s: green', (_, before, after) => {
    expect(ids(changed(base, before, after))).toEqual([]);
  });

  test('every field of the table is loosened in one of these tests', () => {
    const covers = (pointer: string) => {
      const pattern = new RegExp(`^${pointer.slice(1).replaceAll('/', '\\.').replaceAll('*', '[^.]+')}$`);
      return loosenings.some(([id]) => pattern.test(id));
    };
    expect(tightening.map(({ pointer }) => pointer).filter((pointer) => !covers(pointer))).toEqual([]);
  });

  test('a baseline that was weak may become stronger, and not another of the same strength', () => {
    const version = (v: string) => changed(base, 'baseline: production', `baseline: { version: ${v} }`);
    expect(ids(base, version('1.0.0'))).toEqual([]);
    expect(ids(version('1.1.0'), version('1.0.0'))).toEqual(['baseline']);
    expect(ids(version('1.0.0'), changed(base, 'baseline: production', 'baseline: simple'))).toEqual([]);
  });

  test('the finding says what, where, what it was and what may become of it', () => {
    const [finding] = loosenedFindings(
      loaded(changed(base, 'margin: 0.005', 'margin: 0.006')),
      loaded(base),
      defaultPolicy,
    );
    expect(finding).toMatchObject({
      id: 'manifest/loosened/evaluation.metrics.roc_auc.margin',
      verdict: 'fail',
      severity: 'blocking',
      reason:
        'evaluation.metrics.roc_auc.margin goes from 0.005 (the default branch) to 0.006: a margin may only become narrower; one that is left out counts as its default',
      measured: { before: { absolute: 0.005, relative: null }, after: { absolute: 0.006, relative: null } },
    });
    const line = base.split('\n')[(finding?.at?.line ?? 0) - 1]?.slice((finding?.at?.column ?? 0) - 1);
    expect(line).toMatch(/^0\.005/);
  });

  test('all is well: the count of what was compared is told', () => {
    const [finding] = loosenedFindings(loaded(base), loaded(base), defaultPolicy);
    expect(finding).toMatchObject({ id: 'manifest/loosened', verdict: 'pass', measured: { loosened: 0 } });
    expect(finding?.measured['compared']).toBeGreaterThan(40);
  });
});

describe('defaults count as their values', () => {
  const small = (more: string) => `${smallestManifest}${more}`;
  const metrics = (text: string) =>
    smallestManifest.replace('  label: income\n', `  label: income\n  metrics: ${text}\n`);

  test('a margin that was left out may not be written wider, and may be written as it was', () => {
    expect(
      ids(
        metrics('[{ name: roc_auc, margin: 0.006 }, { name: log_loss }]'),
        metrics('[{ name: roc_auc }, { name: log_loss }]'),
      ),
    ).toEqual(['evaluation.metrics.roc_auc.margin', 'evaluation.metrics.roc_auc.cohortMargin']);
    expect(
      ids(
        metrics('[{ name: roc_auc, margin: 0.005, cohortMargin: 0.02 }, { name: log_loss }]'),
        metrics('[{ name: roc_auc }, { name: log_loss }]'),
      ),
    ).toEqual([]);
  });

  test('the default metrics may not be replaced by weaker ones', () => {
    expect(ids(metrics('[{ name: accuracy }]'), smallestManifest)).toEqual([
      'evaluation.metrics.roc_auc',
      'evaluation.metrics.log_loss',
    ]);
    expect(ids(metrics('[{ name: roc_auc }, { name: log_loss }, { name: accuracy }]'), smallestManifest)).toEqual([]);
    expect(ids(metrics('[{ name: roc_auc }, { name: log_loss, margin: 1 }]'), smallestManifest)).toEqual([
      'evaluation.metrics.log_loss.margin',
      'evaluation.metrics.log_loss.cohortMargin',
    ]);
  });

  test('which metrics are the default follows the task that the graph tells', () => {
    const proposal = loaded(metrics('[{ name: mae }]'));
    expect(
      looseningsOf(proposal.manifest, loaded(smallestManifest).manifest, defaultPolicy, 'regression').map(
        ({ pointer }) => pointer,
      ),
    ).toEqual(['/evaluation/metrics/rmse']);
  });

  test('a margin in units against a share of the baseline cannot be shown to be tighter, except none at all', () => {
    const from = metrics('[{ name: mae }, { name: rmse }]');
    expect(ids(metrics('[{ name: mae, margin: 1 }, { name: rmse }]'), from)).toEqual([
      'evaluation.metrics.mae.margin',
      'evaluation.metrics.mae.cohortMargin',
    ]);
    expect(ids(metrics('[{ name: mae, margin: 0, cohortMargin: 0 }, { name: rmse }]'), from)).toEqual([]);
  });

  test('a default that is written out is no change', () => {
    expect(
      ids(
        small('drift: { alpha: 0.01, window: 7d }\nrollout: { minimum: 200 }\nbaseline: production\n'),
        smallestManifest,
      ),
    ).toEqual([]);
    expect(
      ids(
        smallestManifest,
        small('drift: { alpha: 0.01, window: 7d }\nrollout: { minimum: 200 }\nbaseline: production\n'),
      ),
    ).toEqual([]);
    expect(ids(smallestManifest, small('drift: { alpha: 0.05 }\n'))).toEqual(['drift.alpha']);
  });
});

describe('the policy', () => {
  const policy = policyOf(
    'checks: { defaults: { drift: { alpha: 0.05 }, evaluation: { metrics: [{ name: roc_auc, min: 0.7 }, { name: mae, max: 3 }] }, performance: { p99Ms: 10 }, rollout: { minimum: 500 } } }',
  );
  const first = (source: string) =>
    loosenedFindings(loaded(source, policy), undefined, policy)
      .filter(({ verdict }) => verdict === 'fail')
      .map(({ id }) => id);

  test('binds a first version too, by what it says itself', () => {
    expect(first(smallestManifest)).toEqual([]);
    expect(
      first(`${smallestManifest}drift: { alpha: 0.01 }\nrollout: { minimum: 200 }\nperformance: { p99Ms: 20 }\n`),
    ).toEqual([
      'manifest/loosened/drift.alpha',
      'manifest/loosened/performance.p99Ms',
      'manifest/loosened/rollout.minimum',
    ]);
  });

  test('speaks of metrics only to models that they can measure', () => {
    const metrics = smallestManifest.replace('  label: income\n', '  label: income\n  metrics: [{ name: accuracy }]\n');
    expect(first(metrics)).toEqual(['manifest/loosened/evaluation.metrics.roc_auc']);
  });
});

describe('the judged manifest', () => {
  test.each(loosenings)('%s: the stricter value judges', (_, before, after) => {
    const proposal = loaded(changed(base, before, after)).manifest;
    const judged = judgedManifest(proposal, loaded(base).manifest, defaultPolicy);
    expect(looseningsOf(judged, loaded(base).manifest, defaultPolicy)).toEqual([]);
  });

  test.each(loosenings)('%s: waived, the proposal judges', (id, before, after) => {
    const proposal = loaded(changed(base, before, after)).manifest;
    const judged = judgedManifest(proposal, loaded(base).manifest, defaultPolicy, {
      waived: [`manifest/loosened/${id}`],
    });
    expect(looseningsOf(judged, loaded(base).manifest, defaultPolicy).map((loosening) => loosening.id)).toEqual([
      `manifest/loosened/${id}`,
    ]);
  });

  test('nothing changed: the manifest itself judges', () => {
    for (const source of [base, smallestManifest]) {
      const { manifest } = loaded(source);
      expect(judgedManifest(manifest, manifest, defaultPolicy)).toEqual(manifest);
      expect(judgedManifest(manifest, undefined, defaultPolicy)).toEqual(manifest);
    }
  });

  test("keeps the proposal's order, so that its places stay right; what the default branch adds comes after", () => {
    const mixed = changed(base, 'cohorts: [sex, race,', 'cohorts: [workclass, race,');
    const proposal = loaded(changed(mixed, /\n {4}- \{ name: roc_auc[^}]*\}/, '')).manifest;
    const judged = judgedManifest(proposal, loaded(base).manifest, defaultPolicy);
    expect(judged.evaluation.cohorts.map(({ column }) => column)).toEqual(['workclass', 'race', 'age', 'sex']);
    expect(judged.evaluation.metrics.map(({ name }) => name)).toEqual(['log_loss', 'roc_auc']);
  });

  test('is never looser than either side, and judging it again changes nothing', () => {
    fc.assert(
      fc.property(anyManifest, anyManifest, (proposalSource, baseSource) => {
        const [proposal, from] = [loaded(proposalSource).manifest, loaded(baseSource).manifest];
        const judged = judgedManifest(proposal, from, defaultPolicy, { task: 'binary' });
        expect(looseningsOf(judged, from, defaultPolicy, 'binary')).toEqual([]);
        expect(
          looseningsOf(judged, proposal, defaultPolicy, 'binary').filter(({ pointer }) => isOrdered(pointer)),
        ).toEqual([]);
        const again = judgedManifest(judged, from, defaultPolicy, { task: 'binary' });
        expect(new Map(judgedValuesOf(again, 'binary'))).toEqual(new Map(judgedValuesOf(judged, 'binary')));
      }),
      { numRuns: 150 },
    );
  });

  test('tightening is transitive: what is green twice is green at once', () => {
    fc.assert(
      fc.property(anyManifest, anyManifest, anyManifest, (a, b, c) => {
        const green = (proposal: string, from: string) =>
          looseningsOf(loaded(proposal).manifest, loaded(from).manifest, defaultPolicy, 'binary').length === 0;
        expect(!(green(b, a) && green(c, b)) || green(c, a)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});

test('evaluation data that only moved are the same', () => {
  const { manifest } = loaded(base);
  expect(
    evaluationChanged(
      loaded(changed(base, 'uri: evaluation.parquet', 'uri: data/evaluation.parquet')).manifest,
      manifest,
    ),
  ).toBe(false);
  expect(
    evaluationChanged(
      loaded(changed(base, /(data: \{ uri: evaluation.parquet, sha256: )../, '$1ff')).manifest,
      manifest,
    ),
  ).toBe(true);
});

/** Values without an order stay as the default branch has them: there the judged manifest may differ from the proposal. */
function isOrdered(pointer: string): boolean {
  return !/\/(label|key|goldens|reference|window|metric|bins)$|^\/baseline$/.test(pointer);
}

const amount = fc.constantFrom(0, 0.001, 0.005, 0.01, 0.02, 0.5);
const rule = (name: string) =>
  fc.record({ name: fc.constant(name), min: amount, margin: amount, cohortMargin: amount }, { requiredKeys: ['name'] });
const anyManifest = fc
  .record({
    metrics: fc
      .tuple(...['roc_auc', 'log_loss', 'accuracy'].map((name) => fc.option(rule(name))))
      .map((rules) => rules.filter((one) => one !== null)),
    cohorts: fc.subarray(['sex', 'race', 'region']),
    bins: fc.option(fc.subarray([25, 35, 45], { minLength: 1 })),
    gap: fc.option(amount),
    corners: fc.boolean(),
    baseline: fc.constantFrom('production', 'simple', { version: '1.0.0' }),
    alpha: fc.constantFrom(0.001, 0.01, 0.05),
    psi: amount,
    performance: fc.option(
      fc.record(
        { p99Ms: fc.integer({ min: 1, max: 3 }), slowdown: fc.integer({ min: 1, max: 3 }) },
        { requiredKeys: [] },
      ),
    ),
    columns: fc.dictionary(
      fc.constantFrom('sex', 'age', 'a/b', 'c~d'),
      fc.record({ protected: fc.boolean(), pii: fc.boolean() }),
    ),
    impact: fc.option(
      fc.record(
        {
          severity: fc.constantFrom('low', 'moderate', 'high', 'critical'),
          reversible: fc.boolean(),
          personalData: fc.subarray(['age', 'sex']),
          mitigations: fc.subarray(['x', 'y z']),
          retention: fc.constantFrom('1d', '24h', '90d'),
        },
        { requiredKeys: ['severity'] },
      ),
    ),
    minimum: fc.integer({ min: 1, max: 3 }),
    onFail: fc.constantFrom('hold', 'abort'),
    onInsufficient: fc.constantFrom('promote', 'hold', 'abort'),
    predictions: fc.option(amount),
    feedback: fc.option(fc.record({ metric: fc.constantFrom('accuracy', 'recall'), margin: amount })),
  })
  .map((any) =>
    JSON.stringify({
      apiVersion: 'slipway/v1',
      kind: 'Model',
      name: 'income',
      version: '1',
      artifact: { uri: 'model.onnx', sha256: 'a'.repeat(64) },
      columns: any.columns,
      evaluation: {
        data: { uri: 'evaluation.csv', sha256: 'b'.repeat(64) },
        label: 'income',
        metrics: any.metrics,
        cohorts: [...any.cohorts, ...(any.bins === null ? [] : [{ column: 'age', bins: any.bins }])],
        ...(any.gap === null ? {} : { cohortGap: { selection_rate: any.gap } }),
        corners: any.corners,
      },
      baseline: any.baseline,
      drift: { alpha: any.alpha, effect: { psi: any.psi } },
      ...(any.performance === null ? {} : { performance: any.performance }),
      ...(any.impact === null ? {} : { impact: any.impact }),
      rollout: {
        minimum: any.minimum,
        onFail: any.onFail,
        onInsufficient: any.onInsufficient,
        analysis: {
          ...(any.predictions === null ? {} : { predictions: any.predictions }),
          ...(any.feedback === null ? {} : { feedback: any.feedback }),
        },
      },
    }),
  );
