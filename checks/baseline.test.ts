import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Column } from '../serving/model/table.ts';
import { fixture, sampleEvidence, sharedData } from './baseline/sample-evidence.ts';
import { baselineCheck } from './baseline.ts';
import { cohortsCheck } from './cohorts.ts';
import { checkConclusionOf } from './conclusion.ts';
import type { Answers, EvaluationData } from './evidence/evidence.ts';
import { missing } from './evidence/missing.ts';
import type { Finding } from './report/report.ts';
import { seededRandom } from './stats/seeded-random.ts';

const only = (findings: readonly Finding[], id: string): Finding => {
  const found = findings.find((finding) => finding.id === id);
  if (found === undefined) throw new Error(`no finding ${id} among ${findings.map((each) => each.id).join(', ')}`);
  return found;
};

const cohortsOf = {
  adult: [{ column: 'sex' }, { column: 'age', bins: [25, 45, 65] }],
  bike: [{ column: 'weathersit', bins: [3] }, { column: 'workingday' }],
  loans: [{ column: 'group' }, { column: 'region' }],
} as const;

describe.skipIf(!existsSync(sharedData))('the fixtures’ verdicts, with default margins', () => {
  // [set, candidate, champion, baseline's conclusion, cohorts' conclusion, a finding that fails]
  test.each([
    ['adult', 'v1b_equivalent', 'v1_champion', 'success', 'success', undefined],
    ['adult', 'v2_better', 'v1_champion', 'success', 'success', undefined],
    ['adult', 'v3_cohort_regression', 'v1_champion', 'success', 'failure', 'cohorts/sex=Female/roc_auc'],
    ['adult', 'v3_cohort_regression', 'v2_better', 'failure', 'failure', 'cohorts/sex=Female/roc_auc'],
    ['adult', 'v3b_overall_regression', 'v1_champion', 'failure', 'failure', 'baseline/roc_auc'],
    ['bike', 'v1b_equivalent', 'v1_champion', 'success', 'success', undefined],
    ['bike', 'v2_better', 'v1_champion', 'success', 'success', undefined],
    ['bike', 'v3_cohort_regression', 'v1_champion', 'success', 'failure', 'cohorts/weathersit=3+/mae'],
    ['bike', 'v3_cohort_regression', 'v2_better', 'failure', 'failure', 'cohorts/weathersit=3+/mae'],
    ['bike', 'v3b_overall_regression', 'v1_champion', 'failure', 'failure', 'baseline/mae'],
    ['loans', 'v1b_equivalent', 'v1_champion', 'success', 'success', undefined],
    ['loans', 'v2_better', 'v1_champion', 'success', 'success', undefined],
    ['loans', 'v3_cohort_regression', 'v2_better', 'failure', 'failure', 'cohorts/group=B/roc_auc'],
    ['loans', 'v3b_overall_regression', 'v2_better', 'failure', 'failure', 'baseline/roc_auc'],
  ] as const)('%s %s against %s: baseline %s is %s', async (set, candidate, champion, baseline, cohorts, failing) => {
    const { data, answers } = await fixture(set);
    const evidence = sampleEvidence({
      data,
      candidate: answers(candidate),
      champion: answers(champion),
      evaluation: { cohorts: cohortsOf[set] },
    });
    const [first, second] = [baselineCheck.judge(evidence), cohortsCheck.judge(evidence)];
    expect([first.title, checkConclusionOf(first.findings)]).toEqual([first.title, baseline]);
    expect([second.title, checkConclusionOf(second.findings)]).toEqual([second.title, cohorts]);
    const failed = [...first.findings, ...second.findings]
      .filter(({ verdict }) => verdict === 'fail')
      .map(({ id }) => id);
    expect(failed.find((id) => failing === undefined || id === failing)).toBe(failing);
  });

  test('adult’s cohort regression carries the numbers of the published drawing', async () => {
    const { data, answers } = await fixture('adult');
    const { findings, title } = cohortsCheck.judge(
      sampleEvidence({
        data,
        candidate: answers('v3_cohort_regression'),
        champion: answers('v1_champion'),
        evaluation: { cohorts: [{ column: 'sex' }] },
      }),
    );
    expect(title).toMatch(/^sex = Female: roc_auc worse by 0\.153 \(margin 0\.02\)/);
    const { measured } = only(findings, 'cohorts/sex=Female/roc_auc');
    // expected.json: auc_delta of sex=Female.
    expect(measured.difference).toBeCloseTo(-0.152718, 6);
    expect(measured.n).toBe(2278);
  });

  test('bike’s equivalent model differs significantly and negligibly: it passes', async () => {
    const { data, answers } = await fixture('bike');
    const evidence = sampleEvidence({ data, candidate: answers('v1b_equivalent'), champion: answers('v1_champion') });
    const mae = only(baselineCheck.judge(evidence).findings, 'baseline/mae');
    expect(mae.measured.pValue).toBeCloseTo(6.600906045790809e-10, 18);
    expect(mae.verdict).toBe('pass');
  });

  test.each<['adult' | 'bike' | 'loans', string, readonly string[]]>([
    ['adult', 'v1_champion', ['age', 'education_num', 'hours_per_week', 'workclass', 'occupation', 'race', 'sex']],
    [
      'bike',
      'v2_better',
      ['season', 'hr', 'holiday', 'weekday', 'workingday', 'weathersit', 'temp', 'hum', 'windspeed'],
    ],
    ['loans', 'v1_champion', ['age', 'income', 'employment_years', 'region']],
  ])('a first version of %s is compared with simple models of its own inputs', async (set, model, inputs) => {
    const { data, answers } = await fixture(set);
    const judged = baselineCheck.judge(sampleEvidence({ data, candidate: answers(model), inputs }));
    expect([judged.title, checkConclusionOf(judged.findings)]).toEqual([judged.title, 'success']);
    const metric = set === 'bike' ? 'mae' : 'roc_auc';
    expect(only(judged.findings, `baseline/${metric}`).measured.against).toBe('always guessing the same');
    const linear = only(judged.findings, `baseline/linear/${metric}`);
    expect(linear.measured.baseline).not.toBe(linear.measured.candidate);
    // A linear model of real columns knows something: it is better than guessing.
    const guessing = only(judged.findings, `baseline/${metric}`).measured.baseline;
    const gain = Number(linear.measured.baseline) - Number(guessing);
    expect(set === 'bike' ? -gain : gain).toBeGreaterThan(0.1);
  });
});

/** Made-up rows: a score that tells the label apart by `signal`. */
function madeUp(rows: number, seed: number) {
  const random = seededRandom(seed);
  const codes = Int32Array.from({ length: rows }, () => (random.uniform() < 0.3 ? 1 : 0));
  const x = Float64Array.from(codes, (code) => code * 1.5 + random.normal());
  const column: Column = { kind: 'number', name: 'x', values: x };
  const group: Column = {
    kind: 'category',
    name: 'group',
    dictionary: ['A', 'B'],
    codes: Int32Array.from({ length: rows }, () => (random.uniform() < 0.2 ? 1 : 0)),
  };
  const data: EvaluationData = {
    table: {
      rows,
      columns: new Map<string, Column>([
        ['x', column],
        ['group', group],
      ]),
    },
    labels: { kind: 'classes', classes: [0, 1], codes },
  };
  const answers = (noise: number, noiseSeed: number, onlyGroup?: number): Answers => {
    const other = seededRandom(noiseSeed);
    const scores = x.map((value, row) => {
      const z = other.normal() * noise;
      const bent = onlyGroup === undefined || group.codes[row] === onlyGroup ? z : 0;
      return 1 / (1 + Math.exp(-(value * 1.5 - 2 + bent)));
    });
    return { task: 'binary', rows, classes: [0, 1], scores, threshold: 0.5, probabilities: true };
  };
  return { data, answers };
}

describe('judgements', () => {
  const { data, answers } = madeUp(2000, 1);
  const champion = answers(0.2, 2);

  test('a straddling interval is inconclusive and says how many rows would decide; the policy may only list it', () => {
    const few = madeUp(120, 3);
    const evidence = { data: few.data, candidate: few.answers(0.5, 4), champion: few.answers(0.5, 5) };
    const { findings, title } = baselineCheck.judge(sampleEvidence(evidence));
    const auc = only(findings, 'baseline/roc_auc');
    expect(auc).toMatchObject({ verdict: 'inconclusive', severity: 'blocking' });
    expect(auc.measured.rowsThatWouldDecide).toBeGreaterThan(120);
    expect(title).toMatch(/^cannot say whether .* rows would decide$/);
    expect(checkConclusionOf(findings)).toBe('action_required');
    const listed = baselineCheck.judge(sampleEvidence({ ...evidence, policy: { undecidedBaseline: 'list' } }));
    expect(only(listed.findings, 'baseline/roc_auc')).toMatchObject({ verdict: 'inconclusive', severity: 'advisory' });
  });

  test('an equal model passes, even at a margin of nothing', () => {
    const evidence = sampleEvidence({
      data,
      candidate: champion,
      champion,
      evaluation: { metrics: [{ name: 'roc_auc', margin: 0 }] },
    });
    expect(checkConclusionOf(baselineCheck.judge(evidence).findings)).toBe('success');
  });

  test('a floor judges the point estimate, a pass shows its number', () => {
    const evidence = sampleEvidence({
      data,
      candidate: champion,
      champion,
      evaluation: {
        metrics: [
          { name: 'roc_auc', min: 0.5 },
          { name: 'log_loss', max: 0.01 },
        ],
      },
    });
    const { findings } = baselineCheck.judge(evidence);
    expect(only(findings, 'baseline/roc_auc/min')).toMatchObject({ verdict: 'pass', measured: { min: 0.5 } });
    expect(only(findings, 'baseline/log_loss/max')).toMatchObject({ verdict: 'fail', severity: 'blocking' });
  });

  test('a model that is worse than guessing fails, whatever the champion was', () => {
    const upside: Answers = { ...champion, scores: champion.scores.map((score) => 1 - score) };
    const evidence = sampleEvidence({ data, candidate: upside, champion: upside });
    expect(only(baselineCheck.judge(evidence).findings, 'baseline/trivial/roc_auc')).toMatchObject({
      verdict: 'fail',
      severity: 'blocking',
    });
  });

  test('scores that are not numbers are never a pass', () => {
    const broken: Answers = { ...champion, scores: champion.scores.map((score, row) => (row === 7 ? NaN : score)) };
    for (const check of [baselineCheck, cohortsCheck]) {
      const { findings } = check.judge(
        sampleEvidence({ data, candidate: broken, champion, evaluation: { cohorts: [{ column: 'group' }] } }),
      );
      expect(checkConclusionOf(findings)).toBe('action_required');
      expect(findings.every(({ verdict }) => verdict !== 'pass')).toBe(true);
    }
  });

  test('missing evidence names the check that owns the cause', () => {
    const evidence = {
      ...sampleEvidence({ data, candidate: champion, champion }),
      candidate: missing('artifact', 'the graph does not load'),
    };
    expect(baselineCheck.judge(evidence).findings).toMatchObject([
      {
        verdict: 'inconclusive',
        severity: 'blocking',
        reason: 'cannot be judged: the graph does not load (see artifact)',
      },
    ]);
  });

  test('a candidate that is ruined for one group fails there, and the better average is no excuse', () => {
    const evidence = sampleEvidence({
      data,
      candidate: answers(6, 9, 1),
      champion: answers(1, 10),
      columns: { group: { protected: true } },
    });
    expect(only(baselineCheck.judge(evidence).findings, 'baseline/roc_auc').measured).toMatchObject({ n: 2000 });
    const { findings, title } = cohortsCheck.judge(evidence);
    expect(only(findings, 'cohorts/group=B/roc_auc').verdict).toBe('fail');
    expect(only(findings, 'cohorts/group=A/roc_auc').verdict).toBe('pass');
    expect(title).toMatch(/^group = B: \w+ worse by/);
  });

  test('a cohort too small to say is listed, never passed; the strict policy blocks it', () => {
    const rows = Int32Array.from({ length: 2000 }, (_, row) => (row < 30 ? 1 : 0));
    const small: Column = { kind: 'category', name: 'group', dictionary: ['A', 'B'], codes: rows };
    const table = { rows: 2000, columns: new Map<string, Column>([['group', small]]) };
    const evidence = {
      data: { ...data, table },
      candidate: answers(1, 11),
      champion: answers(1, 12),
      evaluation: { cohorts: [{ column: 'group' }], metrics: [{ name: 'roc_auc' as const, margin: 0.02 }] },
    };
    const listed = only(cohortsCheck.judge(sampleEvidence(evidence)).findings, 'cohorts/group=B/roc_auc');
    expect(listed).toMatchObject({ verdict: 'inconclusive', severity: 'advisory' });
    expect(listed.reason).toMatch(/cannot say$/);
    const strict = cohortsCheck.judge(sampleEvidence({ ...evidence, policy: { undecidedCohorts: 'block' } }));
    expect(checkConclusionOf(strict.findings)).toBe('action_required');
  });

  test('a gap between cohorts fails when it surely lies beyond its limit', () => {
    const bent = answers(0.2, 13);
    const candidate: Answers = {
      ...bent,
      scores: bent.scores.map((score, row) => {
        const column = data.table.columns.get('group');
        return column?.kind === 'category' && column.codes[row] === 1 ? score / 4 : score;
      }),
    };
    const evaluation = { cohorts: [{ column: 'group' }], cohortGap: { true_positive_rate: 0.1, selection_rate: 0.9 } };
    const { findings } = cohortsCheck.judge(sampleEvidence({ data, candidate, champion: candidate, evaluation }));
    expect(only(findings, 'cohorts/gap/group/true_positive_rate')).toMatchObject({
      verdict: 'fail',
      severity: 'blocking',
    });
    expect(only(findings, 'cohorts/gap/group/selection_rate')).toMatchObject({ verdict: 'pass' });
  });

  test('without cohorts and without a champion the check does not apply', () => {
    const { findings } = cohortsCheck.judge(sampleEvidence({ data, candidate: champion }));
    expect(checkConclusionOf(findings)).toBe('skipped');
  });
});

test('two equal models: "worse" at most 5 % of the time, and pass at least 80 % once the interval is under 0.6 margins', () => {
  let [worse, passed, decidable] = [0, 0, 0];
  const REPETITIONS = 60;
  const MARGIN = 0.01;
  for (let i = 0; i < REPETITIONS; i++) {
    const { data, answers } = madeUp(3000, 100 + i);
    const evidence = sampleEvidence({
      data,
      candidate: answers(0.3, 200 + i),
      champion: answers(0.3, 300 + i),
      evaluation: { metrics: [{ name: 'roc_auc', margin: MARGIN }] },
    });
    const finding = only(baselineCheck.judge(evidence).findings, 'baseline/roc_auc');
    if (finding.verdict === 'fail') worse++;
    const half = typeof finding.measured.standardError === 'number' ? 1.96 * finding.measured.standardError : Infinity;
    if (half >= 0.6 * MARGIN) continue;
    decidable++;
    if (finding.verdict === 'pass') passed++;
  }
  expect(worse).toBeLessThanOrEqual(0.05 * REPETITIONS);
  expect(decidable).toBeGreaterThan(REPETITIONS / 2);
  expect(passed / decidable).toBeGreaterThan(0.8);
});
