import { describe, expect, test } from 'vitest';
import type { Column, Table } from '../serving/model/table.ts';
import { sampleEvidence } from './baseline/sample-evidence.ts';
import { checkConclusionOf } from './conclusion.ts';
import type { Answers, Evidence } from './evidence/evidence.ts';
import { gathered, missing } from './evidence/missing.ts';
import type { ReplayEvidence } from './evidence/replay-evidence.ts';
import type { Manifest } from './manifest/manifest.ts';
import { replayCheck } from './replay.ts';
import type { Finding } from './report/report.ts';
import { seededRandom } from './stats/seeded-random.ts';

const ROWS = 1000;
const random = seededRandom(4);
const scores = Float64Array.from({ length: ROWS }, () => random.uniform());
const sex: Column = {
  kind: 'category',
  name: 'sex',
  dictionary: ['Female', 'Male'],
  codes: Int32Array.from({ length: ROWS }, (_, row) => (row % 4 === 0 ? 0 : 1)),
};
const numbers = (name: string, values: ArrayLike<number>): Column => ({
  kind: 'number',
  name,
  values: Float64Array.from(values),
});
const tableOf = (...columns: readonly Column[]): Table => ({
  rows: ROWS,
  columns: new Map([numbers('x', scores), sex, ...columns].map((column) => [column.name, column])),
});
const binary = (values: Float64Array): Answers => ({
  task: 'binary',
  rows: values.length,
  classes: ['no', 'yes'],
  scores: values,
  threshold: 0.5,
  probabilities: true,
});
const regression = (values: Float64Array): Answers => ({ task: 'regression', rows: values.length, scores: values });

interface Sample extends Partial<ReplayEvidence> {
  readonly manifest?: Partial<Manifest>;
}

function evidenceOf({ manifest, ...replay }: Sample): Evidence {
  const champion = replay.champion ?? binary(scores);
  const evidence = sampleEvidence({
    data: { table: tableOf(), labels: { kind: 'classes', classes: ['no', 'yes'], codes: new Int32Array(ROWS) } },
    candidate: champion,
    champion,
    evaluation: { cohorts: [{ column: 'sex' }] },
    columns: { name: { type: 'text', pii: true } },
  });
  const { proposal } = evidence;
  const nobody = { rows: new Int32Array(0) };
  return {
    ...evidence,
    proposal: { ...proposal, manifest: { ...proposal.manifest, ...manifest } },
    replay: gathered({
      label: 'production, 7 days',
      table: tableOf(),
      recorded: ROWS,
      rows: Int32Array.from({ length: ROWS }, (_, row) => row),
      candidate: champion,
      champion,
      championAgain: champion,
      candidateRefused: nobody,
      championRefused: nobody,
      candidateColumns: ['x'],
      championColumns: ['x'],
      ...replay,
    }),
  };
}

const only = (findings: readonly Finding[], id: string): Finding => {
  const found = findings.find((finding) => finding.id === id);
  if (found === undefined) throw new Error(`no finding ${id} among ${findings.map((each) => each.id).join(', ')}`);
  return found;
};
const judge = (sample: Sample) => replayCheck.judge(evidenceOf(sample));
/** Every tenth row is decided the other way, those of one sex only. */
const flipped = binary(scores.map((score, row) => (row % 40 === 0 ? 1 - score : score)));

describe('flips', () => {
  test('are counted with an exact interval and their direction, and block nothing unless a limit is declared', () => {
    const judged = judge({ candidate: flipped });
    const flips = only(judged.findings, 'replay/flips');
    expect(flips).toMatchObject({ verdict: 'pass', severity: 'advisory' });
    // scipy.stats.binomtest(25, 1000).proportion_ci(method='exact')
    expect(flips.measured).toMatchObject({ flips: 25, n: 1000, share: 0.025 });
    expect(flips.measured.interval).toEqual([
      expect.closeTo(0.016_242_535_696_713, 9),
      expect.closeTo(0.036_684_823_051_959, 9),
    ]);
    expect(Number(flips.measured.becomePositive) + Number(flips.measured.becomeNegative)).toBe(25);
    expect(checkConclusionOf(judged.findings)).toBe('success');
    expect(judged.title).toMatch(
      /^25 of 1,000 recorded decisions change \(2\.5 %, 95 % interval \[1\.6 %, 3\.7 %\]\): \d+ from no to yes/,
    );
    expect(judged.figures?.map(({ id }) => id)).toEqual(['flips', 'scores']);
  });

  test.each([
    [0.01, 'fail'],
    [0.03, 'inconclusive'],
    [0.05, 'pass'],
  ] as const)('against a limit of %d: %s', (flips, verdict) => {
    const found = only(judge({ candidate: flipped, manifest: { replay: { flips } } }).findings, 'replay/flips');
    expect(found).toMatchObject({ verdict, severity: 'blocking' });
    expect(Number(found.measured.rowsThatWouldDecide ?? Infinity)).toBeGreaterThan(ROWS);
  });

  test('are told for whom, against all others, adjusted for the number of cohorts', () => {
    const { findings } = judge({ candidate: flipped });
    expect(only(findings, 'replay/cohorts/sex=Female').measured).toMatchObject({ flips: 25, n: 250, othersShare: 0 });
    expect(only(findings, 'replay/cohorts/sex=Male').measured).toMatchObject({ flips: 0, n: 750 });
    expect(Number(only(findings, 'replay/cohorts/sex=Female').measured.adjustedPValue)).toBeLessThan(1e-10);
  });

  test('of one cohort alone fail a limit that the others keep', () => {
    const failing = judge({ candidate: flipped, manifest: { replay: { flips: 0.045 } } }).findings.filter(
      ({ verdict }) => verdict === 'fail',
    );
    expect(failing.map(({ id }) => id)).toEqual(['replay/cohorts/sex=Female']);
  });

  test('stand beside the champion’s own, asked twice', () => {
    const noisy = binary(scores.map((score) => (Math.abs(score - 0.5) < 0.005 ? 1 - score : score)));
    const { measured, reason } = only(judge({ candidate: noisy, championAgain: noisy }).findings, 'replay/flips');
    expect(measured.flips).toBe(measured.noiseFlips);
    expect(measured.noisePValue).toBe(1);
    expect(reason).toContain('changes');
    expect(Number(only(judge({ candidate: flipped }).findings, 'replay/flips').measured.noisePValue)).toBeLessThan(
      1e-6,
    );
  });
});

describe('requests', () => {
  const withHoles = binary(scores.map((score, row) => (row < 7 ? NaN : score)));

  test('that the champion answers and the candidate does not fail, with the first reason', () => {
    const judged = judge({
      candidate: withHoles,
      candidateRefused: { rows: Int32Array.of(0, 1, 2), first: 'row 1, column "x": found nothing' },
    });
    const found = only(judged.findings, 'replay/requests');
    expect(found).toMatchObject({
      verdict: 'fail',
      severity: 'blocking',
      measured: { refused: 3, notFinite: 4, answeredByChampion: ROWS },
    });
    expect(found.reason).toContain('3 cannot be asked (row 1, column "x": found nothing), 4 get no finite number');
    expect(judged.title).toBe(found.reason);
    expect(only(judged.findings, 'replay/flips').measured.n).toBe(ROWS - 7);
  });

  test('that neither answers are nobody’s fault, and callers who know of a break are', () => {
    expect(
      only(judge({ candidate: withHoles, champion: withHoles, championAgain: withHoles }).findings, 'replay/requests')
        .verdict,
    ).toBe('pass');
    const known = judge({ candidate: withHoles, manifest: { breaking: 'callers moved' } });
    expect(only(known.findings, 'replay/requests')).toMatchObject({ verdict: 'fail', severity: 'advisory' });
  });

  test('that not even the champion answers decide nothing', () => {
    const none = binary(new Float64Array(ROWS).fill(NaN));
    const judged = judge({ candidate: none, champion: none, championAgain: none });
    expect(checkConclusionOf(judged.findings)).toBe('action_required');
  });
});

describe('answers of other kinds', () => {
  test('a regression moves by its champion’s standard deviation and decides nothing', () => {
    const moved = regression(scores.map((score) => score + 0.1));
    const judged = judge({ champion: regression(scores), candidate: moved, championAgain: regression(scores) });
    expect(only(judged.findings, 'replay/flips').verdict).toBe('not-applicable');
    const { measured } = only(judged.findings, 'replay/scores');
    expect(measured).toMatchObject({
      median: expect.closeTo(0.1, 10),
      largest: expect.closeTo(0.1, 10),
      beyondNoise: ROWS,
      n: ROWS,
    });
    expect(measured.championDeviation).toBeCloseTo(Math.sqrt(1 / 12), 1);
    expect(judged.title).toContain('score moves by');
    expect(only(judged.findings, 'replay/cohorts/sex=Male').measured.meanMoved).toBeCloseTo(0.1, 10);
  });

  test('several classes flip by name, whatever their order', () => {
    const three = (classes: readonly string[], best: (row: number) => string): Answers => ({
      task: 'multiclass',
      rows: ROWS,
      classes,
      scores: Float64Array.from({ length: 3 * ROWS }, (_, i) =>
        classes[i % 3] === best(Math.floor(i / 3)) ? 0.8 : 0.1,
      ),
      probabilities: true,
    });
    const champion = three(['a', 'b', 'c'], () => 'a');
    const same = judge({ champion, championAgain: champion, candidate: three(['c', 'b', 'a'], () => 'a') });
    expect(only(same.findings, 'replay/flips').measured.flips).toBe(0);
    const other = judge({
      champion,
      championAgain: champion,
      candidate: three(['a', 'b', 'c'], (row) => (row < 100 ? 'c' : 'a')),
    });
    expect(only(other.findings, 'replay/flips').measured.flips).toBe(100);
    expect(only(other.findings, 'replay/scores').measured.largest).toBeCloseTo(0.7, 12);
    expect(other.figures?.[0]).toMatchObject({
      kind: 'flips',
      counts: [
        [900, 0, 100],
        [0, 0, 0],
        [0, 0, 0],
      ],
    });
  });

  test('another task is never compared', () => {
    const { findings } = judge({ candidate: regression(scores) });
    expect(only(findings, 'replay/flips')).toMatchObject({ verdict: 'inconclusive' });
  });
});

describe('examples', () => {
  test('show the largest movers first, with what was sent and both answers, and no private column', () => {
    const name: Column = { kind: 'category', name: 'name', dictionary: ['Ada'], codes: new Int32Array(ROWS) };
    const pixels: Column = {
      kind: 'list',
      name: 'pixels',
      values: Array.from({ length: ROWS }, () => new Float64Array(64)),
    };
    const { findings } = judge({
      candidate: flipped,
      table: tableOf(name, pixels),
      candidateColumns: ['x', 'name', 'pixels', 'sex'],
    });
    const { measured } = only(findings, 'replay/examples');
    const examples = Array.isArray(measured.examples) ? measured.examples : [];
    expect(examples).toHaveLength(20);
    const moves = examples.map(({ moved }) => Math.abs(moved));
    expect(moves).toEqual(moves.toSorted((a, b) => b - a));
    const [first] = examples;
    expect(Object.keys(first.record)).toEqual(['x', 'pixels', 'sex']);
    expect(first.record.pixels).toBe('a list of 64 numbers');
    expect(first.candidate.class).not.toBe(first.champion.class);
    expect(JSON.stringify(findings)).not.toContain('Ada');
  });
});

describe('recorded answers', () => {
  const logged = (values: Float64Array) =>
    tableOf(numbers('score', values), {
      kind: 'category',
      name: 'version',
      dictionary: ['1.0.0', '0.9'],
      codes: Int32Array.from({ length: ROWS }, (_, row) => (row < 10 ? 1 : 0)),
    });

  test('that come out again pass; others are told, and rows of another version are left out', () => {
    expect(only(judge({ table: logged(scores) }).findings, 'replay/recorded')).toMatchObject({
      verdict: 'pass',
      measured: { compared: 990, beyondTolerance: 0 },
    });
    const other = judge({ table: logged(scores.map((score) => score + 0.1)) });
    expect(only(other.findings, 'replay/recorded')).toMatchObject({
      verdict: 'fail',
      severity: 'advisory',
      measured: { beyondTolerance: 990 },
    });
    expect(judge({}).findings.some(({ id }) => id === 'replay/recorded')).toBe(false);
  });

  test('a column that the model takes is never taken for the log’s', () => {
    const { findings } = judge({ table: logged(new Float64Array(ROWS)), championColumns: ['x', 'score'] });
    expect(findings.some(({ id }) => id === 'replay/recorded')).toBe(false);
  });
});

test('nothing recorded, or no champion: it does not apply; what could not be read does not pass', () => {
  const evidence = evidenceOf({});
  const { replay: _, ...without } = evidence;
  const conclusion = (given: Evidence) => checkConclusionOf(replayCheck.judge(given).findings);
  expect(conclusion(without)).toBe('skipped');
  expect(conclusion({ ...evidence, baseline: { kind: 'simple', why: 'nothing is in production yet' } })).toBe(
    'skipped',
  );
  expect(conclusion({ ...evidence, replay: missing('replay', 'window.csv: a header and no rows') })).toBe('failure');
  expect(conclusion({ ...without, candidate: missing('artifact', 'it does not load') })).toBe('action_required');
});
