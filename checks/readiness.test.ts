import { describe, expect, test } from 'vitest';
import type { Column } from '../serving/model/table.ts';
import { sampleEvidence } from './baseline/sample-evidence.ts';
import type { Check, CheckName } from './check.ts';
import { checkConclusionOf } from './conclusion.ts';
import type { Evidence } from './evidence/evidence.ts';
import type { Governance } from './evidence/governance.ts';
import { gathered } from './evidence/missing.ts';
import { fail, inconclusive, pass } from './finding.ts';
import { checks } from './index.ts';
import { judgedOnce } from './judged-once.ts';
import { smallestManifest } from './manifest/manifest-samples.ts';
import { parseManifest } from './manifest/parse-manifest.ts';
import { attestedFor } from './readiness/attestations.ts';
import { outsideDomain } from './readiness/outside-domain.ts';
import { bandOf, scoreOf } from './readiness/score.ts';
import { readinessCheck, rubric } from './readiness.ts';
import type { Finding } from './report/report.ts';

const TODAY = '2026-11-21';

interface Case {
  readonly yaml?: string;
  readonly governance?: Governance;
  readonly evidence?: Partial<Evidence>;
  /** What other checks found. */
  readonly found?: Partial<Record<CheckName, readonly Finding[]>>;
}

function evidenceOf({ yaml = '', governance, evidence = {} }: Case): Evidence {
  const parsed = parseManifest(`${smallestManifest}${yaml}`, 'models/income/model.yaml');
  if (parsed.kind === 'refused') throw new Error(parsed.problems.map(({ reason }) => reason).join('; '));
  const { loaded } = parsed;
  const rows = 200;
  const codes = Int32Array.from({ length: rows }, (_, row) => row % 2);
  const number = (name: string, valueOf: (row: number) => number): [string, Column] => [
    name,
    { kind: 'number', name, values: Float64Array.from({ length: rows }, (_, row) => valueOf(row)) },
  ];
  const sample = sampleEvidence({
    data: {
      table: {
        rows,
        // Newest first, so that an order by time is not the order of the file.
        columns: new Map([number('age', (row) => 20 + (row % 50)), number('recorded_at', (row) => rows - row)]),
      },
      labels: { kind: 'classes', classes: [0, 1], codes },
    },
    candidate: {
      task: 'binary',
      rows,
      classes: [0, 1],
      // Right with 0.9 where it is old, with 0.6 where it is new.
      scores: Float64Array.from(codes, (code, row) => {
        const sure = row < rows / 5 ? 0.6 : 0.9;
        return code === 1 ? sure : 1 - sure;
      }),
      threshold: 0.5,
      probabilities: true,
    },
  });
  return {
    ...sample,
    proposal: { ...loaded, specification: { ...loaded.specification, inputs: [{ name: 'x', columns: ['age'] }] } },
    today: TODAY,
    ...(governance === undefined ? {} : { governance }),
    ...evidence,
  };
}

function judged(aCase: Case = {}) {
  const others = Object.entries(aCase.found ?? {}).map(
    ([name, findings]): Check => ({
      name: name as CheckName,
      asks: '',
      judge: () => ({ findings: findings ?? [], title: '' }),
    }),
  );
  return readinessCheck(others).judge(evidenceOf(aCase));
}

const finding = (id: string, aCase: Case = {}): Finding => {
  const found = judged(aCase).findings.find((each) => each.id === `readiness/${id}`);
  if (found === undefined) throw new Error(`no finding readiness/${id}`);
  return found;
};

const points = (id: string, aCase: Case = {}): unknown => finding(id, aCase).measured['points'];

const attest = (testId: string, more = '', on = '2026-11-01') =>
  `attest: [{ test: ${testId}, evidence: https://wiki.example/7, by: "@ana", on: ${on}${more} }]\n`;

const [good, bad, open] = [pass('x/a', 'fine', {}), fail('x/b', 'broken', {}), inconclusive('x/c', 'open', {})];

describe('the rubric', () => {
  test('holds seven tests in each of four sections, each with its way to the points', () => {
    expect(rubric.map(({ id }) => id)).toEqual(
      ['Data', 'Model', 'Infra', 'Monitor'].flatMap((section) => [1, 2, 3, 4, 5, 6, 7].map((n) => `${section} ${n}`)),
    );
    for (const { next, title } of rubric) expect([next.length > 20, title.length > 15]).toEqual([true, true]);
  });

  test('its answers are findings that decide nothing; a stranger’s smallest manifest is not blocked', () => {
    const { findings, title, figures } = judged();
    expect(findings).toHaveLength(29);
    expect(new Set(findings.map(({ severity }) => severity))).toEqual(new Set(['advisory']));
    expect(checkConclusionOf(findings)).toBe('success');
    expect(title).toMatch(/^ML Test Score 0 of 14 \(.+ is lowest\): Features and data \d+, Model development \d+, /);
    expect(figures?.[0]).toMatchObject({ kind: 'score', parts: [{ of: 14 }, { of: 14 }, { of: 14 }, { of: 14 }] });
  });

  test('every test that is not shown says what to do', () => {
    const undecided = judged().findings.filter(({ verdict }) => verdict === 'inconclusive');
    expect(undecided.length).toBeGreaterThan(20);
    expect(undecided.filter(({ next }) => next === undefined)).toEqual([]);
  });
});

describe('the score', () => {
  const sectionsOf = (data: number, model: number, infra: number, monitor: number) =>
    scoreOf([
      { section: 'Data', points: data },
      { section: 'Model', points: model },
      { section: 'Infra', points: infra },
      { section: 'Monitor', points: monitor },
    ]);

  test('is the lowest section', () => {
    expect(sectionsOf(14, 9, 3, 8)).toMatchObject({ score: 3, lowest: 'Infra' });
  });

  test.each([
    [0, 'more of a research project'],
    [2, 'not totally untested'],
    [4, 'a first pass'],
    [6, 'reasonably tested'],
    [10, 'strong levels'],
    [11, 'strong levels'],
    [12, 'exceptional'],
  ])('%i reads: %s', (score, words) => expect(bandOf(score)).toContain(words));

  test('blocks only below a declared minimum', () => {
    const below = finding('score', { yaml: 'readiness: { minimum: 1 }\n' });
    expect([below.verdict, below.severity]).toEqual(['fail', 'blocking']);
    const enough = finding('score', { yaml: 'readiness: { minimum: 0 }\n' });
    expect([enough.verdict, enough.severity]).toEqual(['pass', 'blocking']);
  });
});

describe('an attestation', () => {
  test('counts one point, with its link', () => {
    const found = finding('model-3', { yaml: attest('Model 3') });
    expect([found.verdict, found.measured['points'], found.measured['link']]).toEqual([
      'pass',
      1,
      'https://wiki.example/7',
    ]);
  });

  test.each([
    ['on its day', '', TODAY, 1],
    ['365 days later', '', '2025-11-21', 1],
    ['366 days later', '', '2025-11-20', 0],
    ['until its last day', `, until: ${TODAY}`, '2020-01-01', 1],
    ['after its last day', ', until: 2026-11-20', '2026-11-01', 0],
    ['dated in the future', '', '2026-11-22', 0],
  ])('%s', (_, more, on, expected) => {
    const found = finding('model-3', { yaml: attest('Model 3', more, on) });
    expect(found.measured['points']).toBe(expected);
    expect(found.verdict).toBe(expected === 1 ? 'pass' : 'fail');
    expect(found.next).toBe(expected === 1 ? undefined : 'Do it again, and write the new link and day.');
  });

  test('that expired says so, and a newer one of the same test counts instead', () => {
    const old = { test: 'Model 3', evidence: 'https://a.example', by: '@ana', on: '2020-01-01' };
    const fresh = { ...old, on: '2026-01-01' };
    expect(attestedFor('Model 3', [old], TODAY)).toMatchObject({ kind: 'void', why: 'it expired on 2020-12-31' });
    expect(attestedFor('Model 3', [old, fresh], TODAY)).toMatchObject({ kind: 'valid', until: '2027-01-01' });
  });

  test('does not lower what the evidence shows', () => {
    const found = { cohorts: [good] };
    expect(points('model-6', { yaml: attest('Model 6'), found })).toBe(2);
    expect(points('model-6', { yaml: attest('Model 6') })).toBe(1);
  });

  test('that names a check counts two while that check succeeds on this commit', () => {
    const yaml = attest('Infra 2', ', check: unit tests');
    const with_ = (conclusion: string, name = 'unit tests'): Case => ({
      yaml,
      governance: { continuousIntegration: [{ name, conclusion, url: 'https://ci.example/1' }] },
    });
    expect(points('infra-2', with_('success'))).toBe(2);
    expect(finding('infra-2', with_('success')).measured).toMatchObject({
      check: 'unit tests',
      url: 'https://ci.example/1',
    });
    expect(points('infra-2', with_('failure'))).toBe(1);
    expect(finding('infra-2', with_('failure')).reason).toContain('the check unit tests of this commit says failure');
    expect(finding('infra-2', with_('success', 'lint')).reason).toContain('has no check unit tests (it has lint)');
    expect(points('infra-2', { yaml })).toBe(1);
  });
});

const schema = 'columns: { age: { type: number, min: 0, max: 120 } }\n';
const review: Governance = { review: { url: 'https://github.example/pull/7', codeOwners: true } };
const rollout = { version: '1.0.0', outcome: 'promoted', at: '2026-11-01T00:00:00Z', canaried: true } as const;

describe('what the evidence shows', () => {
  test.each<[string, number, string, Case]>([
    ['data-1', 2, 'inputs are declared, and the rows follow', { yaml: schema }],
    ['data-1', 0, 'an input is not declared', {}],
    ['data-1', 0, 'an input has no range', { yaml: 'columns: { age: { type: number } }\n' }],
    ['data-1', 0, 'rows break the range', { yaml: schema.replace('120', '60') }],
    ['data-4', 2, 'inputs are declared, none is forbidden', { yaml: schema, found: { manifest: [good] } }],
    [
      'data-4',
      0,
      'a protected column is an input',
      { yaml: schema, found: { manifest: [fail('manifest/protected-input/age', '', {})] } },
    ],
    [
      'model-1',
      2,
      'reviewed, and the commit is named',
      {
        yaml: 'reproducibility: { training: { commit: 9f2c0b1 } }\n',
        governance: { approvals: [{ by: 'ben', at: '' }] },
      },
    ],
    [
      'model-1',
      0,
      'not reviewed',
      { yaml: 'reproducibility: { training: { commit: 9f2c0b1 } }\n', governance: { approvals: [] } },
    ],
    ['model-1', 0, 'no commit', { governance: { approvals: [{ by: 'ben', at: '' }] } }],
    [
      'model-5',
      2,
      'better than guessing',
      { found: { baseline: [pass('baseline/log_loss', '', { against: 'guessing' })] } },
    ],
    [
      'model-5',
      0,
      'a linear model is as good',
      {
        found: {
          baseline: [
            pass('baseline/log_loss', '', { against: 'guessing' }),
            inconclusive('baseline/linear/log_loss', '', { against: 'linear' }),
          ],
        },
      },
    ],
    ['model-5', 0, 'nothing compared', {}],
    ['model-6', 2, 'cohorts pass', { found: { cohorts: [good] } }],
    ['model-6', 0, 'a cohort fails', { found: { cohorts: [good, bad] } }],
    ['model-6', 0, 'a cohort cannot be told', { found: { cohorts: [good, open] } }],
    [
      'model-7',
      2,
      'protected cohorts pass',
      { yaml: 'columns: { sex: { protected: true } }\n', found: { cohorts: [pass('cohorts/sex=F/roc_auc', '', {})] } },
    ],
    [
      'model-7',
      0,
      'other cohorts pass',
      { yaml: 'columns: { sex: { protected: true } }\n', found: { cohorts: [pass('cohorts/age=1/roc_auc', '', {})] } },
    ],
    ['infra-1', 2, 'trained again', { found: { reproducibility: [pass('reproducibility/retraining', '', {})] } }],
    ['infra-1', 0, 'not trained again', { found: { reproducibility: [good] } }],
    ['infra-4', 2, 'in a pull request', { governance: review }],
    ['infra-4', 0, 'by hand', {}],
    ['infra-6', 2, 'the last rollout was a canary', { governance: { rollouts: [rollout] } }],
    [
      'infra-6',
      0,
      'the last version got all at once',
      { governance: { rollouts: [{ ...rollout, canaried: false }, rollout] } },
    ],
    ['infra-6', 0, 'nothing was rolled out', { governance: { rollouts: [] } }],
    [
      'infra-7',
      2,
      'turned back this year',
      { governance: { rollouts: [rollout, { ...rollout, outcome: 'rolled-back' }] } },
    ],
    [
      'infra-7',
      0,
      'turned back long ago',
      { governance: { rollouts: [{ ...rollout, outcome: 'rolled-back', at: '2025-01-01T00:00:00Z' }] } },
    ],
    ['monitor-1', 0, 'nothing pinned', {}],
    ['monitor-5', 2, 'finite on rows and corners', { found: { golden: [pass('golden/finite', '', {})] } }],
    [
      'monitor-5',
      0,
      'a corner is not finite',
      { found: { golden: [pass('golden/finite', '', {}), fail('golden/edge/age/largest', '', {})] } },
    ],
    ['monitor-6', 0, 'no budget', { found: { performance: [good] } }],
    ['monitor-6', 2, 'budgets kept', { yaml: 'performance: { p99Ms: 5 }\n', found: { performance: [good] } }],
    ['monitor-7', 0, 'nothing was recorded', { found: { drift: [pass('drift/relation', '', {})] } }],
  ])('%s is %i: %s', (id, expected, _, aCase) =>
    expect([finding(id, aCase).reason, points(id, aCase)]).toEqual([expect.any(String), expected]),
  );

  test('staleness is known by slices of time, oldest first', () => {
    const found = finding('model-4', { yaml: '' });
    expect(found.measured['points']).toBe(0);
    const evidence = evidenceOf({});
    const timed = {
      ...evidence.proposal,
      manifest: {
        ...evidence.proposal.manifest,
        evaluation: { ...evidence.proposal.manifest.evaluation, time: 'recorded_at' },
      },
    };
    const known = finding('model-4', { evidence: { proposal: timed } });
    expect(known.measured['points']).toBe(2);
    const slices = known.measured['slices'] as readonly { readonly rows: number; readonly loss: number }[];
    expect(slices.map(({ rows }) => rows)).toEqual([40, 40, 40, 40, 40]);
    // −ln 0.9 in the four old slices, −ln 0.6 in the newest.
    expect(slices.map(({ loss }) => Number(loss.toFixed(6)))).toEqual([
      0.105361, 0.105361, 0.105361, 0.105361, 0.510826,
    ]);
  });

  test('requests that production recorded must follow the schema', () => {
    const table = (values: readonly number[]): Evidence['drift'] => ({
      against: {
        kind: 'window',
        label: 'recorded',
        data: gathered({
          table: {
            rows: values.length,
            columns: new Map([['age', { kind: 'number', name: 'age', values: Float64Array.from(values) }]]),
          },
          answeredBy: 'nobody',
          left: [],
        }),
      },
    });
    expect(points('monitor-2', { yaml: schema, evidence: { drift: table([1, 2]) } })).toBe(2);
    expect(points('monitor-2', { yaml: schema, evidence: { drift: table([1, 200]) } })).toBe(0);
    expect(points('monitor-2', { yaml: schema })).toBe(0);
  });
});

test('values outside of a domain are counted, missing ones where there are surely more than declared', () => {
  const codes = Int32Array.from({ length: 400 }, (_, row) => (row % 2 === 0 ? -1 : row % 4 === 1 ? 0 : 1));
  const category: Column = { kind: 'category', name: 'c', dictionary: ['a', 'x'], codes };
  const flags = { protected: false, pii: false };
  const counted = (domain: object) =>
    outsideDomain({ rows: 400, columns: new Map([['c', category]]) }, { c: { ...flags, ...domain } });
  expect(counted({ values: ['a'] })).toEqual([{ column: 'c', outside: 100 }]);
  expect(counted({ values: ['a', 'x'] })).toEqual([]);
  expect(counted({ values: ['a', 'x'], missing: 0.5 })).toEqual([]);
  expect(counted({ values: ['a', 'x'], missing: 0.25 })).toEqual([{ column: 'c', outside: 200 }]);
});

test('a check whose findings others read judges the same evidence once', () => {
  let times = 0;
  const counting = judgedOnce({
    name: 'cohorts',
    asks: '',
    judge: () => {
      times += 1;
      return { findings: [], title: '' };
    },
  });
  const evidence = evidenceOf({});
  counting.judge(evidence);
  counting.judge(evidence);
  counting.judge({ ...evidence });
  expect(times).toBe(2);
  const other = { ...evidence };
  counting.remember(other, { findings: [], title: 'said before' });
  expect([counting.judge(other).title, times]).toEqual(['said before', 2]);
});

test('is asked last, of what all others found', () => expect(checks.at(-1)?.name).toBe('readiness'));
