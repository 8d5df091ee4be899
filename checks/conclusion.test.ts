import { describe, expect, it } from 'vitest';
import type { Waiver } from './check-model.ts';
import { checkConclusionOf, checkResultOf, failedResultOf, reportConclusionOf, waiverKeyOf } from './conclusion.ts';
import { decidingFinding, fail, inconclusive, missingFinding, notApplicable, pass } from './finding.ts';
import { defaultPolicy } from './manifest/parse-policy.ts';
import type { Finding } from './report/report.ts';

const now = new Date('2026-11-21T12:00:00Z');
const good = pass('baseline/a', 'fine', { n: 1 });
const bad = fail('baseline/b', 'worse by 0.1', { difference: -0.1 });
const unsure = inconclusive('baseline/c', 'cannot say', { n: 3 });
const nothing = notApplicable('baseline/d', 'nothing declared');
const error: Finding = { ...bad, id: 'baseline/e', verdict: 'error' };
const told = (finding: Finding): Finding => ({ ...finding, severity: 'advisory' });

function resultOf(findings: readonly Finding[], waivers: readonly Waiver[] = [], required = ['baseline']) {
  const policy = { ...defaultPolicy, checks: { ...defaultPolicy.checks, required } };
  return checkResultOf('baseline', { findings, title: 'title' }, 1, { policy, waivers, now });
}

describe('a check concludes', () => {
  it.each([
    ['success', [good, nothing]],
    ['failure', [good, bad, unsure]],
    ['failure', [good, error]],
    ['action_required', [good, unsure]],
    ['skipped', [nothing]],
    ['skipped', []],
    ['success', [good, told(bad), told(unsure)]],
    ['skipped', [nothing, told(unsure)]],
  ] as const)('%s', (conclusion, findings) => {
    expect(checkConclusionOf(findings)).toBe(conclusion);
  });

  it('with success where the policy makes it advisory, and its findings say so', () => {
    const result = resultOf([bad], [], ['manifest']);
    expect([result.conclusion, result.required, result.findings[0]?.severity]).toEqual(['success', false, 'advisory']);
  });
});

it.each([
  ['failure', [resultOf([bad]), resultOf([unsure])]],
  ['action_required', [resultOf([good]), resultOf([unsure])]],
  ['action_required', [resultOf([error])]],
  ['success', [resultOf([nothing])]],
  ['success', [resultOf([bad], [], [])]],
  ['success', []],
] as const)(
  'a report concludes %s: a fail outranks what could not be told, and it is never skipped',
  (conclusion, results) => {
    expect(reportConclusionOf(results)).toBe(conclusion);
  },
);

describe('a waiver', () => {
  const waiver: Waiver = {
    finding: bad.id,
    by: '@ana',
    because: 'known',
    until: '2026-12-01T00:00:00Z',
    covers: [waiverKeyOf(bad)],
  };

  it('turns the finding that it covers into waived, and the check into success', () => {
    const result = resultOf([good, bad], [waiver]);
    expect([result.conclusion, result.findings[1]]).toEqual([
      'success',
      { ...bad, verdict: 'waived', waiver: { by: '@ana', because: 'known', until: '2026-12-01T00:00:00Z' } },
    ]);
    expect(waiverKeyOf(result.findings[1] ?? bad)).toBe(waiverKeyOf(bad));
  });

  it('of a check’s name covers its findings as they were', () => {
    const whole = { ...waiver, finding: 'baseline', covers: [bad, unsure].map(waiverKeyOf) };
    expect(resultOf([bad, unsure], [whole]).conclusion).toBe('success');
    expect(resultOf([bad], [whole]).conclusion).toBe('success');
    expect(resultOf([bad, unsure, fail('baseline/new', 'new', {})], [whole]).conclusion).toBe('failure');
  });

  it.each([
    ['other numbers', fail(bad.id, bad.reason, { difference: -0.2 }), waiver],
    ['another finding', fail('baseline/x', bad.reason, bad.measured), waiver],
    ['another day', bad, { ...waiver, until: '2026-11-21T11:59:59Z' }],
    ['a check that threw', { ...bad, verdict: 'error' as const }, waiver],
  ])('does not cover %s', (_, finding, given) => {
    expect(resultOf([finding], [given]).conclusion).toBe('failure');
  });
});

it('numbers that JSON cannot write are written as text, so that they are not taken for unmeasured', () => {
  const [finding] = resultOf([fail('baseline/x', 'x', { a: NaN, b: [Infinity, 1], c: { d: -Infinity } })]).findings;
  expect(finding?.measured).toEqual({ a: 'NaN', b: ['Infinity', 1], c: { d: '-Infinity' } });
});

it('a throw becomes an error that names itself, and fails its check', () => {
  const result = failedResultOf('baseline', new Error('boom'), 1, { policy: defaultPolicy, waivers: [], now });
  expect([result.conclusion, result.findings[0]?.verdict, result.title]).toEqual([
    'failure',
    'error',
    'the check itself failed: boom',
  ]);
});

it('a missing part fails the check that owns the cause, and is inconclusive for the others', () => {
  const part = { kind: 'missing', owner: 'artifact', reason: 'it does not load' } as const;
  expect(missingFinding('artifact', 'load', part)).toMatchObject({ verdict: 'fail', reason: 'it does not load' });
  expect(missingFinding('golden', 'corners', part)).toMatchObject({
    verdict: 'inconclusive',
    reason: 'cannot be judged: it does not load (see artifact)',
  });
});

it('a title tells the worst finding: blocking before advisory, failing before unsure', () => {
  expect(decidingFinding([good, told(bad), unsure, nothing])).toBe(unsure);
  expect(decidingFinding([good, unsure, bad])).toBe(bad);
  expect(decidingFinding([nothing, good])).toBe(good);
});
