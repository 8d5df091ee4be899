import { describe, expect, it } from 'vitest';
import type { Finding, Measured, Report } from '../../checks/report/report.ts';
import { comparisonOf } from './comparisons.ts';
import { fleetSentence } from './fleet-sentence.ts';
import { modelStateOf } from './model-state.ts';
import { countOf, intervalOf, numberOf, percentOf, signedOf, weightOf } from './numbers.ts';
import { rolloutSegments } from './rollout-segments.ts';
import { blockedReport, calmFleet, passingReport, SAMPLE_NOW, sampleFleet, sampleRollout } from './sample-views.ts';
import { durationOf } from './times.ts';
import { asSentence, verdictOfReport } from './verdict.ts';
import type { ModelView } from './views.ts';

const named = (name: string): ModelView => {
  const model = sampleFleet.models.find((some) => some.model === name);
  if (model === undefined) throw new Error(`the sample holds no ${name}`);
  return model;
};
const fleetOf = (...models: readonly ModelView[]) => ({ ...sampleFleet, models });

describe('the fleet’s first line', () => {
  it.each([
    [sampleFleet, 'One model is failing: loan-default. Two more need a look.'],
    [fleetOf(named('loan-default')), 'One model is failing: loan-default.'],
    [fleetOf(named('wine'), named('digits')), 'Two models need a look: wine and digits.'],
    [calmFleet, 'All three models are in sync; 315 requests a second.'],
    [fleetOf(named('churn')), 'churn is in sync; 311 requests a second.'],
    [
      fleetOf(named('income'), named('churn')),
      'One model is rolling: income; the other model is in sync; 348 requests a second.',
    ],
    [fleetOf(), 'No model is deployed yet.'],
    [
      { ...calmFleet, unreachable: { since: '2026-11-14T03:10:00Z', reason: 'connection refused' } },
      'The fleet cannot be reached since 03:10:00; what stands here was seen at 03:12:40.',
    ],
  ])('tells what to do next', (view, sentence) => expect(fleetSentence(view)).toBe(sentence));

  it('is told to screen readers without the rate, which changes every second', () => {
    expect(fleetSentence(calmFleet, { withRate: false })).toBe('All three models are in sync.');
  });
});

describe('the state of a model', () => {
  it.each([
    ['loan-default', 'failing'],
    ['wine', 'held'],
    ['digits', 'drifted away'],
    ['income', 'rolling'],
    ['churn', 'in sync'],
  ])('%s is %s', (name, state) => expect(modelStateOf(named(name)).state).toBe(state));

  it('is failing when many of its requests end in errors, whatever its replicas say', () => {
    const failing = { ...named('churn'), traffic: { seconds: 10, requests: 100, errors: 30 } };
    expect(modelStateOf(failing)).toMatchObject({ state: 'failing', cause: '30.0 % of requests end in an error' });
  });

  it('is not failing by a few requests', () => {
    expect(modelStateOf({ ...named('churn'), traffic: { seconds: 10, requests: 3, errors: 3 } }).state).toBe('in sync');
  });

  it('is failing when no replica is healthy', () => {
    const { observed, ...model } = named('churn');
    if (observed === undefined) throw new Error('churn runs');
    expect(modelStateOf({ ...model, observed: { ...observed, health: 'down' } }).state).toBe('failing');
  });

  it('has drifted away when its candidate lost its lease', () => {
    const income = named('income');
    const { observed } = income;
    if (observed === undefined) throw new Error('income runs');
    const [stable] = observed.effective;
    const lapsed = {
      ...income,
      observed: { ...observed, effective: [{ revision: stable?.revision ?? '', weight: 100 }] },
    };
    expect(modelStateOf(lapsed)).toMatchObject({
      state: 'drifted away',
      cause: '2.0.1 gets 0 % instead of 25 %: its lease has lapsed or it is gone',
    });
  });

  it('is held after an abort until git agrees', () => {
    const income = named('income');
    const aborted = { ...income, rollout: { ...sampleRollout, phase: 'aborted' as const, revertPullRequest: 430 } };
    const stable =
      income.observed === undefined
        ? undefined
        : {
            ...income.observed,
            arms: income.observed.arms.slice(0, 1),
            effective: income.observed.effective.slice(0, 1),
          };
    expect(modelStateOf({ ...aborted, ...(stable === undefined ? {} : { observed: stable }) })).toMatchObject({
      state: 'held',
      cause: 'git says 2.0.1; 2.0.1 was aborted; revert #430 waits',
    });
  });
});

const finding = (more: Partial<Finding>): Finding => ({
  id: 'baseline/log_loss',
  verdict: 'fail',
  severity: 'blocking',
  reason: 'worse',
  measured: {},
  ...more,
});
const failing = (
  more: Partial<Finding>,
  check = 'baseline',
  conclusion: 'failure' | 'action_required' = 'failure',
): Report => ({
  ...passingReport,
  conclusion,
  checks: [
    {
      name: check,
      conclusion,
      title: 'log_loss is worse than 1.0.0 by 0.031 (limit 0.01)',
      durationMs: 1,
      required: true,
      findings: [finding(more)],
    },
  ],
});

describe('a proposal’s first line', () => {
  it('turns a metric where less is better', () => {
    const report = failing({
      measured: {
        metric: 'log_loss',
        candidate: 0.351,
        baseline: 0.32,
        difference: 0.031,
        interval: [0.022, 0.04],
        margin: 0.01,
      },
    });
    expect(verdictOfReport(report).sentence).toBe('Worse than 1.0.0: log_loss rises by 0.031; the margin is 0.010.');
  });

  it('says that it cannot say, which is not a pass', () => {
    const measured = {
      metric: 'roc_auc',
      candidate: 0.8,
      baseline: 0.81,
      difference: -0.01,
      interval: [-0.03, 0.01],
      margin: 0.005,
    };
    const verdict = verdictOfReport(failing({ verdict: 'inconclusive', measured }, 'baseline', 'action_required'));
    expect(verdict).toMatchObject({ word: 'Not decided by baseline', tone: 'warn', shape: 'halfDisc' });
    expect(verdict.sentence).toBe(
      'Too few rows to say: roc_auc −0.010, anywhere in [−0.030, +0.010]; the margin is 0.005.',
    );
  });

  it('is the check’s own title where nothing is compared', () => {
    expect(verdictOfReport(failing({}, 'artifact')).sentence).toBe(
      'log_loss is worse than 1.0.0 by 0.031 (limit 0.01).',
    );
  });

  it('a check that is not required blocks nothing', () => {
    const report = failing({});
    const advisory: Report = {
      ...report,
      checks: [...passingReport.checks, ...report.checks.map((check) => ({ ...check, required: false }))],
    };
    expect(verdictOfReport(advisory).word).toBe('May be merged');
  });

  it('says why the average hides it', () => {
    expect(verdictOfReport(blockedReport).lead).toMatch(
      /^Overall the candidate is better, 0\.840 → 0\.881, and that is what hides it\./,
    );
  });

  it.each([
    ['roc_auc falls', 'roc_auc falls.'],
    ['the digest differs', 'The digest differs.'],
    ['sex=Female: worse!', 'sex=Female: worse!'],
  ])('keeps the small letter of a machine’s name', (words, sentence) => expect(asSentence(words)).toBe(sentence));
});

describe('a comparison', () => {
  it('is drawn as improvement, its interval turned with it', () => {
    const comparison = comparisonOf(
      finding({
        measured: {
          metric: 'log_loss',
          candidate: 0.351,
          baseline: 0.32,
          difference: 0.031,
          interval: [0.022, 0.04],
          margin: 0.01,
        },
      }),
    );
    expect(comparison).toMatchObject({ improvement: -0.031, low: -0.04, high: -0.022, verdict: 'worse' });
  });

  it.each<Measured>([{ metric: 'roc_auc' }, { difference: 1 }, { metric: 'roc_auc', difference: null }, {}])(
    'is no comparison without a metric and a difference',
    (measured) => expect(comparisonOf(finding({ measured }))).toBeUndefined(),
  );
});

describe('numbers for people', () => {
  it.each([
    [signedOf(-0.1527), '−0.153'],
    [signedOf(0.0001), '0.000'],
    [signedOf(-0.0001), '0.000'],
    [signedOf(1234.4), '+1,234'],
    [numberOf(undefined), '–'],
    [numberOf(Number.NaN), '–'],
    [intervalOf([-0.2, 0.1]), '[−0.200, +0.100]'],
    [percentOf(0.0098, 2), '0.98 %'],
    [weightOf(12.5), '12.5 %'],
    [weightOf(100), '100 %'],
    [countOf(7000), '7,000'],
    [durationOf(41_000), '41 s'],
    [durationOf(18_720_000), '5 h 12 min'],
    [durationOf(7_190_000), '2 h'],
    [durationOf(812), '0.8 s'],
    [durationOf(86_400_000 * 3), '3 days'],
  ])('%s', (said, expected) => expect(said).toBe(expected));
});

describe('a rollout’s share over time', () => {
  it('is what happened, then what is planned, without gaps', () => {
    const segments = rolloutSegments(sampleRollout, SAMPLE_NOW);
    expect(segments.map(({ weight, planned }) => [weight, planned])).toEqual([
      [0, false],
      [5, false],
      [25, false],
      [25, true],
      [50, true],
      [100, true],
    ]);
    for (const [index, segment] of segments.entries()) {
      expect(segment.to).toBeGreaterThan(segment.from);
      expect(segment.from).toBe(segments[index - 1]?.to ?? Date.parse(sampleRollout.startedAt));
    }
  });

  it('plans nothing after an abort', () => {
    expect(
      rolloutSegments({ ...sampleRollout, phase: 'aborted' }, SAMPLE_NOW).filter(
        ({ planned, weight }) => planned && weight > 25,
      ),
    ).toEqual([]);
  });
});
