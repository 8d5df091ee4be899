import { describe, expect, it } from 'vitest';
import { fullManifest, smallestManifest } from '../../checks/manifest/manifest-samples.ts';
import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import type { CheckConclusion, CheckResult } from '../../checks/report/report.ts';
import type { ObservedFleet, ObservedModel, ObservedRevision } from '../../serving/fleet.ts';
import type { LedgerLine } from '../ledger/ledger.ts';
import { manifestPathOf, modelNameOf } from './changed-models.ts';
import { planComment, planRows, withApprovals } from './model-plan.ts';
import { productionOf } from './production.ts';
import { summaryOutput } from './summary.ts';
import { unreadableChecks } from './unreadable-checks.ts';
import { waiversOf } from './waivers.ts';

const now = new Date('2026-11-21T12:00:00Z');

describe('what production runs', () => {
  const revision = (name: string, commit?: string): ObservedRevision => ({
    revision: name,
    version: name.toUpperCase(),
    digest: `sha256:${name}`,
    state: 'ready',
    provenance: { approvals: [], checks: [], ...(commit === undefined ? {} : { commit }) },
    replicas: [],
  });
  const fleetOf = (model: Partial<ObservedModel>): ObservedFleet => ({
    at: now.toISOString(),
    replicas: [],
    models: [
      {
        model: 'income',
        generation: 1,
        arms: [],
        salt: '',
        replicas: { min: 1, max: 1, target: 1 },
        revisions: [revision('a', 'c0'), revision('b')],
        effective: [],
        health: 'healthy',
        ...model,
      },
    ],
  });

  it.each([
    [
      'the stable arm beside a candidate, however heavy that is',
      [
        { revision: 'a', weight: 5 },
        { revision: 'b', weight: 95, leased: true },
      ],
      'A',
    ],
    [
      'the stable arm beside a shadow',
      [
        { revision: 'b', weight: 100, shadow: true },
        { revision: 'a', weight: 100 },
      ],
      'A',
    ],
    [
      'the heavier of two arms that are not leased',
      [
        { revision: 'a', weight: 0 },
        { revision: 'b', weight: 100 },
      ],
      'B',
    ],
    ['nothing, when only a candidate has begun', [{ revision: 'b', weight: 100, leased: true }], undefined],
    ['nothing, without arms', [], undefined],
  ])('is %s', (_, arms, version) => {
    expect(productionOf(fleetOf({ arms }), 'income')?.version).toBe(version);
  });

  it('knows the commit it came from and whether the fleet is held', () => {
    const held = { by: 'ola', because: 'x', since: '2026-11-20T00:00:00Z' };
    expect(productionOf(fleetOf({ arms: [{ revision: 'a', weight: 100 }], held }), 'income')).toEqual({
      revision: 'a',
      version: 'A',
      digest: 'sha256:a',
      commit: 'c0',
      heldSince: '2026-11-20T00:00:00Z',
    });
    expect(productionOf(fleetOf({}), 'wine')).toBeUndefined();
  });
});

describe('the summary check', () => {
  const check = (name: string, conclusion: CheckConclusion, more: Partial<CheckResult> = {}): CheckResult => ({
    name,
    conclusion,
    title: `${name} says ${conclusion}`,
    durationMs: 1,
    required: true,
    findings: [],
    ...more,
  });
  const verdict = (conclusion: 'success' | 'failure' | 'action_required', ...checks: CheckResult[]) => ({
    model: 'income',
    version: '2.0.0',
    conclusion,
    checks,
  });

  it('passes a pull request without models', () => {
    expect(summaryOutput([])).toMatchObject({ conclusion: 'success', title: 'No model changed' });
  });

  it.each([
    [
      'success',
      [verdict('success', check('baseline', 'success'), check('drift', 'skipped'))],
      'the only check passed; baseline says success',
    ],
    [
      'failure',
      [verdict('failure', check('baseline', 'success'), check('drift', 'failure'))],
      'drift: drift says failure',
    ],
    [
      'failure',
      [
        verdict(
          'failure',
          check('artifact', 'action_required'),
          check('baseline', 'failure'),
          check('drift', 'failure'),
        ),
      ],
      'baseline: baseline says failure (and drift, artifact)',
    ],
    [
      'action_required',
      [verdict('success'), verdict('action_required', check('baseline', 'action_required'))],
      'income 2.0.0: baseline: baseline says action_required',
    ],
    [
      'failure',
      [verdict('action_required'), verdict('failure', check('golden', 'failure'))],
      'income 2.0.0: golden: golden says failure',
    ],
    ['success', [verdict('success', check('replay', 'failure', { required: false }))], 'every required check passed'],
  ])('is %s when %j', (conclusion, verdicts, title) => {
    expect(summaryOutput(verdicts)).toMatchObject({ conclusion, title });
  });

  it('says that findings were waived', () => {
    const waived = { id: 'a', verdict: 'waived', severity: 'blocking', reason: 'r', measured: {} } as const;
    const output = summaryOutput([verdict('success', check('cohorts', 'success', { findings: [waived] }))]);
    expect(output.title).toBe('passed, with findings waived in cohorts');
  });

  it('skips every check but `manifest` for a manifest that cannot be read', () => {
    const parsed = parseManifest('kind: Modell\n', 'models/x/model.yaml');
    if (parsed.kind !== 'refused') throw new Error('it is no manifest');
    const checks = unreadableChecks(parsed.problems, ['manifest', 'artifact', 'drift']);
    expect(checks.map(({ name, conclusion }) => [name, conclusion])).toEqual([
      ['manifest', 'failure'],
      ['artifact', 'skipped'],
      ['drift', 'skipped'],
    ]);
    expect(checks[0]?.findings.every(({ at }) => at?.line !== undefined)).toBe(true);
  });
});

describe('the model plan', () => {
  const sideOf = (source: string) => {
    const parsed = parseManifest(source, 'models/income/model.yaml');
    if (parsed.kind === 'refused') throw new Error(parsed.problems.map(({ reason }) => reason).join('; '));
    return { manifest: parsed.loaded.manifest, revision: parsed.loaded.revision };
  };
  const small = sideOf(smallestManifest);
  const full = sideOf(fullManifest);

  it('tells of a first version what it is, and that nothing runs yet', () => {
    const subjects = planRows(undefined, small).map(({ subject }) => subject);
    expect(subjects).toContain('version');
    expect(planRows(undefined, small).at(-1)).toEqual({
      subject: 'rollout',
      candidate: 'all traffic at once: nothing runs yet',
    });
    expect(planRows(undefined, small).every(({ champion }) => champion === undefined)).toBe(true);
  });

  it('tells only what differs, and version and file always', () => {
    expect(planRows(small, small).map(({ subject }) => subject)).toEqual(['version', 'model file', 'rollout']);
    const subjects = planRows(small, full).map(({ subject }) => subject);
    expect(subjects).toEqual(expect.arrayContaining(['inputs', 'threshold', 'breaking']));
  });

  it('names the inputs that come and go', () => {
    const row = planRows(full, small).find(({ subject }) => subject === 'inputs');
    expect(row?.note).toMatch(/^no longer read: .*age/);
  });

  const plan = {
    models: [
      {
        model: 'income',
        version: '2.0.0',
        against: '1.0.0',
        rows: planRows(small, full),
        conclusion: 'failure',
        title: 'baseline: worse',
        others: [14],
      },
    ],
    headSha: 'abcdef1234',
    base: 'main@1234567',
    approvals: [],
    waivedBy: 'maintain',
  };

  it('says the verdict, the rival proposal and who may waive', () => {
    const text = planComment(plan);
    expect(text).toContain('**income 2.0.0**, in place of 1.0.0: **blocked** by baseline: worse');
    expect(text).toContain('#14 would change income as well');
    expect(text).toContain('`/waive FINDING until DATE because …` (maintain)');
    expect(text).toContain('nobody has approved this commit');
  });

  it('changes in its approvals alone when somebody approves', () => {
    const approved = withApprovals(planComment(plan), ['rui', 'ada']);
    expect(approved).toBe(planComment({ ...plan, approvals: ['rui', 'ada'] }));
    expect(withApprovals(approved, [])).toBe(planComment(plan));
    expect(withApprovals('somebody edited it', ['rui'])).toBe('somebody edited it');
  });
});

describe('waivers', () => {
  const line = (
    kind: LedgerLine['kind'],
    finding: string,
    more: Partial<LedgerLine> = {},
    until = '2026-12-01T23:59:59Z',
  ): LedgerLine => ({
    kind,
    key: 'k',
    at: '2026-11-20T00:00:00Z',
    actor: 'rui',
    model: 'income',
    because: 'known',
    sequence: 1,
    previous: '',
    signature: '',
    data: { finding, until, covers: ['c1'], subject: 12 },
    ...more,
  });
  const held = (...lines: readonly LedgerLine[]) =>
    waiversOf(lines, { model: 'income', subject: 12, now }).map(({ finding }) => finding);

  it('hold until their date', () => {
    expect(held(line('waived', 'a'), line('waived', 'b', {}, '2026-11-21T11:59:59Z'))).toEqual(['a']);
  });

  it('hold for their own proposal and model only', () => {
    const other = { finding: 'a', until: '2026-12-01T00:00:00Z', covers: [], subject: 13 };
    expect(held(line('waived', 'a', { model: 'wine' }), line('waived', 'a', { data: other }))).toEqual([]);
  });

  it('are taken back by whoever comes later, and given again', () => {
    expect(held(line('waived', 'a'), line('waived', 'b'), line('unwaived', 'a'))).toEqual(['b']);
    expect(held(line('waived', 'a'), line('unwaived', 'a'), line('waived', 'a'))).toEqual(['a']);
  });
});

describe('a model’s name and place', () => {
  it.each([
    ['models/*/model.yaml', 'income', 'models/income/model.yaml'],
    ['ml/**/*/model.yaml', 'income', 'ml/**/income/model.yaml'],
    ['model.yaml', 'income', 'model.yaml'],
  ])('%s puts %s at %s', (pattern, name, path) => {
    expect(manifestPathOf(pattern, name)).toBe(path);
  });

  it('is its folder’s', () => {
    expect(modelNameOf('models/income/model.yaml')).toBe('income');
  });
});
