import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Specification } from '../serving/model/specification.ts';
import { sampleEvidence } from './baseline/sample-evidence.ts';
import { checkConclusionOf } from './conclusion.ts';
import { readTable } from './data/read-table.ts';
import { addedMemory } from './evidence/added-memory.ts';
import type { Evidence } from './evidence/evidence.ts';
import type { Budgets, Job, ModelJob } from './evidence/job.ts';
import { gathered, missing } from './evidence/missing.ts';
import { answer, openModel, type OpenModel } from './evidence/open-model.ts';
import type { PerformanceEvidence, TimedModel } from './evidence/performance-evidence.ts';
import { performancePart } from './evidence/time-models.ts';
import { p99Verdict, slowdownVerdict } from './performance/judge-times.ts';
import { performanceCheck } from './performance.ts';
import { seededRandom } from './stats/seeded-random.ts';

const loans = join(import.meta.dirname, '../fixtures/loans');

const ROUND = 50;
const endsOf = (runs: number) => Int32Array.from({ length: runs / ROUND }, (_, i) => (i + 1) * ROUND);

/** Times as they would have been: log-normal around a median, in bursts of a busy machine where asked. */
function timed(label: string, medianMs: number, runs: number, seed: number, burst = 0, machine = seed): TimedModel {
  const [random, weather] = [seededRandom(seed), seededRandom(machine)];
  let busy = 1;
  const computeMs = Float64Array.from({ length: runs }, (_, run) => {
    if (run % ROUND === 0) busy = weather.uniform() < burst ? 3 : 1;
    return busy * medianMs * Math.exp(0.2 * random.normal());
  });
  return {
    label,
    runMs: computeMs,
    computeMs,
    rowsPerSecond: Float64Array.of(1000, 1100, 1200),
    batch: 64,
    loadMs: Float64Array.from({ length: 8 }, (_, i) => 10 + i),
    memoryBytes: Float64Array.from({ length: 8 }, (_, i) => 20e6 + 1e5 * i),
  };
}

function measured(candidate: TimedModel, champion?: TimedModel): PerformanceEvidence {
  return {
    candidate,
    ...(champion === undefined ? {} : { champion }),
    singleRows: 64,
    rounds: candidate.computeMs.length / ROUND,
    roundEnds: endsOf(candidate.computeMs.length),
    stopped: 'enough',
  };
}

const answers = { task: 'regression', rows: 1, scores: Float64Array.of(1) } as const;
const table = { rows: 1, columns: new Map() };

function evidenceOf(performance: PerformanceEvidence, budgets: Budgets = {}): Evidence {
  const evidence = sampleEvidence({
    data: { table, labels: { kind: 'values', values: Float64Array.of(1) } },
    candidate: answers,
  });
  const { proposal } = evidence;
  return {
    ...evidence,
    proposal: { ...proposal, manifest: { ...proposal.manifest, performance: budgets } },
    performance: gathered(performance),
  };
}

describe('the check', () => {
  const [quick, slow] = [timed('v2', 0.5, 1000, 1), timed('v1', 0.4, 1000, 2)];

  test('no budget: the numbers are told and nothing blocks', () => {
    const { findings, title, figures } = performanceCheck.judge(evidenceOf(measured(quick, slow)));
    expect(findings.map(({ id, severity, verdict }) => [id, severity, verdict])).toEqual([
      ['performance/latency', 'advisory', 'pass'],
      ['performance/throughput', 'advisory', 'pass'],
      ['performance/memory', 'advisory', 'pass'],
      ['performance/load', 'advisory', 'pass'],
    ]);
    expect(checkConclusionOf(findings)).toBe('success');
    expect(title).toMatch(
      /^one row takes 0\.\d+ ms in the median, p99 0\.\d+ ms; v1 0\.\d+ ms; no budget is declared$/,
    );
    expect(figures?.[0]).toMatchObject({ kind: 'latency', lines: [{ side: 'candidate' }, { side: 'champion' }] });
  });

  test('each declared budget is judged, with the interval that decided and the manifest’s line', () => {
    const judge = (budgets: Budgets) => performanceCheck.judge(evidenceOf(measured(quick, slow), budgets)).findings;
    const verdicts = (budgets: Budgets) =>
      judge(budgets)
        .filter(({ severity }) => severity === 'blocking')
        .map(({ id, verdict }) => `${id} ${verdict}`);
    expect(verdicts({ p99Ms: 2, memoryMb: 25, loadMs: 20, slowdown: 3 })).toEqual([
      'performance/p99 pass',
      'performance/slowdown pass',
      'performance/memory pass',
      'performance/load pass',
    ]);
    expect(verdicts({ p99Ms: 0.5, memoryMb: 19, loadMs: 9 })).toEqual([
      'performance/p99 fail',
      'performance/memory fail',
      'performance/load fail',
    ]);
    const [undecided] = judge({ loadMs: 13 });
    expect(undecided).toMatchObject({ verdict: 'inconclusive', at: { file: 'models/income/model.yaml' } });
    expect(undecided?.next).toMatch(/^About \d+ loads would decide/);
  });

  test('a slowdown counts only beyond 0.2 ms, whatever the ratio', () => {
    const small = measured(timed('v2', 0.03, 1000, 1), timed('v1', 0.01, 1000, 2));
    expect(slowdownVerdict(small, 1.25)).toMatchObject({ verdict: 'pass' });
    const large = measured(timed('v2', 3, 1000, 1), timed('v1', 1, 1000, 2));
    expect(slowdownVerdict(large, 1.25)).toMatchObject({ verdict: 'fail' });
  });

  test('without a champion a slowdown does not apply; a champion that could not be timed leaves it undecided', () => {
    const first = (evidence: PerformanceEvidence) =>
      performanceCheck.judge(evidenceOf(evidence, { slowdown: 1.25 })).findings[0];
    expect(first(measured(quick))).toMatchObject({ id: 'performance/slowdown', verdict: 'not-applicable' });
    expect(first({ ...measured(quick), championLeft: 'v1 cannot answer the evaluation rows' })).toMatchObject({
      verdict: 'inconclusive',
    });
  });

  test('memory that could not be told apart is never within a budget', () => {
    const { memoryBytes: _, ...without } = quick;
    const { findings } = performanceCheck.judge(evidenceOf(measured(without), { memoryMb: 1000 }));
    expect(findings[0]).toMatchObject({ id: 'performance/memory', verdict: 'inconclusive', severity: 'blocking' });
  });

  test('what was not measured blocks where a budget is declared, and only there', () => {
    const conclusion = (budgets: Budgets, more: Partial<Evidence>) =>
      checkConclusionOf(performanceCheck.judge({ ...evidenceOf(measured(quick), budgets), ...more }).findings);
    const untimed = { performance: missing('performance', 'no evaluation row can be sent as a record') };
    expect(conclusion({}, untimed)).toBe('skipped');
    expect(conclusion({ p99Ms: 5 }, untimed)).toBe('failure');
    expect(conclusion({ p99Ms: 5 }, { candidate: missing('artifact', 'it does not load') })).toBe('action_required');
  });
});

describe('on a machine that is busy in bursts', () => {
  const REPETITIONS = 200;
  const [RUNS, BURST] = [1000, 0.15];

  const equal = (machineOf: (model: number, repetition: number) => number) =>
    Array.from({ length: REPETITIONS }, (_, i) => {
      const [a, b] = [1, 2].map((model) => timed(`v${model}`, 2, RUNS, model * 1000 + i, BURST, machineOf(model, i)));
      return a === undefined ? undefined : slowdownVerdict(measured(a, b), 1.25)?.verdict;
    });

  test('two equal models that it hits alike, being asked by turns, pass a slowdown of 1.25', () => {
    expect(equal((_, i) => i).filter((verdict) => verdict !== 'pass')).toEqual([]);
  });

  test('and never fail it, even where each burst hits one of them alone', () => {
    expect(equal((model, i) => model * 7000 + i).filter((verdict) => verdict === 'fail')).toEqual([]);
  });

  test('a p99 budget exactly at the truth fails in at most 2 % although runs of one round are alike', () => {
    // Log-normal with σ 0.2, three times as long in 15 % of the rounds: the root of 0.15 Φ̄(ln(q/3)/σ) + 0.85 Φ̄(ln(q)/σ) = 0.01, by scipy's brentq.
    const TRUE_P99 = 4.050456042593078;
    const failed = Array.from({ length: REPETITIONS }, (_, i) =>
      p99Verdict(measured(timed('v2', 1, RUNS, i, BURST)), TRUE_P99),
    ).filter(({ verdict }) => verdict === 'fail').length;
    expect(failed / REPETITIONS).toBeLessThanOrEqual(0.02);
  });
});

describe('measuring real models', async () => {
  const specification: Specification = {
    artifact: { uri: 'model.onnx', sha256: '00', files: [] },
    inputs: [],
    columns: {},
    outputs: {},
    serving: { maxBatch: 64, strictInputs: false },
  };
  const job: ModelJob = { label: 'loans 1.0.0', specification, model: join(loans, 'models/v1_champion.onnx') };
  const read = await readTable(readFileSync(join(loans, 'data/evaluation.csv')), { name: 'evaluation.csv' });
  if (read.kind === 'refused') throw new Error('the fixture can be read');
  const open = async (): Promise<OpenModel> => {
    const fit = await openModel(job);
    if (fit.kind === 'misfit') throw new Error('the fixture fits');
    return fit.model;
  };
  /** The same model, which does its work several times. */
  const working = (model: OpenModel, times: number): OpenModel => ({
    ...model,
    session: {
      ...model.session,
      run: async (...asked) => {
        for (let i = 1; i < times; i++) await model.session.run(...asked);
        return model.session.run(...asked);
      },
    },
  });
  const time = async (
    candidate: OpenModel,
    champion: OpenModel,
    budgets: Budgets,
    rowMs = 0.01,
  ): Promise<PerformanceEvidence> => {
    const answered = await answer(champion, read.table);
    const whole: Pick<Job, 'candidate' | 'champion' | 'budgets' | 'answerLimitMs'> = {
      candidate: job,
      champion: job,
      budgets,
      answerLimitMs: 10_000,
    };
    const part = await performancePart.measure(
      {
        job: whole as Job,
        types: { types: new Map(), required: [] },
        candidate,
        champion,
        evaluation: { table: read.table, labels: { kind: 'values', values: new Float64Array(0) } },
        answers: answered,
        championAnswers: answered,
        drift: { against: 'none', why: 'nothing', data: missing('drift', 'nothing') },
        rowMs,
      },
      { put: () => undefined, progress: () => undefined },
    );
    if (part?.kind !== 'gathered') throw new Error(part?.reason);
    return part.value;
  };

  test('one model as candidate and champion does not fail a slowdown of 1.25; run for run on the same records', async () => {
    const found = await time(await open(), await open(), { slowdown: 1.25 });
    expect(slowdownVerdict(found, 1.25)?.verdict).not.toBe('fail');
    expect(found.champion?.runMs.length).toBe(found.candidate.runMs.length);
    expect(found.roundEnds.at(-1)).toBe(found.candidate.runMs.length);
    expect(found.candidate.computeMs.every((ms, run) => ms <= (found.candidate.runMs[run] ?? 0))).toBe(true);
  });

  test('one that does three times the work fails it', async () => {
    const found = await time(working(await open(), 45), working(await open(), 15), { slowdown: 1.25 });
    expect(slowdownVerdict(found, 1.25)?.verdict).toBe('fail');
  });

  test('a slow one is asked as often as there is time for, in small batches, and what that leaves open is never a pass', async () => {
    const found = await time(working(await open(), 3000), await open(), { p99Ms: 10_000 }, 100);
    expect([found.stopped, found.candidate.batch]).toEqual(['time', 3]);
    expect(p99Verdict(found, 10_000)).toMatchObject({ verdict: 'inconclusive', interval: { upper: Infinity } });
  });

  test('memory is what the model adds, and a model that does not load leaves no number', async () => {
    expect(await addedMemory(job, read.table)).toBeLessThan(200e6);
    await expect(addedMemory({ ...job, model: join(loans, 'models/none.onnx') }, read.table)).rejects.toThrow(
      'none.onnx',
    );
  });
});
