import { describe, expect, it } from 'vitest';
import type { RolloutPlan } from '../../checks/manifest/manifest.ts';
import { seededRandom } from '../../checks/stats/seeded-random.ts';
import { analysisOf } from './analysis.ts';
import { type Counted, nothingCounted } from './evidence.ts';

const plan: RolloutPlan = {
  strategy: 'canary',
  steps: [],
  analysis: { errors: 0.01, latency: 1.2 },
  minimum: 200,
  onInsufficient: 'hold',
  onFail: 'abort',
  keepWarmMs: 0,
};

function arm(requests: number, errors = 0, more: Partial<Counted> = {}): Counted {
  return { ...nothingCounted, requests, errors, ...more };
}

/** Runs of one row, all of one bucket of the bounds 0.1, 0.2, 0.5, 1, 2, 5, 10 ms. */
function computeOf(upperMs: number, runs: number, rows = 1): Pick<Counted, 'computeByRows'> {
  const bounds = [0.1, 0.2, 0.5, 1, 2, 5, 10];
  return {
    computeByRows: [{ rows, bounds, counts: [...bounds, Infinity].map((bound) => (bound === upperMs ? runs : 0)) }],
  };
}

function verdicts(candidate: Counted, stable: Counted, over: Partial<RolloutPlan['analysis']> = {}) {
  const { metrics } = analysisOf({ ...plan, analysis: { ...plan.analysis, ...over } }, candidate, stable);
  return Object.fromEntries(metrics.map(({ name, verdict }) => [name, verdict]));
}

describe('errors', () => {
  it.each([
    [arm(0), arm(1000), 'waiting', false],
    [arm(200), arm(2000), 'waiting', false],
    [arm(700), arm(7000), 'waiting', false],
    [arm(1000), arm(10_000), 'pass', true],
    [arm(3, 3), arm(30), 'fail', false],
    [arm(200, 2), arm(2000, 20), 'waiting', false],
    [arm(10_000, 100), arm(10_000, 100), 'pass', true],
    // A stable arm without requests is no measure.
    [arm(1000), arm(0), 'pass', false],
  ] as const)('%o against %o: %s, not shown worse: %s', (candidate, stable, verdict, nonInferior) => {
    const analysis = analysisOf(plan, candidate, stable);
    expect(analysis.metrics[0]).toMatchObject({ name: 'errors', verdict });
    expect(analysis.nonInferior).toBe(nonInferior);
  });

  it('cries wolf in at most 5 % of rollouts whose candidate is worse by just the tolerance, looked at all the time', () => {
    const random = seededRandom(20261121);
    const draw = (trials: number, rate: number) =>
      Array.from({ length: trials }, () => random.uniform()).filter((u) => u < rate).length;
    const rollouts = 60;
    let alarms = 0;
    for (let i = 0; i < rollouts; i++) {
      let [candidate, stable] = [arm(0), arm(0)];
      for (let look = 0; look < 12; look++) {
        candidate = arm(candidate.requests + 100, candidate.errors + draw(100, 0.03));
        stable = arm(stable.requests + 300, stable.errors + draw(300, 0.02));
        if (verdicts(candidate, stable)['errors'] !== 'fail') continue;
        alarms += 1;
        break;
      }
    }
    expect(alarms / rollouts).toBeLessThanOrEqual(0.05);
  });

  it('says that the stable arm fails itself once its rate certainly exceeds 5 %', () => {
    expect(analysisOf(plan, arm(100), arm(100, 5)).stableFailing).toBeUndefined();
    expect(analysisOf(plan, arm(100), arm(1000, 90)).stableFailing).toMatchObject({ rate: 0.09 });
  });
});

describe('latency', () => {
  it.each([
    ['slower beyond ratio and 0.2 ms', computeOf(5, 1000), computeOf(0.5, 1000), 'fail'],
    ['slower by ratio, within 0.2 ms', computeOf(0.2, 1000), computeOf(0.1, 1000), 'pass'],
    ['in neighbouring buckets, which may be alike', computeOf(1, 1000), computeOf(0.5, 1000), 'waiting'],
    ['of other batch sizes only', computeOf(5, 1000, 8), computeOf(0.5, 1000, 1), 'waiting'],
    ['seen too rarely', computeOf(5, 3), computeOf(0.5, 1000), 'waiting'],
    ['faster', computeOf(0.5, 1000), computeOf(5, 1000), 'pass'],
  ] as const)('%s: %4$s', (_, candidate, stable, verdict) => {
    expect(verdicts(arm(1000, 0, candidate), arm(1000, 0, stable))['latency']).toBe(verdict);
  });
});

describe('predictions', () => {
  const scores = (count: number, mean: number): Partial<Counted> => ({
    score: { count, sum: count * mean, sumOfSquares: count * (mean ** 2 + 0.04) },
  });

  it('are judged only when the manifest declares a tolerance', () => {
    expect(verdicts(arm(1000), arm(1000))).not.toHaveProperty('predictions');
  });

  it.each([
    ['moved by a standard deviation', scores(2000, 0.5), scores(2000, 0.3), 'fail'],
    ['moved down by a standard deviation', scores(2000, 0.1), scores(2000, 0.3), 'fail'],
    ['alike, on a million', scores(1e6, 0.3), scores(1e6, 0.3), 'pass'],
    ['alike, on a thousand', scores(1000, 0.3), scores(1000, 0.3), 'waiting'],
    ['too few', scores(20, 0.5), scores(2000, 0.3), 'waiting'],
  ] as const)('%s: %4$s', (_, candidate, stable, verdict) => {
    expect(verdicts(arm(1000, 0, candidate), arm(1000, 0, stable), { predictions: 0.05 })['predictions']).toBe(verdict);
  });

  it('of a stable arm that always answers the same cannot be judged', () => {
    const constant = { score: { count: 1000, sum: 300, sumOfSquares: 90 } };
    expect(
      verdicts(arm(1000, 0, scores(1000, 0.5)), arm(1000, 0, constant), { predictions: 0.05 })['predictions'],
    ).toBe('waiting');
  });
});

describe('disagreement', () => {
  const shadowPlan: RolloutPlan = { ...plan, steps: [{ kind: 'shadow', forMs: 60_000 }] };
  const copies = (decided: number, flips: number, apart = 0.01): Partial<Counted> => ({
    shadow: {
      requests: 1000,
      errors: 0,
      skipped: 0,
      rows: 1000,
      decided,
      flips,
      distance: { count: 1000, sum: 1000 * apart, sumOfSquares: 1000 * (apart ** 2 + 0.01) },
    },
  });
  /** Standard deviation 2. */
  const stable = arm(1000, 0, { score: { count: 1000, sum: 0, sumOfSquares: 4000 } });
  const verdict = (candidate: Counted, over: Partial<RolloutPlan> = {}) =>
    analysisOf(
      { ...shadowPlan, analysis: { ...plan.analysis, disagreement: 0.2 }, ...over },
      candidate,
      stable,
    ).metrics.find(({ name }) => name === 'disagreement')?.verdict;

  it('is judged only in rollouts that have a shadow step', () => {
    expect(verdict(arm(0, 0, copies(1000, 500)), { steps: [] })).toBeUndefined();
  });

  it.each([
    ['a tenth of decisions', copies(1000, 100), 'pass'],
    ['a fifth of decisions', copies(1000, 200), 'waiting'],
    ['a quarter of decisions, on 40 rows', copies(40, 10), 'waiting'],
    ['two fifths of decisions', copies(1000, 400), 'fail'],
    ['scores a tenth of a standard deviation apart', copies(0, 0, 0.2), 'pass'],
    ['scores half a standard deviation apart', copies(0, 0, 1), 'fail'],
    ['no copy yet', {}, 'waiting'],
  ] as const)('%s: %2$s', (_, candidate, expected) => {
    expect(verdict(arm(0, 0, candidate))).toBe(expected);
  });

  it('cries wolf in at most 5 % of shadows whose decisions differ just as often as is allowed, looked at all the time', () => {
    const random = seededRandom(20261122);
    const shadows = 200;
    let alarms = 0;
    for (let i = 0; i < shadows; i++) {
      let flips = 0;
      for (let rows = 20; rows <= 400; rows += 20) {
        for (let k = 0; k < 20; k++) if (random.uniform() < 0.2) flips += 1;
        if (verdict(arm(0, 0, copies(rows, flips))) !== 'fail') continue;
        alarms += 1;
        break;
      }
    }
    expect(alarms / shadows).toBeLessThanOrEqual(0.05);
  });
});

describe('feedback', () => {
  const labelled = (correct: number, decided: number, apart = 0): Counted =>
    arm(1000, 0, {
      feedback: {
        rows: decided,
        decided,
        correct,
        distance: { count: decided, sum: decided * apart, sumOfSquares: decided * (apart ** 2 + 0.01) },
      },
    });

  it.each([
    ['accuracy', labelled(8000, 10_000), labelled(8000, 10_000), 'pass'],
    ['accuracy', labelled(800, 1000), labelled(800, 1000), 'waiting'],
    ['accuracy', labelled(600, 1000), labelled(800, 1000), 'fail'],
    ['accuracy', labelled(0, 0), labelled(800, 1000), 'waiting'],
    ['accuracy', arm(1000), arm(1000), 'waiting'],
    ['mae', labelled(0, 10_000, 0.2), labelled(0, 10_000, 0.3), 'pass'],
    ['mae', labelled(0, 1000, 0.4), labelled(0, 1000, 0.2), 'fail'],
    ['mae', labelled(0, 20, 0.4), labelled(0, 1000, 0.2), 'waiting'],
    ['roc_auc', labelled(10, 1000), labelled(800, 1000), 'waiting'],
  ] as const)('of %s: %3$s', (metric, candidate, stable, verdict) => {
    expect(verdicts(candidate, stable, { feedback: { metric, margin: 0.05 } })['feedback']).toBe(verdict);
  });
});
