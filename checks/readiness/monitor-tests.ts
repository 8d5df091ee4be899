import { hasDomain, outsideDomain } from './outside-domain.ts';
import {
  lacking,
  shown,
  shownByFindings,
  someOf,
  type ReadinessFacts,
  type RubricTest,
  type Shown,
} from './rubric-test.ts';

export const monitorTests: readonly RubricTest[] = [
  {
    id: 'Monitor 1',
    title: 'Dependency changes result in notification',
    automatic: dependencies,
    next: 'Name the lockfile and the training data with their digests (reproducibility.training), and the owners: then each change is a pull request to them.',
  },
  {
    id: 'Monitor 2',
    title: 'Data invariants hold in training and serving inputs',
    automatic: invariants,
    next: 'Declare what the columns may hold, and let production record its requests.',
  },
  {
    id: 'Monitor 3',
    title: 'Training and serving features compute the same values',
    automatic: sameFeatures,
    next: 'Put the feature code into the graph (features), so that both run the same; or attest a comparison of logged with recomputed features.',
  },
  {
    id: 'Monitor 4',
    title: 'Models are not too stale',
    automatic: notStale,
    next: 'Say until when the model may run without being looked at (lifetime.reviewBy), and let production record its requests.',
  },
  {
    id: 'Monitor 5',
    title: 'The model is numerically stable',
    automatic: stable,
    next: 'Let corner cases run (evaluation.corners), and see what golden says of them.',
  },
  {
    id: 'Monitor 6',
    title:
      'The model has not experienced dramatic or slow-leak regressions in training speed, serving latency, throughput, or RAM usage',
    automatic: (facts) =>
      facts.evidence.proposal.manifest.performance === undefined
        ? lacking('the manifest declares no budget (performance)')
        : shownByFindings(facts.found('performance'), 'performance', 'nothing was measured against a budget'),
    next: 'Declare performance: p99Ms, memoryMb, loadMs or slowdown.',
  },
  {
    id: 'Monitor 7',
    title: 'The model has not experienced a regression in prediction quality on served data',
    automatic: servedQuality,
    next: 'Send labels back as they become known (feedback), so that quality is judged on what was served.',
  },
];

function dependencies({ evidence: { proposal } }: ReadinessFacts): Shown {
  const { owners, reproducibility } = proposal.manifest;
  const { training } = reproducibility;
  const absent = [
    ...(training?.lockfile === undefined ? ['reproducibility.training.lockfile'] : []),
    ...(training === undefined || training.data.length === 0 ? ['reproducibility.training.data'] : []),
    ...(owners.length === 0 ? ['owners'] : []),
  ];
  return absent.length > 0
    ? lacking(`not declared: ${absent.join(', ')}`, { absent })
    : shown(`lockfile and training data are pinned by digest: a change is a pull request to ${owners.join(', ')}`, {
        owners: [...owners],
        data: training?.data.length ?? 0,
      });
}

/** Rows that production recorded; undefined when the evaluation data were compared with something else. */
function recordedRows({ evidence }: ReadinessFacts) {
  const { against } = evidence.drift;
  return against.kind === 'window' && against.data.kind === 'gathered' ? against.data.value : undefined;
}

function invariants(facts: ReadinessFacts): Shown {
  const window = recordedRows(facts);
  if (window === undefined) return lacking('no requests of production were recorded');
  const columns = Object.fromEntries(
    Object.entries(facts.evidence.proposal.manifest.columns).filter(
      ([name, column]) => hasDomain(column) && window.table.columns.has(name),
    ),
  );
  const names = Object.keys(columns);
  if (names.length === 0) return lacking('the manifest does not say what any recorded column may hold');
  const outside = outsideDomain(window.table, columns);
  const measured = { rows: window.table.rows, columns: names, outside };
  return outside.length > 0
    ? lacking(
        `of ${window.table.rows} recorded rows some break the schema: ${someOf(outside.map(({ column, outside: count }) => `${column} (${count})`))}`,
        measured,
      )
    : shown(
        `all ${window.table.rows} recorded rows follow what the manifest says of ${names.length} columns`,
        measured,
      );
}

function sameFeatures({ evidence: { proposal, governance } }: ReadinessFacts): Shown {
  const { features } = proposal.manifest;
  if (features === undefined) return lacking('the feature code is not part of what is deployed (features)');
  return governance?.monitoring?.recordsPredictions === true
    ? shown(
        'the feature graph is deployed with the model: checks and production run the very same, on the raw records that are logged',
        {
          features: features.sha256,
        },
      )
    : lacking('the feature graph is deployed with the model, but production records no requests to compare with', {
        features: features.sha256,
      });
}

function notStale(facts: ReadinessFacts): Shown {
  const { proposal, today } = facts.evidence;
  const reviewBy = proposal.manifest.lifetime?.reviewBy;
  if (reviewBy === undefined) return lacking('nothing says until when it may run (lifetime.reviewBy)');
  if (today === undefined || reviewBy < today)
    return lacking(`it was to be looked at by ${reviewBy}`, { reviewBy, today: today ?? null });
  if (recordedRows(facts) === undefined)
    return lacking('no requests of production were recorded to compare with', { reviewBy });
  const drift = shownByFindings(facts.found('drift'), 'drift', 'nothing was compared with production');
  return {
    ...drift,
    because: drift.automated ? `to be looked at by ${reviewBy}; ${drift.because}` : drift.because,
    measured: { ...drift.measured, reviewBy },
  };
}

function stable(facts: ReadinessFacts): Shown {
  const corners = facts.found('golden').filter(({ id }) => /^golden\/(finite|missing|edge|unseen-category)/.test(id));
  const finite = corners.some(({ id, verdict }) => id === 'golden/finite' && verdict === 'pass');
  return finite
    ? shownByFindings(corners, 'golden on evaluation rows and corner cases', 'no corner case was tried')
    : lacking('no corner case was tried, or answers were not finite');
}

function servedQuality(facts: ReadinessFacts): Shown {
  const window = recordedRows(facts);
  if (window === undefined) return lacking('no requests of production were recorded');
  if (window.labels === undefined)
    return lacking('no labels come back for what was served', { rows: window.table.rows });
  const relation = facts.found('drift').filter(({ id }) => id === 'drift/relation');
  return shownByFindings(relation, 'drift on labelled requests', 'the loss on what was served could not be compared');
}
