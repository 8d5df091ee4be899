import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../app/cli/slipway.ts';
import type { Finding, Report } from './report/report.ts';

/**
 * The cases of `../shared/data/{adult,bike,loans}/verdicts.json` that need none of the later checks, by `slipway check --json` with default margins, alpha
 * and tolerance: each with its champion, exit status and deciding finding (the first blocking one that fails; none where it passes).
 */
interface Case {
  readonly set: Set;
  readonly candidate: string;
  readonly champion?: string;
  /** Metrics claimed by this file of `claims/`. */
  readonly claims?: string;
  /** Recorded production rows. */
  readonly window?: string;
  /** A second training of the candidate. */
  readonly retrained?: string;
  readonly status: 0 | 1 | 2;
  /** Ids of blocking findings that fail; each must be there, in some order. */
  readonly failing: readonly string[];
}
type Set = 'adult' | 'bike' | 'loans';

/** All twelve checks of a case; a machine that is busy with others takes a while. */
const LIMIT_MS = 300_000;

const cases: readonly Case[] = [
  { set: 'adult', candidate: 'v1b_equivalent', champion: 'v1_champion', status: 0, failing: [] },
  { set: 'adult', candidate: 'v2_better', champion: 'v1_champion', status: 0, failing: [] },
  {
    set: 'adult',
    candidate: 'v3_cohort_regression',
    champion: 'v1_champion',
    status: 1,
    failing: ['cohorts/sex=Female/roc_auc'],
  },
  {
    set: 'adult',
    candidate: 'v3_cohort_regression',
    champion: 'v2_better',
    status: 1,
    failing: ['cohorts/sex=Female/roc_auc', 'baseline/roc_auc'],
  },
  {
    set: 'adult',
    candidate: 'v3b_overall_regression',
    champion: 'v1_champion',
    status: 1,
    failing: ['baseline/roc_auc'],
  },
  {
    set: 'adult',
    candidate: 'v4_nondeterministic',
    champion: 'v2_better',
    status: 1,
    failing: ['reproducibility/same-session'],
  },
  {
    set: 'adult',
    candidate: 'v5_contract_break',
    champion: 'v2_better',
    status: 1,
    failing: ['artifact/contract/output/probabilities', 'artifact/contract/output/label'],
  },
  // Two trainings of one specification without a seed; and a training that gave the same file.
  {
    set: 'adult',
    candidate: 'v4b_unseeded_runA',
    champion: 'v1_champion',
    retrained: 'v4b_unseeded_runB',
    status: 1,
    failing: ['reproducibility/retraining'],
  },
  { set: 'adult', candidate: 'v2_better', champion: 'v1_champion', retrained: 'v2_better', status: 0, failing: [] },
  { set: 'adult', candidate: 'v2_zipmap', champion: 'v1_champion', status: 1, failing: ['artifact/load'] },
  { set: 'adult', candidate: 'v2_better', champion: 'v1_champion', claims: 'v2_better', status: 0, failing: [] },
  {
    set: 'adult',
    candidate: 'v2_better',
    champion: 'v1_champion',
    claims: 'v2_better.inflated',
    status: 1,
    failing: ['reproducibility/claimed/roc_auc', 'reproducibility/claimed/accuracy'],
  },
  { set: 'bike', candidate: 'v1b_equivalent', champion: 'v1_champion', status: 0, failing: [] },
  { set: 'bike', candidate: 'v2_better', champion: 'v1_champion', status: 0, failing: [] },
  {
    set: 'bike',
    candidate: 'v3_cohort_regression',
    champion: 'v1_champion',
    status: 1,
    failing: ['cohorts/wet=1/mae'],
  },
  {
    set: 'bike',
    candidate: 'v3_cohort_regression',
    champion: 'v2_better',
    status: 1,
    failing: ['cohorts/wet=1/mae', 'baseline/mae'],
  },
  {
    set: 'bike',
    candidate: 'v3b_overall_regression',
    champion: 'v1_champion',
    status: 1,
    failing: ['baseline/mae', 'baseline/rmse'],
  },
  {
    set: 'bike',
    candidate: 'v4_nondeterministic',
    champion: 'v1_champion',
    status: 1,
    failing: ['reproducibility/same-session'],
  },
  {
    set: 'bike',
    candidate: 'v4c_dropout_training',
    champion: 'v1_champion',
    status: 1,
    failing: ['artifact/training-mode', 'reproducibility/no-graph-optimisation'],
  },
  {
    set: 'bike',
    candidate: 'v5_contract_break',
    champion: 'v2_better',
    status: 1,
    failing: ['artifact/contract/output/variable'],
  },
  { set: 'bike', candidate: 'v2_better', champion: 'v1_champion', claims: 'v2_better', status: 0, failing: [] },
  {
    set: 'bike',
    candidate: 'v2_better',
    champion: 'v1_champion',
    claims: 'v2_better.inflated',
    status: 1,
    failing: ['reproducibility/claimed/mae', 'reproducibility/claimed/rmse', 'reproducibility/claimed/r2'],
  },
  { set: 'loans', candidate: 'v1b_equivalent', champion: 'v1_champion', status: 0, failing: [] },
  { set: 'loans', candidate: 'v2_better', champion: 'v1_champion', status: 0, failing: [] },
  {
    set: 'loans',
    candidate: 'v3_cohort_regression',
    champion: 'v2_better',
    status: 1,
    failing: ['cohorts/group=B/roc_auc', 'baseline/roc_auc'],
  },
  {
    set: 'loans',
    candidate: 'v3b_overall_regression',
    champion: 'v2_better',
    status: 1,
    failing: ['baseline/roc_auc'],
  },
  {
    set: 'loans',
    candidate: 'v4_nondeterministic',
    champion: 'v2_better',
    status: 1,
    failing: ['reproducibility/same-session'],
  },
  { set: 'loans', candidate: 'v2_better', champion: 'v1_champion', claims: 'v2_better', status: 0, failing: [] },
  {
    set: 'loans',
    candidate: 'v2_better',
    champion: 'v1_champion',
    claims: 'v2_better.inflated',
    status: 1,
    failing: ['reproducibility/claimed/roc_auc', 'reproducibility/claimed/accuracy'],
  },
  // A first version has no champion: it is compared with a trivial model.
  { set: 'loans', candidate: 'v1_champion', status: 0, failing: [] },
  // What production recorded, against the evaluation rows. A window of fewer than 200 rows says too little: the reference is asked instead.
  {
    set: 'loans',
    candidate: 'v2_better',
    champion: 'v1_champion',
    window: 'production_nodrift.csv',
    status: 0,
    failing: [],
  },
  {
    set: 'loans',
    candidate: 'v2_better',
    champion: 'v1_champion',
    window: 'production_nodrift_small.csv',
    status: 0,
    failing: [],
  },
  {
    set: 'loans',
    candidate: 'v2_better',
    champion: 'v1_champion',
    window: 'production_drift_covariate.parquet',
    status: 1,
    failing: ['drift/income', 'drift/debt_ratio'],
  },
  {
    set: 'loans',
    candidate: 'v2_better',
    champion: 'v1_champion',
    window: 'production_drift_concept.csv',
    status: 1,
    failing: ['drift/relation'],
  },
  {
    set: 'adult',
    candidate: 'v2_better',
    champion: 'v1_champion',
    window: 'production_nodrift.parquet',
    status: 0,
    failing: [],
  },
  {
    set: 'adult',
    candidate: 'v2_better',
    champion: 'v1_champion',
    window: 'production_nodrift_small.csv',
    status: 0,
    failing: [],
  },
  {
    set: 'adult',
    candidate: 'v2_better',
    champion: 'v1_champion',
    window: 'production_drift_covariate.csv',
    status: 1,
    failing: ['drift/age', 'drift/education_num'],
  },
  {
    set: 'adult',
    candidate: 'v2_better',
    champion: 'v1_champion',
    window: 'production_drift_prior.csv',
    status: 1,
    failing: ['drift/labels'],
  },
  {
    set: 'bike',
    candidate: 'v2_better',
    champion: 'v1_champion',
    window: 'production_nodrift.csv',
    status: 0,
    failing: [],
  },
  {
    set: 'bike',
    candidate: 'v2_better',
    champion: 'v1_champion',
    window: 'production_drift_summer2012.csv',
    status: 1,
    failing: ['drift/temp', 'drift/season'],
  },
  {
    set: 'bike',
    candidate: 'v2_better',
    champion: 'v1_champion',
    window: 'production_drift_autumn2012.csv',
    status: 1,
    failing: ['drift/temp', 'drift/season'],
  },
];

const settings = {
  adult: { label: 'income_gt_50k', more: 'cohorts: [sex]', inputs: '' },
  bike: {
    label: 'cnt',
    more: 'cohorts: [wet]',
    inputs:
      'inputs: [{ name: features, columns: [season, yr, mnth, hr, holiday, weekday, workingday, weathersit, temp, atemp, hum, windspeed] }]',
  },
  loans: { label: 'defaulted', more: 'cohorts: [group]', inputs: '' },
} as const satisfies Record<Set, unknown>;

const shared = join(import.meta.dirname, '../../shared/data');
/** `loans` is this project's own and committed; the others are read where they are present. */
const folders = {
  adult: join(shared, 'adult'),
  bike: join(shared, 'bike'),
  loans: join(import.meta.dirname, '../fixtures/loans'),
} as const satisfies Record<Set, string>;

describe.each(['loans', 'adult', 'bike'] as const)('slipway check on the cases of %s/verdicts.json', (set) => {
  const present = existsSync(folders[set]);
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-verdicts-'));
    process.env['SLIPWAY_CACHE'] = join(folder, 'cache');
  });
  afterAll(() => {
    delete process.env['SLIPWAY_CACHE'];
    rmSync(folder, { recursive: true, force: true });
  });

  it.skipIf(!present).each(cases.filter((one) => one.set === set))(
    '$set $candidate against $champion, claims $claims, window $window, retrained $retrained: exit status $status, $failing',
    async (one) => {
      const { status, report } = await verdictOf(folder, one);
      const blocking = report.checks
        .flatMap(({ findings }) => findings)
        .filter(({ severity }) => severity === 'blocking');
      const failing = blocking.filter(({ verdict }) => verdict === 'fail' || verdict === 'error');
      expect({ status, failing: told(failing) }).toMatchObject({ status: one.status });
      expect(failing.map(({ id }) => id)).toEqual(expect.arrayContaining([...one.failing]));
      expect(failing.length > 0).toBe(one.status === 1);
    },
    LIMIT_MS,
  );

  it.skipIf(!present || set !== 'adult')('tells the way out of a ZipMap', async () => {
    const { report } = await verdictOf(folder, {
      set: 'adult',
      candidate: 'v2_zipmap',
      champion: 'v1_champion',
      status: 1,
      failing: [],
    });
    const load = report.checks.flatMap(({ findings }) => findings).find(({ id }) => id === 'artifact/load');
    expect(load?.reason).toContain('"probabilities" is a sequence, a map or an optional');
    expect(load?.next).toContain("options={'zipmap': False}");
  });
});

function told(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ id, verdict, reason }) => `${verdict} ${id}: ${reason}`);
}

async function verdictOf(folder: string, one: Case): Promise<{ readonly status: number; readonly report: Report }> {
  const name = [one.set, one.candidate, one.champion, one.claims, one.window, one.retrained].join('-');
  const candidate = proposalIn(join(folder, name, 'candidate'), one.set, one.candidate, '2.0.0', one.claims);
  const result = join(folder, name, 'result.json');
  const args = ['check', candidate, '--json', result, '--quiet'];
  if (one.champion !== undefined)
    args.push('--against', proposalIn(join(folder, name, 'champion'), one.set, one.champion, '1.0.0'));
  if (one.window !== undefined) args.push('--window', join(folders[one.set], 'data', one.window));
  if (one.retrained !== undefined) args.push('--retrained', join(folders[one.set], 'models', `${one.retrained}.onnx`));
  const status = await main(args);
  return { status, report: JSON.parse(readFileSync(result, 'utf8')) };
}

/** A model's folder as a repository would hold it: artifact, data, manifest. */
function proposalIn(root: string, set: Set, model: string, version: string, claims?: string): string {
  const folder = join(root, 'models', set);
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(folders[set], 'models', `${model}.onnx`), join(folder, 'model.onnx'));
  for (const file of ['evaluation', 'reference']) {
    const text = readFileSync(join(folders[set], 'data', `${file}.csv`), 'utf8');
    writeFileSync(join(folder, `${file}.csv`), set === 'bike' ? withWet(text) : text);
  }
  const { label, more, inputs } = settings[set];
  const manifest = join(folder, 'model.yaml');
  const digest = (file: string): string =>
    createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex');
  writeFileSync(
    manifest,
    `apiVersion: slipway/v1
kind: Model
name: ${set}
version: ${version}
artifact: { uri: model.onnx, sha256: ${digest('model.onnx')} }
${inputs}
evaluation:
  data: { uri: evaluation.csv, sha256: ${digest('evaluation.csv')} }
  label: ${label}
  ${more}
${claims === undefined ? '' : claimsOf(set, claims)}
drift: { reference: { uri: reference.csv, sha256: ${digest('reference.csv')} } }
`,
  );
  return manifest;
}

function claimsOf(set: Set, claims: string): string {
  const { metrics } = JSON.parse(readFileSync(join(folders[set], 'claims', `${claims}.json`), 'utf8')) as {
    readonly metrics: Readonly<Record<string, number>>;
  };
  const rules = Object.entries(metrics).map(([name, claimed]) => `{ name: ${name}, claimed: ${claimed} }`);
  return `  metrics: [${rules.join(', ')}]`;
}

/** The cohort of interest in bike is an hour of rain or snow: weathersit of 3 or 4. */
function withWet(csv: string): string {
  const [header = '', ...rows] = csv.trimEnd().split('\n');
  const at = header.split(',').indexOf('weathersit');
  const wet = rows.map((row) => `${row},${Number(row.split(',')[at]) >= 3 ? 1 : 0}`);
  return [`${header},wet`, ...wet, ''].join('\n');
}
