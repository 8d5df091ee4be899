import type { Histogram, ObservedFleet } from '../fleet.ts';
import type { ArmCounts } from '../replica/counters.ts';
import type { Vitals } from '../replica/vitals.ts';
import { type ExposedMessaging, MESSAGING_METRICS } from './messaging-metrics.ts';
import { CAPACITY_METRICS } from './capacity-metrics.ts';
import { LOG_METRICS } from './log-metrics.ts';
import { type Labels, type Metric, type Sample, expositionText } from './metric.ts';

/** What the fleet's metrics are made of. */
export interface Exposed {
  readonly fleet: ObservedFleet;
  readonly arms: readonly ArmCounts[];
  readonly totals: {
    readonly written: number;
    readonly dropped: number;
    readonly unusedInputs: number;
    readonly explanations: number;
  };
  readonly inFlight: number;
  readonly restarts: number;
  /** Connections that no replica has taken yet. */
  readonly waiting: number;
  readonly processes: readonly ExposedProcess[];
  /** Undefined: the fleet is on no bus. */
  readonly messaging?: ExposedMessaging;
  readonly daemon: Vitals & { readonly startedAtMs: number };
  readonly build: { readonly version: string; readonly node: string };
}

export interface ExposedProcess {
  readonly id: string;
  readonly role: string;
  readonly queued: number;
  readonly connections: number;
  readonly vitals: Vitals | undefined;
}

/** The fleet's metrics: Triton's names and labels (nv_inference_…), so that existing dashboards work, and our own (slipway_…). */
export function expositionOf(exposed: Exposed): string {
  return expositionText(METRICS, exposed);
}

const US_A_MS = 1000;
const MS_A_SECOND = 1000;
const HEALTH = { healthy: 1, degraded: 0.5, down: 0 } as const;

interface Counted {
  readonly counts: ArmCounts;
  readonly version: string;
}

/** Arms of revisions that the fleet still knows: series end with their revision, or each rollout would leave some behind for ever. */
function countedOf({ fleet, arms }: Exposed): readonly Counted[] {
  const versions = new Map(
    fleet.models.flatMap(({ model, revisions }) =>
      revisions.map(({ revision, version }) => [`${model} ${revision}`, version] as const),
    ),
  );
  return arms.flatMap((counts) => {
    const version = versions.get(`${counts.model} ${counts.revision}`);
    return version === undefined ? [] : [{ counts, version }];
  });
}

function ownLabels({ counts: { model, revision }, version }: Counted): Labels {
  return { model, version, revision };
}

/** Triton's counters know no revisions: two of one version are one. */
function triton(name: string, help: string, value: (counts: ArmCounts) => number): Metric<Exposed> {
  return {
    name: `nv_inference_${name}`,
    type: 'counter',
    help,
    samples: (of) =>
      countedOf(of).map(({ counts, version }) => ({
        labels: { model: counts.model, version },
        value: value(counts),
      })),
  };
}

function histogram(name: string, help: string, of: (counts: ArmCounts) => Histogram): Metric<Exposed> {
  return {
    name,
    type: 'histogram',
    help,
    // Of hundreds of models most rest: what nothing was counted in would be nine tenths of the page.
    samples: (exposed) =>
      countedOf(exposed).flatMap((counted) => {
        const counts = of(counted.counts);
        return counts.count === 0 ? [] : bucketsOf(ownLabels(counted), counts);
      }),
  };
}

/** A counter of each arm; arms of which `isTold` does not hold are left out. */
function armCounter(
  name: string,
  help: string,
  value: (counts: ArmCounts) => number,
  isTold: (counts: ArmCounts) => boolean = () => true,
): Metric<Exposed> {
  return {
    name,
    type: 'counter',
    help,
    samples: (of) =>
      countedOf(of)
        .filter(({ counts }) => isTold(counts))
        .map((counted) => ({ labels: ownLabels(counted), value: value(counted.counts) })),
  };
}

/** As Triton calls them; arms whose answers are not kept are left out. */
function cache(what: string, help: string, value: (counts: ArmCounts['side']['cache']) => number): Metric<Exposed> {
  return {
    name: `nv_cache_${what}`,
    type: 'counter',
    help,
    samples: (of) =>
      countedOf(of)
        .filter(({ counts: { side } }) => side.cache.hits + side.cache.misses > 0)
        .map(({ counts, version }) => ({ labels: { model: counts.model, version }, value: value(counts.side.cache) })),
  };
}

function shadow(what: string, help: string, value: (counts: ArmCounts['side']['shadow']) => number): Metric<Exposed> {
  return armCounter(
    `slipway_shadow_${what}_total`,
    help,
    ({ side }) => value(side.shadow),
    ({ side }) => side.shadow.requests + side.shadow.skipped > 0,
  );
}

function one(name: string, type: 'counter' | 'gauge', help: string, value: (of: Exposed) => number): Metric<Exposed> {
  return { name, type, help, samples: (of) => [{ labels: {}, value: value(of) }] };
}

function weights(
  name: string,
  help: string,
  of: (model: ObservedFleet['models'][number]) => readonly { readonly revision: string; readonly weight: number }[],
): Metric<Exposed> {
  return {
    name,
    type: 'gauge',
    help,
    samples: ({ fleet }) =>
      fleet.models.flatMap((model) =>
        of(model).map(({ revision, weight }) => {
          const version = model.revisions.find((each) => each.revision === revision)?.version ?? '';
          return { labels: { model: model.model, version, revision }, value: weight };
        }),
      ),
  };
}

function ofModels(
  name: string,
  help: string,
  value: (model: ObservedFleet['models'][number]) => number,
): Metric<Exposed> {
  return {
    name,
    type: 'gauge',
    help,
    samples: ({ fleet }) => fleet.models.map((model) => ({ labels: { model: model.model }, value: value(model) })),
  };
}

/** One of each process that is there now. */
function ofProcesses(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  value: (process: ExposedProcess) => number | undefined,
): Metric<Exposed> {
  return {
    name,
    type,
    help,
    samples: ({ processes }) =>
      processes.flatMap((each) => {
        const told = value(each);
        return told === undefined ? [] : [{ labels: { replica: each.id, role: each.role }, value: told }];
      }),
  };
}

/** In the order in which they are told. A new metric is an entry here, and a row in docs/serving.md. */
export const METRICS: readonly Metric<Exposed>[] = [
  triton('request_success', 'Requests that were answered', ({ requests, errors }) => requests - errors),
  triton('request_failure', 'Requests that failed', ({ errors }) => errors),
  triton('count', 'Rows that were answered', ({ rows }) => rows),
  triton('exec_count', 'Runs of the model', ({ runs }) => runs),
  triton('request_duration_us', 'Time of all requests', ({ latencyMs }) => Math.round(latencyMs.sum * US_A_MS)),
  triton('queue_duration_us', 'Time that requests waited', ({ queueMs }) => Math.round(queueMs.sum * US_A_MS)),
  triton('compute_infer_duration_us', 'Time of all runs', ({ computeMs }) => Math.round(computeMs.sum * US_A_MS)),
  cache('num_hits_per_model', 'Requests answered from the response cache', ({ hits }) => hits),
  cache('num_misses_per_model', 'Requests that the response cache did not hold', ({ misses }) => misses),
  cache('hit_duration_per_model', 'Time of lookups that found an answer, in microseconds', ({ hitMs }) =>
    Math.round(hitMs * US_A_MS),
  ),
  cache(
    'miss_duration_per_model',
    'Time of lookups that found none, and of keeping the new answer, in microseconds',
    ({ missMs }) => Math.round(missMs * US_A_MS),
  ),
  one('nv_inference_pending_request_count', 'gauge', 'Requests under way', ({ inFlight }) => inFlight),
  histogram(
    'slipway_request_duration_seconds',
    'Time of a request, as its caller sees it',
    (counts) => counts.latencyMs,
  ),
  histogram('slipway_queue_duration_seconds', 'Time that a request waited for its run', (counts) => counts.queueMs),
  histogram('slipway_compute_duration_seconds', 'Time of one run', (counts) => counts.computeMs),
  armCounter(
    'slipway_unservable_total',
    'Requests an arm could not serve for lack of an input',
    (counts) => counts.unservable,
  ),
  shadow('requests', 'Copies of requests that a shadow arm took', ({ requests }) => requests),
  shadow('errors', 'Copies that a shadow arm failed', ({ errors }) => errors),
  shadow('skipped', 'Copies that found no room', ({ skipped }) => skipped),
  shadow('rows', "Rows compared with the stable arm's answer", ({ rows }) => rows),
  shadow('flips', 'Rows of which the stable arm decided otherwise', ({ flips }) => flips),
  shadow('distance', 'Sum of absolute differences of scores', ({ distance }) => distance.sum),
  armCounter(
    'slipway_overrides_total',
    'Requests that named their arm',
    ({ side }) => side.overrides,
    ({ side }) => side.overrides > 0,
  ),
  weights('slipway_arm_weight', 'Share of the requests that an arm gets now, in percent', ({ effective }) => effective),
  weights('slipway_arm_target_weight', 'Share that an arm should get, in percent', ({ arms }) => arms),
  ofModels('slipway_model_generation', "Generation of a model's target", ({ generation }) => generation),
  ofModels('slipway_model_up', '1 healthy, 0.5 degraded, 0 down', ({ health }) => HEALTH[health]),
  {
    name: 'slipway_replicas',
    type: 'gauge',
    help: 'Replicas by role and state',
    samples: ({ fleet }) => fleet.replicas.map(({ role, state }) => ({ labels: { role, state }, value: 1 })),
  },
  ofProcesses('slipway_replica_rss_bytes', 'gauge', 'Memory of a replica', ({ vitals }) => vitals?.rssBytes),
  ofProcesses(
    'slipway_replica_cpu_seconds_total',
    'counter',
    'Processor time of a replica',
    ({ vitals }) => vitals?.cpuSeconds,
  ),
  ofProcesses(
    'slipway_replica_connections',
    'gauge',
    'Connections that a replica holds',
    ({ connections }) => connections,
  ),
  ofProcesses(
    'slipway_replica_queued_requests',
    'gauge',
    'Requests that wait for a run in a replica',
    ({ queued }) => queued,
  ),
  {
    name: 'slipway_replica_event_loop_delay_seconds',
    type: 'summary',
    help: 'How late the event loop of a replica came to what was due, since it started',
    samples: ({ processes }) =>
      processes.flatMap(({ id, role, vitals }) =>
        vitals === undefined ? [] : delaysOf({ replica: id, role }, vitals),
      ),
  },
  one('slipway_replica_deaths_total', 'counter', 'Replicas that ended by themselves', ({ restarts }) => restarts),
  one('slipway_waiting_connections', 'gauge', 'Connections that no replica has taken yet', ({ waiting }) => waiting),
  one('slipway_log_entries_total', 'counter', 'Requests handed to the prediction log', ({ totals }) => totals.written),
  one(
    'slipway_log_dropped_total',
    'counter',
    'Requests the prediction log had no room for',
    ({ totals }) => totals.dropped,
  ),
  one(
    'slipway_unused_inputs_total',
    'counter',
    'Inputs in requests that no live revision takes',
    ({ totals }) => totals.unusedInputs,
  ),
  one(
    'slipway_explanations_total',
    'counter',
    'Requests to explain answers that were answered',
    ({ totals }) => totals.explanations,
  ),
  ...CAPACITY_METRICS,
  ...LOG_METRICS,
  ...MESSAGING_METRICS,
  one('process_resident_memory_bytes', 'gauge', 'Memory of the fleet daemon', ({ daemon }) => daemon.rssBytes),
  one('process_cpu_seconds_total', 'counter', 'Processor time of the fleet daemon', ({ daemon }) => daemon.cpuSeconds),
  one(
    'process_start_time_seconds',
    'gauge',
    'When the fleet daemon started, in seconds since the epoch',
    ({ daemon }) => daemon.startedAtMs / MS_A_SECOND,
  ),
  {
    name: 'slipway_daemon_event_loop_delay_seconds',
    type: 'summary',
    help: 'How late the event loop of the fleet daemon came to what was due, since it started',
    samples: ({ daemon }) => delaysOf({}, daemon),
  },
  {
    name: 'slipway_build_info',
    type: 'gauge',
    help: 'Which program this is; always 1',
    samples: ({ build }) => [{ labels: build, value: 1 }],
  },
];

function delaysOf(labels: Labels, { loopDelay }: Vitals): readonly Sample[] {
  const { count, sumSeconds, p50Seconds, p99Seconds } = loopDelay;
  return [
    { labels: { ...labels, quantile: '0.5' }, value: p50Seconds },
    { labels: { ...labels, quantile: '0.99' }, value: p99Seconds },
    { labels, value: sumSeconds, part: '_sum' },
    { labels, value: count, part: '_count' },
  ];
}

/** One bucket for every fourth bound of ours: buckets that are 75 % apart say enough on a dashboard, and a scrape stays small. */
const BOUNDS_A_BUCKET = 4;

function bucketsOf(labels: Labels, { bounds, counts, sum, count }: Histogram): readonly Sample[] {
  const samples: Sample[] = [];
  let below = 0;
  for (const [index, bound] of bounds.entries()) {
    below += counts[index] ?? 0;
    if (index % BOUNDS_A_BUCKET === BOUNDS_A_BUCKET - 1)
      samples.push({ labels: { ...labels, le: String(bound / MS_A_SECOND) }, value: below, part: '_bucket' });
  }
  return [
    ...samples,
    { labels: { ...labels, le: '+Inf' }, value: count, part: '_bucket' },
    { labels, value: sum / MS_A_SECOND, part: '_sum' },
    { labels, value: count, part: '_count' },
  ];
}
