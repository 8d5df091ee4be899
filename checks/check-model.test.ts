import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkModel, waiverKeyOf, type CheckOptions, type ModelProposal, type Waiver } from './check-model.ts';
import { defaultPolicy } from './manifest/parse-policy.ts';
import type { Policy } from './manifest/policy.ts';
import type { CheckResult, Finding, Report } from './report/report.ts';
import type { Snapshot } from './snapshot.ts';
import { folderSnapshot } from './snapshots/folder-snapshot.ts';
import { noHistory } from './snapshots/git-history.ts';

const loans = join(import.meta.dirname, '../fixtures/loans');
const path = 'models/loans/model.yaml';
let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'slipway-check-model-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Tree {
  readonly model?: string;
  readonly version?: string;
  /** Lines under `evaluation:`, two blanks in. */
  readonly evaluation?: readonly string[];
  /** Lines at the root. */
  readonly more?: readonly string[];
  /** Other evaluation rows than the fixture's. */
  readonly rows?: (row: string, index: number) => boolean;
  readonly goldens?: readonly unknown[];
  readonly manifest?: string;
}

let trees = 0;
function treeOf(tree: Tree): Snapshot {
  trees += 1;
  const repository = join(root, `tree-${trees}`);
  const folder = join(repository, 'models/loans');
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(loans, 'models', `${tree.model ?? 'v2_better'}.onnx`), join(folder, 'model.onnx'));
  const [header = '', ...rows] = readFileSync(join(loans, 'data/evaluation.csv'), 'utf8').trimEnd().split('\n');
  writeFileSync(join(folder, 'evaluation.csv'), [header, ...rows.filter(tree.rows ?? (() => true)), ''].join('\n'));
  if (tree.goldens !== undefined)
    writeFileSync(join(folder, 'goldens.jsonl'), tree.goldens.map((golden) => JSON.stringify(golden)).join('\n'));
  const digest = (file: string): string =>
    createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex');
  writeFileSync(
    join(folder, 'model.yaml'),
    tree.manifest ??
      [
        'apiVersion: slipway/v1',
        'kind: Model',
        'name: loans',
        `version: ${tree.version ?? '2.0.0'}`,
        `artifact: { uri: model.onnx, sha256: ${digest('model.onnx')} }`,
        'evaluation:',
        `  data: { uri: evaluation.csv, sha256: ${digest('evaluation.csv')} }`,
        '  label: defaulted',
        ...(tree.goldens === undefined ? [] : ['  goldens: goldens.jsonl']),
        ...(tree.evaluation ?? ['  cohorts: [group]']),
        ...(tree.more ?? []),
        '',
      ].join('\n'),
  );
  return folderSnapshot(repository);
}

/** Only what these tests are about: the other checks have their own. */
const policy: Policy = {
  ...defaultPolicy,
  checks: {
    ...defaultPolicy.checks,
    required: ['manifest', 'artifact', 'golden', 'baseline', 'cohorts', 'reproducibility'],
  },
};

async function judged(
  proposal: Snapshot,
  more: Partial<ModelProposal> = {},
  options: Partial<CheckOptions> = {},
): Promise<Report> {
  const question: ModelProposal = { path, proposal, versions: noHistory, policy, waivers: [], ...more };
  return checkModel(question, { cacheFolder: join(root, 'cache'), now: new Date('2026-11-21T12:00:00Z'), ...options });
}

const findingsOf = (report: Report): readonly Finding[] => report.checks.flatMap(({ findings }) => findings);
const find = (report: Report, id: string): Finding | undefined =>
  findingsOf(report).find((finding) => finding.id === id);
const failing = (report: Report): readonly string[] =>
  findingsOf(report).flatMap(({ id, verdict, severity }) =>
    verdict === 'fail' && severity === 'blocking' ? [id] : [],
  );

describe('a proposal', () => {
  it('that is better than production may be merged, and the second time its evidence comes from the cache', async () => {
    const champion = treeOf({ model: 'v1_champion', version: '1.0.0' });
    const question = { base: champion, production: { snapshot: champion, path } };
    const results: CheckResult[] = [];
    const proposal = treeOf({});
    const first = await judged(proposal, question, { onResult: (result) => results.push(result) });
    const second = await judged(proposal, question);
    expect([first.conclusion, first.baseline.version, failing(first)]).toEqual(['success', '1.0.0', []]);
    expect(results.map(({ name }) => name)).toEqual(first.checks.map(({ name }) => name));
    expect([first.evidence?.cached, second.evidence?.cached, second.evidence?.key]).toEqual([
      false,
      true,
      first.evidence?.key,
    ]);
    const untimed = ({ checks }: Report) =>
      checks.map(({ name, conclusion, findings }) => ({ name, conclusion, findings }));
    expect(untimed(second)).toEqual(untimed(first));
  });

  it('is not judged twice on the same evidence; what it is judged by beside the evidence is', async () => {
    const [proposal, cacheFolder] = [treeOf({ evaluation: ['  cohorts: [region]'] }), join(root, 'judgements-cache')];
    const first = await judged(proposal, {}, { cacheFolder });
    const told: string[] = [];
    const again = await judged(proposal, {}, { cacheFolder, onResult: ({ name }) => told.push(name) });
    expect(told).toEqual(first.checks.map(({ name }) => name));
    expect(again.checks.map(({ durationMs }) => durationMs)).toEqual(first.checks.map(() => 0));
    const withoutTimes = (report: Report) => report.checks.map((check) => ({ ...check, durationMs: 0 }));
    expect(withoutTimes(again)).toEqual(withoutTimes(first));
    const lenient = { ...policy, checks: { ...policy.checks, required: ['manifest'] } };
    const advisory = await judged(proposal, { policy: lenient }, { cacheFolder });
    expect(advisory.checks.find(({ name }) => name === 'baseline')?.required).toBe(false);
  });

  it('leaves nothing behind but its cache', () => {
    expect(readdirSync(join(root, 'cache/jobs'))).toEqual([]);
  });

  it('of a first version is compared with a trivial model', async () => {
    const report = await judged(treeOf({ model: 'v1_champion', version: '1.0.0' }));
    expect([report.conclusion, report.baseline]).toEqual(['success', { kind: 'simple' }]);
    expect(find(report, 'artifact/contract')?.verdict).toBe('not-applicable');
  });

  it('whose manifest cannot be read fails with the line, and every other check waits for it', async () => {
    const report = await judged(
      treeOf({ manifest: 'apiVersion: slipway/v1\nkind: Model\nname: loans\nversion: 2.0.0\n' }),
    );
    const [manifest, ...others] = report.checks;
    expect([report.conclusion, manifest?.conclusion]).toEqual(['failure', 'failure']);
    expect(manifest?.findings.every(({ at }) => at?.file === path && at.line !== undefined)).toBe(true);
    const required = others.filter((check) => check.required).map(({ conclusion }) => conclusion);
    expect(new Set(required)).toEqual(new Set(['action_required']));
  });

  it('whose bytes are not the declared ones is never run', async () => {
    const tree = treeOf({});
    const tampered: Snapshot = {
      ...tree,
      read: async (file, signal) => {
        const bytes = await tree.read(file, signal);
        return file.endsWith('.onnx') && bytes !== undefined ? Buffer.concat([bytes, Buffer.of(0)]) : bytes;
      },
    };
    const stages: string[] = [];
    const report = await judged(tampered, {}, { onProgress: ({ stage }) => stages.push(stage) });
    expect([failing(report), stages]).toEqual([['artifact/digest'], ['judging']]);
    expect(find(report, 'baseline/candidate')?.verdict ?? 'inconclusive').toBe('inconclusive');
  });

  it('that restores what a held fleet runs passes with one finding', async () => {
    const restores = { revision: 'sha256:1', since: '2026-11-20T00:00:00Z' };
    const report = await judged(treeOf({ model: 'v3b_overall_regression' }), { restores });
    expect([
      report.conclusion,
      findingsOf(report)
        .filter(({ verdict }) => verdict === 'pass')
        .map(({ id }) => id),
    ]).toEqual(['success', ['manifest/restores']]);
    expect(report.checks.slice(1).every(({ conclusion }) => conclusion === 'skipped')).toBe(true);
  });

  it('is judged by the checks that were asked for', async () => {
    const only = await judged(treeOf({}), {}, { only: ['artifact', 'golden'], skip: ['golden'] });
    expect(only.checks.map(({ name }) => name)).toEqual(['artifact']);
  });

  it('with an id of a version that baseline names and nobody ever merged is compared with a trivial model, and told so', async () => {
    const report = await judged(treeOf({ more: ['baseline: { version: 0.9.0 }'] }));
    expect(report.baseline).toEqual({ kind: 'simple' });
  });
});

describe('a waiver', () => {
  const champion = (): Partial<ModelProposal> => {
    const snapshot = treeOf({ version: '1.0.0' });
    return { production: { snapshot, path } };
  };
  const waiverOf = (finding: Finding, more: Partial<Waiver> = {}): Waiver => ({
    finding: finding.id,
    by: '@ana',
    because: 'accepted',
    until: '2026-12-01T00:00:00Z',
    covers: [waiverKeyOf(finding)],
    ...more,
  });

  it('for each blocking finding turns the proposal green; after its day it does not', async () => {
    const question = champion();
    const tree = treeOf({ model: 'v3_cohort_regression' });
    const before = await judged(tree, question);
    const blocking = findingsOf(before).filter(
      ({ verdict, severity }) => severity === 'blocking' && (verdict === 'fail' || verdict === 'inconclusive'),
    );
    expect(blocking.map(({ id }) => id)).toContain('cohorts/group=B/roc_auc');
    const waivers = blocking.map((finding) => waiverOf(finding));
    expect((await judged(tree, { ...question, waivers })).conclusion).toBe('success');
    expect((await judged(tree, { ...question, waivers: waivers.slice(1) })).conclusion).not.toBe('success');
    expect((await judged(tree, { ...question, waivers }, { now: new Date('2026-12-01T00:00:01Z') })).conclusion).toBe(
      'failure',
    );
  });

  it('of a loosening lets the proposal’s own value count', async () => {
    const rule = (margin: number) => [`  metrics: [{ name: roc_auc, margin: ${margin} }]`];
    const base = treeOf({ version: '1.0.0', evaluation: rule(0.005) });
    const proposal = treeOf({ model: 'v3b_overall_regression', evaluation: rule(0.5) });
    const question = { base, production: { snapshot: base, path } };
    const before = await judged(proposal, question);
    const loosened = findingsOf(before).filter(
      ({ id, verdict }) => id.startsWith('manifest/loosened/') && verdict === 'fail',
    );
    expect(loosened.length).toBeGreaterThan(0);
    expect(find(before, 'baseline/roc_auc')?.verdict).toBe('fail');
    const after = await judged(proposal, { ...question, waivers: loosened.map((finding) => waiverOf(finding)) });
    expect(find(after, 'baseline/roc_auc')?.verdict).toBe('pass');
  });
});

describe('changed evaluation data', () => {
  it('are judged on the default branch’s rows as well, where a regression still shows', async () => {
    const base = treeOf({ version: '1.0.0' });
    // Without the cohort that got worse: region and group are columns five and six.
    const easier = treeOf({
      model: 'v3_cohort_regression',
      rows: (row) => row.split(',')[6] === 'A',
      evaluation: ['  cohorts: []'],
    });
    const report = await judged(easier, { base, production: { snapshot: base, path } });
    expect(find(report, 'manifest/evaluation-changed')).toMatchObject({ verdict: 'fail', measured: { rows: 2000 } });
  });

  it('pass where nothing fails on the old rows either', async () => {
    const base = treeOf({ model: 'v1_champion', version: '1.0.0' });
    const report = await judged(treeOf({ rows: (_, index) => index % 10 !== 0 }), {
      base,
      production: { snapshot: base, path },
    });
    expect(find(report, 'manifest/evaluation-changed')?.verdict).toBe('pass');
  });
});

describe('goldens', () => {
  const record = { age: 28, income: 21200, debt_ratio: 0.3344, employment_years: 1.9, region: 'west', group: 'A' };
  // fixtures/loans/predictions/v2_better.evaluation.f32, row 0: onnxruntime in Python.
  const published = readFileSync(join(loans, 'predictions/v2_better.evaluation.f32')).readFloatLE(0);
  const decided = published >= 0.5 ? 1 : 0;

  it('that come out as published pass', async () => {
    const report = await judged(
      treeOf({ goldens: [{ record, expect: { score: published, class: decided }, tolerance: 1e-6 }] }),
    );
    expect(find(report, 'golden/examples')).toMatchObject({ verdict: 'pass', measured: { goldens: 1 } });
  });

  it('that do not are told line by line, with what was expected and what came', async () => {
    const { age: _, ...lacking } = record;
    const goldens = [
      { record, expect: { score: published + 0.01 } },
      { record, expect: { class: 1 - decided }, why: 'a person wanted it' },
      { record: lacking, expect: { class: 0 } },
      { record, expected: {} },
    ];
    const report = await judged(treeOf({ goldens }));
    const reasons = [1, 2, 3, 4].map((line) => find(report, `golden/line-${line}`)?.reason);
    expect(reasons).toEqual([
      expect.stringMatching(/line 1: score .* was answered, .* ± .* expected/),
      `line 2 (a person wanted it): class ${decided} was answered, ${1 - decided} expected`,
      expect.stringContaining('column "age": found no such key'),
      expect.stringContaining('unknown key "expected"'),
    ]);
    expect(report.conclusion).toBe('failure');
  });
});

describe('the callers’ contract', () => {
  const question = (): Partial<ModelProposal> => {
    const snapshot = treeOf({ model: 'v1_champion', version: '1.0.0' });
    return { production: { snapshot, path } };
  };

  it('a newly needed column is breaking where recorded requests do not carry it, and fine where they do', async () => {
    const rows = readFileSync(join(loans, 'data/production_nodrift.csv'), 'utf8').trimEnd().split('\n');
    const without = join(root, 'without-group.csv');
    writeFileSync(without, rows.map((row) => row.split(',').toSpliced(6, 1).join(',')).join('\n'));
    const proposal = treeOf({});
    const lacking = await judged(proposal, { ...question(), window: { label: 'recorded', file: without } });
    const carrying = await judged(proposal, {
      ...question(),
      window: { label: 'recorded', file: join(loans, 'data/production_nodrift.csv') },
    });
    const unknown = await judged(proposal, question());
    const id = 'artifact/contract/new-columns';
    expect(
      [lacking, carrying, unknown].map((report) => [find(report, id)?.verdict, find(report, id)?.severity]),
    ).toEqual([
      ['fail', 'blocking'],
      ['pass', 'blocking'],
      ['inconclusive', 'advisory'],
    ]);
    const told = await judged(treeOf({ more: ['breaking: callers moved on 2026-10-01'] }), {
      ...question(),
      window: { label: 'recorded', file: without },
    });
    expect(find(told, id)).toMatchObject({
      verdict: 'pass',
      reason: expect.stringContaining('callers moved on 2026-10-01'),
    });
  });

  it('changed classes are breaking', async () => {
    const report = await judged(treeOf({ more: ['outputs: { classes: ["0", "1"] }'] }), question());
    expect(failing(report)).toContain('artifact/contract/classes');
  });
});

describe('what the policy says', () => {
  it('a process that needs more memory than it may have is a finding, and the checker lives on', async () => {
    const tight: Policy = { ...policy, limits: { ...policy.limits, memoryMb: 20 } };
    const report = await judged(treeOf({}), { policy: tight }, { cacheFolder: join(root, 'other-cache') });
    expect(report.conclusion).toBe('failure');
    expect(failing(report)).toEqual([expect.stringMatching(/^artifact\//)]);
    expect(findingsOf(report).find(({ id }) => id === failing(report)[0])?.reason).toMatch(
      /MB of memory, and the policy allows 20 MB/,
    );
  });

  it('a required check that has nothing to ask blocks nothing: no requests were recorded, no budget is declared', async () => {
    const required = [...policy.checks.required, 'replay', 'performance'] as const;
    const report = await judged(treeOf({}), { policy: { ...policy, checks: { ...policy.checks, required } } });
    const conclusionOf = (name: string) => report.checks.find((check) => check.name === name)?.conclusion;
    expect([report.conclusion, conclusionOf('replay'), conclusionOf('performance')]).toEqual([
      'success',
      'skipped',
      'success',
    ]);
    expect(find(report, 'performance/memory')?.measured).toMatchObject({ processes: 1 });
  });

  it('recorded requests are replayed, and a declared budget and a declared limit of flips block', async () => {
    const champion = treeOf({ model: 'v1_champion', version: '1.0.0' });
    const report = await judged(treeOf({ more: ['performance: { loadMs: 0.001 }', 'replay: { flips: 0.001 }'] }), {
      base: champion,
      production: { snapshot: champion, path },
      window: { label: 'production', file: join(loans, 'data/production_nodrift.csv') },
      policy: { ...policy, checks: { ...policy.checks, required: ['replay', 'performance'] } },
    });
    expect(failing(report)).toEqual(expect.arrayContaining(['replay/flips', 'performance/load']));
    expect(find(report, 'replay/requests')?.verdict).toBe('pass');
    expect(find(report, 'performance/latency')?.measured).toMatchObject({
      n: expect.any(Number),
      slowdown: expect.any(Number),
    });
  });
});
