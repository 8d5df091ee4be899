import type { Figure } from './figure.ts';

/** One figure of each kind, as checks emit them: for tests, and to look at. */
export const sampleFigures: readonly Figure[] = [
  {
    kind: 'curve',
    id: 'roc',
    curve: 'roc',
    says: 'Areas under the ROC: candidate 0.881, champion 0.840.',
    lines: [
      { side: 'candidate', label: 'candidate', x: [0, 0.05, 0.2, 0.5, 1], y: [0, 0.5, 0.8, 0.95, 1], area: 0.881 },
      { side: 'champion', label: 'champion', x: [0, 0.1, 0.3, 0.6, 1], y: [0, 0.5, 0.78, 0.94, 1], area: 0.84 },
    ],
  },
  {
    kind: 'curve',
    id: 'precision-recall',
    curve: 'precision-recall',
    says: 'Average precision: candidate 0.765.',
    lines: [{ side: 'candidate', label: 'candidate', x: [0, 0.2, 0.7, 1], y: [1, 1, 0.7, 0.24], area: 0.765 }],
  },
  {
    kind: 'reliability',
    id: 'calibration',
    says: 'How often scores come true.',
    lines: [
      {
        side: 'candidate',
        label: 'candidate',
        bins: [
          { predicted: 0.1, observed: 0.12, interval: [0.08, 0.17], rows: 700 },
          { predicted: 0.6, observed: 0.55, interval: [0.5, 0.61], rows: 700 },
        ],
      },
      {
        side: 'champion',
        label: 'champion',
        bins: [{ predicted: 0.3, observed: 0.31, interval: [0.27, 0.35], rows: 1400 }],
      },
    ],
  },
  {
    kind: 'distribution',
    id: 'age',
    column: 'age',
    says: 'age: psi 0.31, limit 0.1; the window is older.',
    note: '14,000 rows against 4,000.',
    bins: ['below 25', '25 to 37', '37 to 50', '50 and above', 'missing'],
    edges: [25, 37, 50],
    sides: [
      { side: 'reference', label: 'evaluation', shares: [0.25, 0.25, 0.25, 0.24, 0.01] },
      { side: 'window', label: 'production', shares: [0.1, 0.2, 0.3, 0.38, 0.02] },
    ],
  },
  {
    kind: 'distribution',
    id: 'workclass',
    column: 'workclass',
    says: 'workclass: psi 0.01, limit 0.1.',
    bins: ['Private', 'Self-emp-not-inc', 'Local-gov', 'State-gov', 'Never-worked-in-their-life'],
    sides: [
      { side: 'reference', label: 'evaluation', shares: [0.7, 0.1, 0.1, 0.07, 0.03] },
      { side: 'window', label: 'production', shares: [0.68, 0.11, 0.11, 0.07, 0.03] },
    ],
  },
  {
    kind: 'intervals',
    id: 'roc_auc',
    title: 'roc_auc by cohort',
    says: 'roc_auc for 3 cohorts, 1 of them worse.',
    axis: 'roc_auc, candidate minus champion',
    margin: 0.02,
    rows: [
      {
        label: 'sex = Female',
        estimate: -0.153,
        interval: [-0.209, -0.096],
        own: [-0.19, -0.117],
        verdict: 'fail',
        count: 2278,
      },
      {
        label: 'race = Other, of whom there are hardly any',
        estimate: -0.149,
        interval: [-0.9, 0.9],
        verdict: 'inconclusive',
        count: 56,
      },
      { label: 'sex = Male', estimate: 0.079, interval: [0.064, 0.094], verdict: 'pass', count: 4722 },
    ],
  },
  {
    kind: 'intervals',
    id: 'importance',
    says: 'What drives income 2.0.0: relationship 40 %.',
    axis: 'roc_auc lost when the column is shuffled',
    rows: [
      { label: 'relationship', estimate: 0.098, interval: [0.08, 0.115], verdict: 'pass' },
      { label: 'race', estimate: 0, verdict: 'not-applicable' },
    ],
  },
  {
    kind: 'latency',
    id: 'latency',
    says: 'candidate 37 µs in the median, champion 25 µs.',
    lines: [
      {
        side: 'candidate',
        label: 'income 2.0.0',
        levels: [0.1, 0.5, 0.9, 0.99],
        ms: [0.033, 0.037, 0.05, 0.152],
        p50Ms: 0.037,
        p99Ms: 0.152,
        p99IntervalMs: [0.1, 0.2],
      },
      {
        side: 'champion',
        label: 'income 1.0.0',
        levels: [0.1, 0.5, 0.9, 0.99],
        ms: [0.022, 0.025, 0.03, 0.41],
        p50Ms: 0.025,
        p99Ms: 0.41,
      },
    ],
    budgetMs: 0.5,
  },
  {
    kind: 'flips',
    id: 'flips',
    says: '428 of 4,000 decisions flip.',
    classes: ['no', 'yes'],
    counts: [
      [2700, 248],
      [180, 872],
    ],
  },
  {
    kind: 'score',
    id: 'score',
    title: 'ML Test Score',
    says: 'ML Test Score 2 of 14.',
    parts: [
      { label: 'Features and data', points: 2, of: 14 },
      { label: 'Model development', points: 4.5, of: 14 },
    ],
  },
];
