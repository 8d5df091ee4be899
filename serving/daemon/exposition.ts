import type { Histogram, ObservedFleet } from '../fleet.ts';
import type { ArmCounts } from '../replica/counters.ts';

export interface Exposed {
  readonly fleet: ObservedFleet;
  readonly arms: readonly ArmCounts[];
  readonly totals: { readonly written: number; readonly dropped: number; readonly unusedInputs: number };
  readonly inFlight: number;
  readonly restarts: number;
}

/**
 * The fleet's metrics in Prometheus' text format, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). Triton's names
 * and labels (nv_inference_…), so that existing dashboards work, and our own (slipway_…).
 */
export function expositionOf({ fleet, arms, totals, inFlight, restarts }: Exposed): string {
  const versions = new Map(
    fleet.models.flatMap(({ model, revisions }) =>
      revisions.map(({ revision, version }) => [`${model} ${revision}`, version] as const),
    ),
  );
  const counted = arms.map((counts) => {
    const version = versions.get(`${counts.model} ${counts.revision}`) ?? 'retired';
    return {
      counts,
      triton: { model: counts.model, version },
      own: { model: counts.model, version, revision: counts.revision },
    };
  });
  const triton = (name: string, help: string, value: (counts: ArmCounts) => number): string =>
    family(
      name,
      'counter',
      help,
      counted.map(({ counts, triton: labels }) => [labels, value(counts)]),
    );
  const histogram = (name: string, help: string, of: (counts: ArmCounts) => Histogram): string =>
    [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} histogram`,
      ...counted.flatMap(({ counts, own }) => bucketsOf(name, own, of(counts))),
    ].join('\n');
  const weights = fleet.models.flatMap(({ model, effective, revisions }) =>
    effective.map(({ revision, weight }) => {
      const version = revisions.find((each) => each.revision === revision)?.version ?? '';
      return [{ model, version, revision }, weight] as const;
    }),
  );
  const targets = fleet.models.flatMap(({ model, arms: told, revisions }) =>
    told.map(({ revision, weight }) => {
      const version = revisions.find((each) => each.revision === revision)?.version ?? '';
      return [{ model, version, revision }, weight] as const;
    }),
  );
  const states = new Map<string, number>();
  for (const { role, state } of fleet.replicas)
    states.set(`${role} ${state}`, (states.get(`${role} ${state}`) ?? 0) + 1);
  return `${[
    triton('nv_inference_request_success', 'Requests that were answered', ({ requests, errors }) => requests - errors),
    triton('nv_inference_request_failure', 'Requests that failed', ({ errors }) => errors),
    triton('nv_inference_count', 'Rows that were answered', ({ rows }) => rows),
    triton('nv_inference_exec_count', 'Runs of the model', ({ runs }) => runs),
    triton('nv_inference_request_duration_us', 'Time of all requests', ({ latencyMs }) =>
      Math.round(latencyMs.sum * US_A_MS),
    ),
    triton('nv_inference_queue_duration_us', 'Time that requests waited', ({ queueMs }) =>
      Math.round(queueMs.sum * US_A_MS),
    ),
    triton('nv_inference_compute_infer_duration_us', 'Time of all runs', ({ computeMs }) =>
      Math.round(computeMs.sum * US_A_MS),
    ),
    family('nv_inference_pending_request_count', 'gauge', 'Requests under way', [[{}, inFlight]]),
    histogram(
      'slipway_request_duration_seconds',
      'Time of a request, as its caller sees it',
      ({ latencyMs }) => latencyMs,
    ),
    histogram('slipway_queue_duration_seconds', 'Time that a request waited for its run', ({ queueMs }) => queueMs),
    histogram('slipway_compute_duration_seconds', 'Time of one run', ({ computeMs }) => computeMs),
    family(
      'slipway_unservable_total',
      'counter',
      'Requests an arm could not serve for lack of an input',
      counted.map(({ counts, own }) => [own, counts.unservable]),
    ),
    ...sideFamilies(counted),
    family('slipway_arm_weight', 'gauge', 'Share of the requests that an arm gets now, in percent', weights),
    family('slipway_arm_target_weight', 'gauge', 'Share that an arm should get, in percent', targets),
    family(
      'slipway_model_generation',
      'gauge',
      "Generation of a model's target",
      fleet.models.map(({ model, generation }) => [{ model }, generation]),
    ),
    family(
      'slipway_model_up',
      'gauge',
      '1 healthy, 0.5 degraded, 0 down',
      fleet.models.map(({ model, health }) => [{ model }, HEALTH[health]]),
    ),
    family(
      'slipway_replicas',
      'gauge',
      'Replicas by role and state',
      [...states].map(([key, count]) => {
        const [role = '', state = ''] = key.split(' ');
        return [{ role, state }, count];
      }),
    ),
    family(
      'slipway_replica_rss_bytes',
      'gauge',
      'Memory of a replica',
      fleet.replicas.map(({ id, role, rssBytes }) => [{ replica: id, role }, rssBytes]),
    ),
    family('slipway_replica_deaths_total', 'counter', 'Replicas that ended by themselves', [[{}, restarts]]),
    family('slipway_log_entries_total', 'counter', 'Requests handed to the prediction log', [[{}, totals.written]]),
    family('slipway_log_dropped_total', 'counter', 'Requests the prediction log had no room for', [
      [{}, totals.dropped],
    ]),
    family('slipway_unused_inputs_total', 'counter', 'Inputs in requests that no live revision takes', [
      [{}, totals.unusedInputs],
    ]),
  ].join('\n')}\n`;
}

/** What arms did beside answering the callers that their shares brought; arms that did nothing of it are left out. */
function sideFamilies(
  counted: readonly { readonly counts: ArmCounts; readonly own: Labels }[],
): readonly string[] {
  const ofShadows = counted.filter(({ counts: { side } }) => side.shadow.requests + side.shadow.skipped > 0);
  const shadow = (what: string, help: string, value: (shadow: ArmCounts['side']['shadow']) => number): string =>
    family(
      `slipway_shadow_${what}_total`,
      'counter',
      help,
      ofShadows.map(({ counts, own }) => [own, value(counts.side.shadow)]),
    );
  return [
    shadow('requests', 'Copies of requests that a shadow arm took', ({ requests }) => requests),
    shadow('errors', 'Copies that a shadow arm failed', ({ errors }) => errors),
    shadow('skipped', 'Copies that found no room', ({ skipped }) => skipped),
    shadow('rows', "Rows compared with the stable arm's answer", ({ rows }) => rows),
    shadow('flips', 'Rows of which the stable arm decided otherwise', ({ flips }) => flips),
    shadow('distance', 'Sum of absolute differences of scores', ({ distance }) => distance.sum),
    family(
      'slipway_overrides_total',
      'counter',
      'Requests that named their arm',
      counted.filter(({ counts }) => counts.side.overrides > 0).map(({ counts, own }) => [own, counts.side.overrides]),
    ),
  ];
}

const US_A_MS = 1000;
const MS_A_SECOND = 1000;
const HEALTH = { healthy: 1, degraded: 0.5, down: 0 } as const;

type Labels = Readonly<Record<string, string>>;

function family(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  samples: readonly (readonly [Labels, number])[],
): string {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(([labels, value]) => `${name}${labelsText(labels)} ${value}`),
  ].join('\n');
}

/** One bucket for every fourth bound of ours: buckets that are 75 % apart say enough on a dashboard, and a scrape stays small. */
const BOUNDS_A_BUCKET = 4;

function bucketsOf(name: string, labels: Labels, { bounds, counts, sum, count }: Histogram): readonly string[] {
  const lines: string[] = [];
  let below = 0;
  for (const [index, bound] of bounds.entries()) {
    below += counts[index] ?? 0;
    if (index % BOUNDS_A_BUCKET === BOUNDS_A_BUCKET - 1)
      lines.push(`${name}_bucket${labelsText({ ...labels, le: String(bound / MS_A_SECOND) })} ${below}`);
  }
  return [
    ...lines,
    `${name}_bucket${labelsText({ ...labels, le: '+Inf' })} ${count}`,
    `${name}_sum${labelsText(labels)} ${sum / MS_A_SECOND}`,
    `${name}_count${labelsText(labels)} ${count}`,
  ];
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
