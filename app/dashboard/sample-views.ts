import { sampleFigures } from '../../checks/report/sample-figures.ts';
import type { CheckResult, Finding, Measured, Report } from '../../checks/report/report.ts';
import type { ObservedModel, ObservedRevision, Provenance } from '../../serving/fleet.ts';
import type { LedgerKind, LedgerLine } from '../ledger/ledger.ts';
import type {
  DashboardSource,
  FleetView,
  LedgerView,
  ModelRoomView,
  ModelView,
  ProposalSummary,
  ProposalView,
  RolloutView,
  Traffic,
} from './views.ts';

/**
 * Views for tests and for looking at the rooms without a fleet. The metrics are those of models trained on the census
 * data; people, commits and rates are made up.
 */
export const SAMPLE_NOW = '2026-11-14T03:12:40Z';
const REPOSITORY = 'acme/models';

const hex = (seed: string): string =>
  Array.from({ length: 64 }, (_, index) =>
    ((seed.charCodeAt(index % seed.length) * (index + 7)) % 16).toString(16),
  ).join('');
const digest = (seed: string): string => `sha256:${hex(seed)}`;
const minutesAgo = (minutes: number): string => new Date(Date.parse(SAMPLE_NOW) - minutes * 60_000).toISOString();

const provenance = (pullRequest: number, commit: string): Provenance => ({
  repository: REPOSITORY,
  commit: hex(commit).slice(0, 40),
  pullRequest,
  approvals: ['reviewer-1', 'reviewer-2'],
  checks: [
    { name: 'manifest', conclusion: 'success' },
    { name: 'baseline', conclusion: 'success' },
  ],
});

const revision = (model: string, version: string, pullRequest: number, replicas: number): ObservedRevision => ({
  revision: digest(`${model}${version}`),
  version,
  digest: digest(`file ${model}${version}`),
  state: 'ready',
  loadMs: 12.4,
  provenance: provenance(pullRequest, `${model}${version}`),
  replicas: Array.from({ length: replicas }, (_, index) => `${model}-${index}`),
});

const traffic = (perSecond: number, p99Ms: number, errors = 0): Traffic => ({
  seconds: 10,
  requests: Math.round(perSecond * 10),
  errors,
  p99Ms,
  recent: Array.from(
    { length: 40 },
    (_, index) => perSecond * (1 + 0.08 * Math.sin(index / 3) + 0.03 * Math.cos(index * 2.1)),
  ),
});

interface Part {
  readonly model: string;
  readonly version: string;
  readonly pullRequest: number;
  readonly replicas?: number;
  readonly wanted?: number;
  readonly traffic: Traffic;
  readonly desired?: string;
}

const observedOf = (part: Part, more: Partial<ObservedModel> = {}): ObservedModel => {
  const own = revision(part.model, part.version, part.pullRequest, part.replicas ?? 2);
  return {
    model: part.model,
    generation: 7,
    revisions: [own],
    arms: [{ revision: own.revision, weight: 100 }],
    effective: [{ revision: own.revision, weight: 100 }],
    salt: 'salt',
    replicas: { min: part.wanted ?? part.replicas ?? 2, max: 4, target: 4 },
    health: 'healthy',
    ...more,
  };
};

const modelOf = (part: Part, more: Partial<ModelView> = {}): ModelView => {
  const version = part.desired ?? part.version;
  return {
    model: part.model,
    repository: REPOSITORY,
    desired: {
      version,
      revision: digest(`${part.model}${version}`),
      commit: hex(`${part.model}${version}`).slice(0, 40),
    },
    observed: observedOf(part),
    traffic: part.traffic,
    alerts: [],
    ...more,
  };
};

const wine: Part = { model: 'wine', version: '1.4.0', desired: '1.5.0', pullRequest: 402, traffic: traffic(12, 1.9) };
const digits: Part = {
  model: 'digits',
  version: '3.1.0',
  pullRequest: 365,
  replicas: 1,
  wanted: 2,
  traffic: traffic(88.4, 6, 1),
};
const income: Part = {
  model: 'income',
  version: '1.0.0',
  desired: '2.0.1',
  pullRequest: 340,
  traffic: traffic(37, 1.8),
};
const loanDefault: Part = { model: 'loan-default', version: '2.0.0', pullRequest: 388, traffic: traffic(41.2, 3.1) };

export const sampleRollout: RolloutView = {
  phase: 'stepping',
  strategy: 'canary',
  from: { version: '1.0.0', revision: digest('income1.0.0') },
  to: { version: '2.0.1', revision: digest('income2.0.1'), commit: hex('income2.0.1').slice(0, 40), pullRequest: 418 },
  approvals: ['reviewer-1', 'reviewer-2'],
  startedAt: minutesAgo(48),
  steps: [
    { kind: 'prepare', state: 'done', tookMs: 60_000, facts: ['2 replicas, self-tests passed'] },
    {
      kind: 'weight',
      weight: 5,
      state: 'done',
      forMs: 600_000,
      tookMs: 19 * 60_000,
      facts: ['waited for 200 requests'],
    },
    {
      kind: 'weight',
      weight: 25,
      state: 'now',
      forMs: 1_800_000,
      tookMs: 28 * 60_000,
      facts: ['evidence complete; 2 min left'],
    },
    { kind: 'pause', state: 'next', facts: ['waits for a person'] },
    { kind: 'weight', weight: 50, state: 'next', forMs: 1_800_000, facts: [] },
    { kind: 'promote', state: 'next', facts: [] },
    { kind: 'bake', state: 'next', forMs: 3_600_000, facts: [] },
  ],
  evidence: [
    { name: 'requests', soFar: '1,002', needed: 'at least 200', verdict: 'pass' },
    { name: 'errors', soFar: '0 of 1,002; at worst 0.98 %', needed: 'at most 1 %', verdict: 'pass' },
    { name: 'latency', soFar: '1.9 ms against 1.8 ms: 1.06 ×', needed: 'at most 1.20 ×', verdict: 'pass' },
    {
      name: 'predictions',
      soFar: 'mean score 0.02 s.d. away, at worst 0.06',
      needed: 'at most 0.05',
      verdict: 'waiting',
    },
  ],
  says: 'In 2 min it goes on to pause and stays at 25 % until someone says /resume income. 1.0.0 stays warm for 24 h.',
};

const incomeObserved = (): ObservedModel => {
  const candidate = revision('income', '2.0.1', 418, 1);
  const observed = observedOf(income);
  const [stable] = observed.revisions;
  return {
    ...observed,
    revisions: [...observed.revisions, candidate],
    arms: [
      { revision: stable?.revision ?? '', weight: 75 },
      { revision: candidate.revision, weight: 25, leased: true },
    ],
    effective: [
      { revision: stable?.revision ?? '', weight: 75 },
      { revision: candidate.revision, weight: 25 },
    ],
    leaseUntil: minutesAgo(-2),
  };
};

export const sampleFleet: FleetView = {
  at: SAMPLE_NOW,
  repository: REPOSITORY,
  fleet: 'production',
  replicas: [],
  models: [
    modelOf({ model: 'diabetes', version: '2.3.1', pullRequest: 318, replicas: 1, traffic: traffic(0.9, 1.7) }),
    modelOf(income, { observed: incomeObserved(), rollout: sampleRollout }),
    modelOf({ model: 'churn', version: '5.0.2', pullRequest: 410, replicas: 4, traffic: traffic(310.5, 4.4) }),
    modelOf(wine, {
      observed: observedOf(wine, {
        held: {
          by: 'on-call',
          because: '1.5.0 answers class 2 for white wines',
          since: minutesAgo(112),
          quarantined: digest('wine1.5.0'),
        },
      }),
      hold: { revertPullRequest: 423, revertState: 'open', tookMs: 800 },
    }),
    modelOf(digits, {
      observed: observedOf(digits, { health: 'degraded' }),
      difference: {
        reason: 'observed 1 replica, git says 2; being put back, 2nd try',
        since: minutesAgo(14),
        attempt: 2,
      },
    }),
    modelOf(loanDefault, {
      alerts: [
        {
          kind: 'failing',
          reason: 'live roc_auc 0.549 [0.508, 0.590] over 1,000 labelled decisions is below its floor 0.750',
          since: minutesAgo(31),
          issue: 431,
        },
      ],
      previous: {
        version: '1.0.0',
        revision: digest('loan-default1.0.0'),
        digest: digest('old loans'),
        warmUntil: minutesAgo(-312),
      },
    }),
    modelOf({ model: 'biopsy', version: '1.2.0', pullRequest: 290, traffic: traffic(3.1, 1.6) }),
  ],
};

/** Only models that are well. */
export const calmFleet: FleetView = {
  ...sampleFleet,
  models: sampleFleet.models.filter(({ model }) => ['churn', 'biopsy', 'diabetes'].includes(model)),
};

type CohortRow = readonly [
  cohort: string,
  verdict: 'fail' | 'inconclusive' | 'pass',
  rows: number,
  positives: number,
  champion: number,
  candidate: number,
  low: number,
  high: number,
];

const COHORTS: readonly CohortRow[] = [
  ['age=25–44', 'pass', 3570, 871, 0.805, 0.853, 0.027, 0.071],
  ['sex=Female', 'fail', 2278, 244, 0.7914, 0.6387, -0.2091, -0.0963],
  ['sex=Female, age=45–64', 'fail', 558, 86, 0.742, 0.591, -0.253, -0.048],
  ['sex=Female, age=25–44', 'fail', 1098, 148, 0.759, 0.636, -0.199, -0.049],
  ['sex=Female, age=under 25', 'inconclusive', 534, 4, 0.689, 0.333, -0.83, 0.118],
  ['race=Other', 'inconclusive', 56, 4, 0.779, 0.63, -0.503, 0.205],
  ['sex=Female, age=65+', 'inconclusive', 88, 6, 0.762, 0.622, -0.47, 0.189],
  ['age=65+', 'inconclusive', 263, 58, 0.836, 0.861, -0.044, 0.095],
  ['race=Asian-Pac-Islander', 'inconclusive', 247, 61, 0.795, 0.839, -0.045, 0.134],
  ['race=Amer-Indian-Eskimo', 'inconclusive', 67, 7, 0.798, 0.888, -0.219, 0.4],
  ['age=under 25', 'inconclusive', 1187, 10, 0.701, 0.874, -0.035, 0.38],
  ['race=White', 'pass', 5979, 1519, 0.839, 0.883, 0.029, 0.058],
  ['race=Black', 'pass', 651, 86, 0.822, 0.866, -0.014, 0.102],
  ['age=45–64', 'pass', 1980, 738, 0.794, 0.853, 0.033, 0.083],
  ['sex=Male, age=65+', 'pass', 175, 52, 0.809, 0.878, -0.006, 0.144],
  ['sex=Male', 'pass', 4722, 1433, 0.826, 0.905, 0.064, 0.094],
  ['sex=Male, age=25–44', 'pass', 2472, 723, 0.798, 0.888, 0.065, 0.114],
  ['sex=Male, age=45–64', 'pass', 1422, 652, 0.765, 0.861, 0.067, 0.126],
  ['sex=Male, age=under 25', 'pass', 653, 6, 0.711, 0.997, 0.012, 0.562],
];

/** As `age=25–44` in the id and `age 25–44` in words; the own interval is narrower than the joint one by the ratio of quantiles. */
const OWN_SHARE = 1.96 / 3.01;

const cohortFinding = ([cohort, verdict, n, rarer, baseline, candidate, low, high]: CohortRow): Finding => {
  const difference = candidate - baseline;
  const own = [difference + (low - difference) * OWN_SHARE, difference + (high - difference) * OWN_SHARE];
  return {
    id: `cohorts/${cohort.replaceAll(', ', '&').replaceAll(' ', '-')}/roc_auc`,
    verdict,
    severity: verdict === 'inconclusive' ? 'advisory' : 'blocking',
    reason: `${cohort.replaceAll('=', ' = ')}: roc_auc ${candidate.toFixed(3)} against ${baseline.toFixed(3)}: worse by ${Math.abs(difference).toFixed(3)}, 95 % interval jointly over 19 cohorts [${low}, ${high}], margin 0.02`,
    measured: {
      metric: 'roc_auc',
      candidate,
      baseline,
      difference,
      interval: own,
      margin: 0.02,
      n,
      method: 'paired DeLong',
      pValue: verdict === 'fail' ? 1 / n ** 2 : 0.2,
      jointInterval: [low, high],
      jointly: 19,
      cohort: cohort.replaceAll('=', ' = '),
      rarer,
      intersection: cohort.includes(', '),
    },
    at: { file: 'models/income/model.yaml', line: 24, column: 7 },
    ...(verdict === 'fail'
      ? { next: `Look at the labels and rows of ${cohort} in the training data; a better average is no excuse.` }
      : {}),
  };
};

const baselineFinding = (
  metric: string,
  baseline: number,
  candidate: number,
  low: number,
  high: number,
  margin: number,
): Finding => ({
  id: `baseline/${metric}`,
  verdict: 'pass',
  severity: 'blocking',
  reason: `${metric} ${baseline} → ${candidate}, 95 % interval [${low}, ${high}], margin ${margin}`,
  measured: {
    metric,
    candidate,
    baseline,
    difference: candidate - baseline,
    interval: [low, high],
    margin,
    n: 7000,
    method: 'paired bootstrap, 2,000 resamples',
  },
});

const plainFinding = (id: string, reason: string, measured: Measured, more: Partial<Finding> = {}): Finding => ({
  id,
  verdict: 'pass',
  severity: 'blocking',
  reason,
  measured,
  ...more,
});

const check = (
  name: string,
  conclusion: CheckResult['conclusion'],
  title: string,
  findings: readonly Finding[],
  more: Partial<CheckResult> = {},
): CheckResult => ({
  name,
  conclusion,
  title,
  durationMs: 5200,
  required: true,
  findings,
  ...more,
});

const passingBaseline = check(
  'baseline',
  'success',
  'roc_auc +0.041 [+0.033, +0.050], margin 0.005; all 5 metrics better than 1.0.0',
  [
    baselineFinding('roc_auc', 0.84, 0.8814, 0.033, 0.05, 0.005),
    baselineFinding('accuracy', 0.8095, 0.8548, 0.038, 0.053, 0.005),
    baselineFinding('f1', 0.526, 0.647, 0.101, 0.142, 0.01),
    baselineFinding('log_loss', 0.406, 0.34, -0.075, -0.057, 0.01),
    baselineFinding('brier', 0.131, 0.105, -0.029, -0.022, 0.005),
  ],
);

const environment: Report['environment'] = {
  slipway: '0.1.0',
  node: 'v24.21.0',
  onnxruntime: '1.30.0',
  cpu: 'x64, 2 cores',
  isolation: 'namespace',
};

const reportOf = (conclusion: Report['conclusion'], checks: readonly CheckResult[]): Report => ({
  model: 'income',
  version: '2.0.0',
  revision: digest('income2.0.0'),
  digest: digest('file income2.0.0'),
  baseline: {
    kind: 'production',
    version: '1.0.0',
    revision: digest('income1.0.0'),
    digest: digest('file income1.0.0'),
  },
  conclusion,
  checks,
  defaults: { '/evaluation/metrics/0/cohortMargin': 0.02, '/drift/alpha': 0.01 },
  environment,
  evidence: { key: digest('evidence'), cached: true },
});

const cohortsCheck = check(
  'cohorts',
  'failure',
  'roc_auc for sex=Female 0.791 → 0.639: worse by 0.153, [−0.209, −0.096], margin 0.020; 3 of 19 cohorts fail, 7 too small to say',
  COHORTS.map(cohortFinding),
  {
    method: [
      'Same rows for both models; paired DeLong for roc_auc; intervals hold jointly over 19 cohorts (Bonferroni, 95 %).',
      'Worse: the whole interval lies below −cohortMargin.',
    ],
  },
);

/** Better on average, worse for women: blocked. */
export const blockedReport: Report = reportOf('failure', [
  check('manifest', 'success', 'Protected columns sex and race are inputs; waived by @reviewer-1 until 31 Dec 2026', [
    plainFinding(
      'manifest/protected-input',
      'sex and race are inputs',
      { columns: ['sex', 'race'] },
      {
        verdict: 'waived',
        at: { file: 'models/income/model.yaml', line: 12, column: 3 },
        waiver: {
          by: 'reviewer-1',
          because: 'measured by cohort while the proxy study runs',
          until: '2026-12-31T00:00:00Z',
        },
      },
    ),
  ]),
  check(
    'artifact',
    'success',
    'Digest d233ad7ed9a1 as declared; opset 15, ml 2; 12 inputs, 2 outputs fit the manifest',
    [
      plainFinding('artifact/digest', 'model.onnx has the digest that the manifest declares', { sizeBytes: 160336 }),
      plainFinding(
        'artifact/contract',
        'Every recorded request carries the five new columns',
        { added: 5 },
        { severity: 'advisory' },
      ),
    ],
  ),
  check('golden', 'success', '24 of 24 recorded examples, 96 of 96 corner cases, all finite', [
    plainFinding('golden/records', '24 of 24 within tolerance', { records: 24, within: 24 }),
  ]),
  passingBaseline,
  check('reproducibility', 'success', 'Two runs and 300 rows one by one: largest difference 0', [
    plainFinding('reproducibility/same-session', 'bit-equal over 7,000 rows', { rows: 7000, maxAbsolute: 0 }),
  ]),
  // No check draws every kind; here one does, so that each is looked at.
  {
    ...check(
      'drift',
      'success',
      '0 of 12 columns; largest hours_per_week, KS 0.016, adjusted p 0.99; 4,000 recorded requests against 14,000',
      [
        plainFinding('drift/hours_per_week', 'hours_per_week: KS 0.016, adjusted p 0.99', {
          subject: 'hours_per_week',
          method: 'ks',
          statistic: 0.016,
          adjustedPValue: 0.99,
          effect: { measure: 'psi', value: 0.004, limit: 0.1 },
        }),
      ],
    ),
    figures: sampleFigures,
  },
  cohortsCheck,
]);

export const passingReport: Report = reportOf(
  'success',
  blockedReport.checks.filter(({ name }) => name !== 'cohorts'),
);

/** The drift check in full: a covariate shift. */
export const driftedReport: Report = reportOf('failure', [
  check('manifest', 'success', 'Follows the schema and the rules', [
    plainFinding('manifest/schema', 'follows the schema', {}),
  ]),
  passingBaseline,
  check('drift', 'failure', '2 of 3 columns have drifted; age: PSI 0.42, limit 0.10', [
    plainFinding(
      'drift/age',
      'age: KS 0.21, adjusted p 3e-40, PSI 0.42 beyond 0.1',
      { subject: 'age', method: 'ks', statistic: 0.21, effect: { measure: 'psi', value: 0.42, limit: 0.1 } },
      { verdict: 'fail', next: 'Take evaluation data from the last weeks.' },
    ),
    plainFinding(
      'drift/hours_per_week',
      'hours_per_week: KS 0.11, PSI 0.17 beyond 0.1',
      { subject: 'hours_per_week', method: 'ks', statistic: 0.11, effect: { measure: 'psi', value: 0.17, limit: 0.1 } },
      { verdict: 'fail' },
    ),
    plainFinding('drift/education', 'education: PSI 0.01 within 0.1', {
      subject: 'education',
      method: 'ks',
      statistic: 0.01,
      effect: { measure: 'psi', value: 0.01, limit: 0.1 },
    }),
  ]),
]);

export const reportDigest = hex('report');

export const proposalOf = (report: Report | undefined): ProposalView => ({
  at: SAMPLE_NOW,
  owner: 'acme',
  repo: 'models',
  number: 412,
  title: 'income 2.0.0: gradient boosting, five more columns',
  author: 'proposer',
  url: 'https://github.com/acme/models/pull/412',
  state: 'open',
  headSha: hex('head').slice(0, 40),
  checkedAt: minutesAgo(640),
  waivedBy: '@acme/ml-leads',
  models: [
    {
      model: 'income',
      version: '2.0.0',
      ...(report === undefined ? {} : { report, reportDigest: `sha256:${reportDigest}` }),
      running: report === undefined ? ['baseline', 'cohorts'] : [],
      plan: [
        { subject: 'version', champion: '1.0.0', candidate: '2.0.0', note: 'first change since 3 Aug 2026' },
        { subject: 'digest', champion: '7a29eb290e67', candidate: 'd233ad7ed9a1', note: '2,151 → 160,336 bytes' },
        {
          subject: 'input columns',
          champion: '7',
          candidate: '12',
          note: '+ capital_gain, capital_loss, marital_status, relationship, native_country; every recorded request carries them',
        },
        {
          subject: 'rollout',
          candidate: 'canary',
          note: '5 % 10 min, 25 % 30 min, pause, 50 % 30 min, promote, bake 1 h',
        },
      ],
      checkRuns: { cohorts: 'https://github.com/acme/models/runs/7' },
    },
  ],
});

export const sampleProposals: readonly ProposalSummary[] = [
  {
    owner: 'acme',
    repo: 'models',
    number: 419,
    title: 'bike-demand 2.1.0',
    author: 'proposer',
    url: 'https://github.com/acme/models/pull/419',
    state: 'open',
    headSha: hex('419'),
    checkedAt: minutesAgo(5),
    models: [
      { model: 'bike-demand', version: '2.1.0', conclusion: 'success', title: 'mae −1.9 [−2.4, −1.5] against 2.0.0' },
    ],
  },
  {
    owner: 'acme',
    repo: 'models',
    number: 412,
    title: 'income 2.0.0: gradient boosting, five more columns',
    author: 'proposer',
    url: 'https://github.com/acme/models/pull/412',
    state: 'open',
    headSha: hex('412'),
    checkedAt: minutesAgo(640),
    models: [
      {
        model: 'income',
        version: '2.0.0',
        conclusion: 'failure',
        title: 'roc_auc for sex=Female worse by 0.153 (margin 0.020)',
      },
    ],
  },
  {
    owner: 'acme',
    repo: 'models',
    number: 410,
    title: 'churn 5.0.2',
    author: 'proposer',
    url: 'https://github.com/acme/models/pull/410',
    state: 'merged',
    headSha: hex('410'),
    checkedAt: minutesAgo(4000),
    models: [{ model: 'churn', version: '5.0.2', conclusion: 'success', title: 'roc_auc +0.004 [+0.001, +0.007]' }],
  },
];

const ledgerLine = (sequence: number, kind: LedgerKind, actor: string, more: Partial<LedgerLine> = {}): LedgerLine => ({
  kind,
  key: `${kind}/${sequence}`,
  at: minutesAgo(2000 - sequence * 90),
  actor,
  model: 'income',
  version: '1.0.0',
  sequence,
  previous: sequence === 1 ? '0'.repeat(64) : hex(`line ${sequence}`),
  signature: hex(`signature ${sequence}`),
  ...more,
});

export const sampleLedger: LedgerView = {
  at: SAMPLE_NOW,
  repository: REPOSITORY,
  problems: [],
  lines: [
    ledgerLine(1, 'adopted', 'slipway', { commit: hex('first').slice(0, 40) }),
    ledgerLine(2, 'checked', 'slipway', {
      version: '2.0.0',
      pullRequest: 412,
      report: `sha256:${reportDigest}`,
      because: 'Blocked by cohorts: roc_auc for sex=Female worse by 0.153',
    }),
    ledgerLine(3, 'waived', 'reviewer-1', {
      version: '2.0.0',
      pullRequest: 412,
      because: 'measured by cohort while the proxy study runs',
    }),
    ledgerLine(4, 'merged', 'reviewer-2', { version: '2.0.1', pullRequest: 418, commit: hex('418').slice(0, 40) }),
    ledgerLine(5, 'rollout-started', 'slipway', { version: '2.0.1', pullRequest: 418 }),
    ledgerLine(6, 'rollout-step', 'slipway', { version: '2.0.1', data: { weight: 5, requests: 212, errors: 0 } }),
    ledgerLine(7, 'rolled-back', 'on-call', {
      model: 'wine',
      version: '1.5.0',
      because: '1.5.0 answers class 2 for white wines',
      data: { tookMs: 812 },
    }),
    ledgerLine(8, 'held', 'on-call', {
      model: 'wine',
      version: '1.4.0',
      because: '1.5.0 answers class 2 for white wines',
    }),
  ],
};

export const sampleModelRoom = (model: ModelView): ModelRoomView => ({
  at: SAMPLE_NOW,
  repository: REPOSITORY,
  fleet: 'production',
  model,
  description: 'Does this person earn more than 50,000 a year?',
  owners: ['@acme/credit-ml'],
  versions: [
    {
      version: '2.0.1',
      revision: digest('income2.0.1'),
      state: 'rolling',
      provenance: provenance(418, 'income2.0.1'),
      mergedAt: minutesAgo(49),
    },
    {
      version: '1.0.0',
      revision: digest('income1.0.0'),
      state: 'running',
      provenance: provenance(340, 'income1.0.0'),
      mergedAt: minutesAgo(60_000),
    },
    {
      version: '0.9.0',
      revision: digest('income0.9.0'),
      state: 'retired',
      provenance: { approvals: [], checks: [], unchecked: true },
    },
  ],
  weights: [
    { at: minutesAgo(120), arms: [{ revision: digest('income1.0.0'), version: '1.0.0', weight: 100 }] },
    {
      at: minutesAgo(47),
      arms: [
        { revision: digest('income1.0.0'), version: '1.0.0', weight: 95 },
        { revision: digest('income2.0.1'), version: '2.0.1', weight: 5 },
      ],
    },
    {
      at: minutesAgo(28),
      arms: [
        { revision: digest('income1.0.0'), version: '1.0.0', weight: 75 },
        { revision: digest('income2.0.1'), version: '2.0.1', weight: 25 },
      ],
    },
  ],
  history: sampleLedger.lines.filter((line) => line.model === model.model).toReversed(),
  ask: {
    http: 'http://127.0.0.1:8000',
    record: { age: 39, workclass: "State-gov, d'un état", hours_per_week: 40 },
    infer: { inputs: [{ name: 'age', shape: [1, 1], datatype: 'FP32', data: [39] }] },
  },
});

export interface SampleSource extends DashboardSource {
  /** Replaces the fleet and tells the listeners. */
  change(fleet: FleetView): void;
}

/** Everything above as a source, with a fleet that can be changed. */
export function sampleSource(first: FleetView = sampleFleet): SampleSource {
  let fleet = first;
  const listeners = new Set<Parameters<DashboardSource['subscribe']>[0]>();
  return {
    fleet: async () => fleet,
    model: async (name) => {
      const model = fleet.models.find((some) => some.model === name);
      return model === undefined ? undefined : sampleModelRoom(model);
    },
    proposals: async () => sampleProposals,
    proposal: async (owner, repo, number) => {
      if (`${owner}/${repo}` !== REPOSITORY) return undefined;
      const reports: Readonly<Record<number, Report | undefined>> = {
        412: blockedReport,
        419: passingReport,
        420: driftedReport,
      };
      if (number === 421) return proposalOf(undefined);
      return reports[number] === undefined ? undefined : proposalOf(reports[number]);
    },
    ledger: async () => sampleLedger,
    report: async (asked) => (asked === `sha256:${reportDigest}` ? blockedReport : undefined),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    change: (next) => {
      fleet = next;
      for (const listener of listeners) listener({ room: 'fleet' });
    },
  };
}
