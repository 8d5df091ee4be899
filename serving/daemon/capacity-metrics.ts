import type { ObservedCapacity } from '../fleet.ts';
import type { Exposed } from './exposition.ts';
import type { Metric } from './metric.ts';

/** How much of its machine the fleet takes, and how much it would need. */
export const CAPACITY_METRICS: readonly Metric<Exposed>[] = [
  ofCapacity('slipway_load', 'gauge', 'Requests under way, in replicas', ({ load }) => load),
  ofCapacity('slipway_replicas_wanted', 'gauge', 'Public replicas that there should be', ({ replicas }) => replicas),
  ofCapacity('slipway_cores', 'gauge', 'Processors that the fleet may use', ({ cores }) => cores),
  ofCapacity('slipway_models_loaded', 'gauge', 'Models that do not rest', ({ loaded }) => loaded),
  ofCapacity(
    'slipway_replicas_recycled_total',
    'counter',
    'Replicas that were replaced because they had grown',
    ({ recycled }) => recycled,
  ),
];

function ofCapacity(
  name: string,
  type: Metric<Exposed>['type'],
  help: string,
  value: (capacity: ObservedCapacity) => number,
): Metric<Exposed> {
  return {
    name,
    type,
    help,
    samples: ({ fleet: { capacity } }) => (capacity === undefined ? [] : [{ labels: {}, value: value(capacity) }]),
  };
}
