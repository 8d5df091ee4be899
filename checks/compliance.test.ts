import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sampleEvidence } from './baseline/sample-evidence.ts';
import { compliance } from './compliance.ts';
import { decisionKind } from './compliance/decision.ts';
import { checkConclusionOf, checkResultOf } from './conclusion.ts';
import type { Evidence } from './evidence/evidence.ts';
import type { Governance } from './evidence/governance.ts';
import { gathered, missing } from './evidence/missing.ts';
import { smallestManifest } from './manifest/manifest-samples.ts';
import { parseManifest } from './manifest/parse-manifest.ts';
import { defaultPolicy } from './manifest/parse-policy.ts';
import type { Policy } from './manifest/policy.ts';
import type { Finding } from './report/report.ts';

interface Case {
  /** YAML that is added to the smallest manifest. */
  readonly yaml?: string;
  readonly governance?: Governance;
  readonly policy?: Partial<Omit<Policy, 'checks'>> & { readonly checks?: Partial<Policy['checks']> };
  readonly evidence?: Partial<Evidence>;
}

/** Rows of `age`, `sex` and the label; the model reads `age` and `sex` unless a manifest says otherwise. */
function evidenceOf({ yaml = '', governance, policy = {}, evidence = {} }: Case): Evidence {
  const parsed = parseManifest(`${smallestManifest}${yaml}`, 'models/income/model.yaml');
  if (parsed.kind === 'refused') throw new Error(parsed.problems.map(({ reason }) => reason).join('; '));
  const { loaded } = parsed;
  const values = Float64Array.of(1, 2);
  const number = (name: string) => [name, { kind: 'number', name, values }] as const;
  const sample = sampleEvidence({
    data: {
      table: { rows: 2, columns: new Map(['age', 'sex', 'income'].map(number)) },
      labels: { kind: 'classes', classes: [0, 1], codes: Int32Array.of(0, 1) },
    },
    candidate: {
      task: 'binary',
      rows: 2,
      classes: [0, 1],
      scores: Float64Array.of(0.1, 0.9),
      threshold: 0.5,
      probabilities: true,
    },
  });
  return {
    ...sample,
    proposal: {
      ...loaded,
      specification: { ...loaded.specification, inputs: [{ name: 'x', columns: ['age', 'sex'] }] },
    },
    policy: { ...defaultPolicy, ...policy, checks: { ...defaultPolicy.checks, ...policy.checks } },
    ...(governance === undefined ? {} : { governance }),
    ...evidence,
  };
}

const judged = (aCase: Case): readonly Finding[] => compliance.judge(evidenceOf(aCase)).findings;

const finding = (aCase: Case, id: string): Finding => {
  const findings = judged(aCase);
  const found = findings.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no ${id} among ${findings.map((each) => each.id).join(', ')}`);
  return found;
};

const complete = (severity: string, more = '') =>
  `impact: { severity: ${severity}, decision: automated-with-review, affected: applicants, reversible: true, personalData: [age, sex], lawfulBasis: contract, retention: 90d, mitigations: [review]${more} }\n`;

const approvals = (...logins: readonly string[]): Governance => ({
  approvals: logins.map((by) => ({ by, at: '2026-11-01T00:00:00Z' })),
});

test('a stranger’s smallest manifest has nothing to comply with, and is not blocked', () => {
  const { findings, title } = compliance.judge(evidenceOf({}));
  expect(new Set(findings.map(({ verdict }) => verdict))).toEqual(new Set(['not-applicable']));
  expect(checkConclusionOf(findings)).toBe('skipped');
  expect(title).toBe('no impact matrix, and no column that is declared protected or pii');
});

test('no other check reads what changes without a commit: the judgement cache rests on it', () => {
  const readers = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .filter((file) =>
      /\.(governance|today)\b|\{[^{}\n]*\b(governance|today)\b[^{}\n]*\}\s*[:=]/.test(
        readFileSync(join(import.meta.dirname, file), 'utf8'),
      ),
    )
    .filter((file) => !/^(compliance|readiness|evidence)(\/|\.ts)/.test(file));
  expect(readers.toSorted()).toEqual(['check-model.ts', 'judgement-cache.ts']);
});

describe('the impact matrix', () => {
  test.each<[string, string, readonly string[]]>([
    ['low', 'severity: low', ['decision']],
    ['low', 'severity: low, decision: ranking', []],
    ['moderate', 'severity: moderate, decision: ranking', ['affected', 'reversible', 'mitigations']],
    ['moderate', 'severity: moderate, decision: d, affected: a, reversible: false, mitigations: [m]', []],
    [
      'high',
      'severity: high, decision: d, affected: a, reversible: false, mitigations: [m]',
      ['personalData', 'lawfulBasis', 'retention'],
    ],
    [
      'high',
      'severity: high, decision: d, affected: a, reversible: false, mitigations: [m], personalData: [], lawfulBasis: b, retention: 90d',
      [],
    ],
    [
      'critical',
      'severity: critical, decision: d',
      ['affected', 'reversible', 'mitigations', 'personalData', 'lawfulBasis', 'retention'],
    ],
  ])('at severity %s: %s lacks %j', (severity, fields, lacking) => {
    const found = finding({ yaml: `impact: { ${fields} }\n` }, 'compliance/impact');
    expect(found.measured).toMatchObject({ severity });
    expect([...(found.measured['lacking'] as readonly string[])].toSorted()).toEqual([...lacking].toSorted());
    expect(found.verdict).toBe(lacking.length === 0 ? 'pass' : 'fail');
    for (const name of lacking) expect(found.next).toContain(`${name}: `);
  });

  test('is missed, and blocks nothing, where columns are protected; the policy can make it block', () => {
    const yaml = 'columns: { sex: { type: category, protected: true } }\n';
    const told = finding({ yaml }, 'compliance/impact');
    expect([told.verdict, told.severity]).toEqual(['inconclusive', 'advisory']);
    expect(checkConclusionOf(judged({ yaml }))).toBe('skipped');
    expect(finding({ yaml, policy: { checks: { impact: 'personal' } } }, 'compliance/impact').verdict).toBe('fail');
    expect(finding({ policy: { checks: { impact: 'personal' } } }, 'compliance/impact').verdict).toBe('not-applicable');
    expect(finding({ policy: { checks: { impact: 'always' } } }, 'compliance/impact').verdict).toBe('fail');
  });
});

describe('personal data', () => {
  const columns = 'columns: { sex: { type: category, protected: true, input: justified, why: audited } }\n';

  test('that are protected inputs must be declared', () => {
    const yaml = `${columns}impact: { severity: low, decision: d, personalData: [age] }\n`;
    const found = finding({ yaml }, 'compliance/personal-data/sex');
    expect([found.verdict, found.severity]).toEqual(['fail', 'blocking']);
    expect(found.reason).toBe('sex is declared protected and is an input; impact.personalData does not list it');
    expect(judged({ yaml }).some(({ id }) => id === 'compliance/personal-data')).toBe(false);
  });

  test('that are declared pass, whether or not they are marked as protected', () => {
    const yaml = `${columns}impact: { severity: low, decision: d, personalData: [age, sex] }\n`;
    const found = finding({ yaml }, 'compliance/personal-data');
    expect([found.verdict, found.reason]).toEqual([
      'pass',
      'the personal data among the inputs are declared: age, sex',
    ]);
  });

  test('that only split the evaluation rows are told', () => {
    const yaml = 'columns: { race: { type: category, protected: true } }\nimpact: { severity: low, decision: d }\n';
    const found = finding({ yaml }, 'compliance/personal-data/race');
    expect([found.verdict, found.severity]).toEqual(['fail', 'advisory']);
    expect(checkConclusionOf(judged({ yaml }))).toBe('success');
  });

  test('that are declared and nowhere to be found are told, with the name that was perhaps meant', () => {
    const yaml = 'impact: { severity: low, decision: d, personalData: [agee] }\n';
    const found = finding({ yaml }, 'compliance/personal-data/agee');
    expect([found.verdict, found.severity, found.next]).toEqual(['fail', 'advisory', 'Write age, if that is meant.']);
  });

  test('cannot be judged where nobody knows the inputs', () => {
    const whole = evidenceOf({ yaml: 'impact: { severity: low, decision: d }\n' });
    const { findings } = compliance.judge({
      ...whole,
      proposal: { ...whole.proposal, specification: { ...whole.proposal.specification, inputs: [] } },
    });
    expect(findings.find(({ id }) => id === 'compliance/personal-data')?.verdict).toBe('inconclusive');
  });
});

test.each([
  ['90d', 'pass'],
  ['30d', 'pass'],
  ['29d', 'fail'],
])('predictions that are kept 30d against a promise of %s: %s', (retention, verdict) => {
  const yaml = `impact: { severity: low, decision: d, retention: ${retention} }\n`;
  expect(finding({ yaml }, 'compliance/retention').verdict).toBe(verdict);
});

describe('approvals', () => {
  test.each<[string, Governance | undefined, string, string]>([
    ['low', approvals(), 'not-applicable', 'the policy asks for no approval at severity low'],
    [
      'high',
      undefined,
      'not-applicable',
      'severity high needs 2 approvals, and there is no pull request here to ask for them',
    ],
    [
      'high',
      {},
      'not-applicable',
      'severity high needs 2 approvals, and there is no pull request here to ask for them',
    ],
    ['high', approvals(), 'inconclusive', 'nobody has approved this commit; severity high needs 2 approvals'],
    ['high', approvals('ben'), 'inconclusive', 'approved by @ben alone; severity high needs 2 approvals'],
    ['high', approvals('ben', 'ana'), 'pass', 'approved by @ana, @ben; severity high needs 2'],
    ['critical', approvals('ben', 'ana', 'eve'), 'pass', 'approved by @ana, @ben, @eve; severity critical needs 2'],
  ])('at severity %s, given %j: %s', (severity, governance, verdict, reason) => {
    const found = finding({ yaml: complete(severity), ...(governance && { governance }) }, 'compliance/approvals');
    expect([found.verdict, found.reason]).toEqual([verdict, reason]);
  });

  test('that lack are action_required and decide the title; the reviews that come turn it into success', () => {
    const evidence = { explanation: gathered({} as never) };
    const context = { policy: defaultPolicy, waivers: [], now: new Date(0) };
    const result = (governance: Governance) =>
      checkResultOf('compliance', compliance.judge(evidenceOf({ yaml: complete('high'), governance, evidence })), 0, {
        ...context,
        policy: { ...defaultPolicy, checks: { ...defaultPolicy.checks, required: ['compliance'] } },
      });
    expect(result(approvals('ana'))).toMatchObject({
      conclusion: 'action_required',
      title: 'approved by @ana alone; severity high needs 2 approvals',
    });
    expect(result(approvals('ana', 'ben'))).toMatchObject({
      conclusion: 'success',
      title: 'approved by @ana, @ben; severity high needs 2',
    });
  });

  test('are asked for as the policy says', () => {
    const policy = { approvals: { low: 1 } };
    const yaml = 'impact: { severity: low, decision: d }\n';
    expect(finding({ yaml, policy, governance: approvals() }, 'compliance/approvals').verdict).toBe('inconclusive');
  });
});

test.each([
  ['automated-with-review', 'reviewed'],
  ['automated, approved by an officer', 'reviewed'],
  ['a human decides', 'reviewed'],
  ['advisory', 'assisted'],
  ['advice to a pathologist', 'assisted'],
  ['decision support', 'assisted'],
  ['automated', 'automated'],
  ['fully automatic', 'automated'],
  ['automated without review', 'automated'],
  ['automated, no human review', 'automated'],
  ['no review', 'unclear'],
  ['ranking', 'unclear'],
])('the decision “%s” is %s', (decision, kind) => expect(decisionKind(decision)).toBe(kind));

test.each([
  ['automated-with-review', 'pass'],
  ['advisory', 'pass'],
  ['automated', 'fail'],
  ['ranking', 'inconclusive'],
])('at severity critical the decision “%s” is: %s', (decision, verdict) => {
  const yaml = complete('critical').replace('automated-with-review', decision);
  expect(finding({ yaml }, 'compliance/human-review').verdict).toBe(verdict);
  const atHigh = complete('high').replace('automated-with-review', decision);
  expect(finding({ yaml: atHigh }, 'compliance/human-review').verdict).toBe('not-applicable');
});

describe('the explanation of a decision', () => {
  test.each<[string, string, Partial<Evidence>, string]>([
    ['moderate', 'automated', {}, 'not-applicable'],
    ['high', 'advisory', {}, 'not-applicable'],
    ['high', 'automated', {}, 'inconclusive'],
    ['high', 'automated', { explanation: missing('explanation', 'too slow') }, 'inconclusive'],
    ['high', 'automated', { explanation: gathered({} as never) }, 'pass'],
  ])('at severity %s, decided %s: %j is %s', (severity, decision, evidence, verdict) => {
    const yaml = complete(severity).replace('automated-with-review', decision);
    expect(finding({ yaml, evidence }, 'compliance/explained').verdict).toBe(verdict);
  });
});
