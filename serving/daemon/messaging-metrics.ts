import type { MessagingReport, MessagingTotals } from '../messaging/messaging-report.ts';
import type { Metric, Sample } from './metric.ts';

/** What the fleet's processes did on the message bus; without one there is nothing to tell. */
export interface ExposedMessaging {
  readonly totals: MessagingTotals;
  readonly processes: readonly {
    readonly id: string;
    readonly role: string;
    readonly report: MessagingReport;
  }[];
}

interface Of {
  readonly messaging?: ExposedMessaging;
  readonly fleet: { readonly models: readonly { readonly model: string }[] };
}

/** In the order in which they are told. A new metric is an entry here, and a row in docs/serving.md. */
export const MESSAGING_METRICS: readonly Metric<Of>[] = [
  {
    name: 'slipway_nats_connected',
    type: 'gauge',
    help: 'Whether a replica is connected to the message bus',
    samples: ({ messaging }) =>
      (messaging?.processes ?? []).map(({ id, role, report }) => ({
        labels: { replica: id, role },
        value: report.connected ? 1 : 0,
      })),
  },
  counter('slipway_nats_requests_total', 'Requests answered over NATS', ({ requests }) => requests),
  counter('slipway_nats_errors_total', 'Of those, the ones that were refused or failed', ({ errors }) => errors),
  counter(
    'slipway_nats_turned_away_total',
    'Requests over NATS that found too many under way',
    ({ turnedAway }) => turnedAway,
  ),
  pending('slipway_async_pending', 'Kept requests that wait for a replica', ({ waiting }) => waiting),
  pending('slipway_async_under_way', 'Kept requests that a replica has in hand', ({ underWay }) => underWay),
  counter('slipway_async_answered_total', 'Kept requests whose answer was stored', ({ kept }) => kept),
  counter(
    'slipway_async_given_back_total',
    'Kept requests given back, to be delivered again',
    ({ givenBack }) => givenBack,
  ),
  counter('slipway_async_dead_total', 'Kept requests that became dead letters', ({ dead }) => dead),
  counter('slipway_events_total', 'Events of predictions that were published', ({ events }) => events),
  counter('slipway_events_dropped_total', 'Events that found no room', ({ eventsDropped }) => eventsDropped),
];

function counter(name: string, help: string, value: (totals: MessagingTotals) => number): Metric<Of> {
  return {
    name,
    type: 'counter',
    help,
    samples: ({ messaging }) => (messaging === undefined ? [] : [{ labels: {}, value: value(messaging.totals) }]),
  };
}

/** Every replica sees the same bus: of what they saw last the greatest counts, for the models of this fleet. */
function pending(
  name: string,
  help: string,
  value: (pending: { readonly waiting: number; readonly underWay: number }) => number,
): Metric<Of> {
  return {
    name,
    type: 'gauge',
    help,
    samples: ({ messaging, fleet }) =>
      fleet.models.flatMap(({ model }): readonly Sample[] => {
        const seen = (messaging?.processes ?? []).flatMap(({ report }) => {
          const found = report.pending?.[model];
          return found === undefined ? [] : [value(found)];
        });
        return seen.length === 0 ? [] : [{ labels: { model }, value: Math.max(...seen) }];
      }),
  };
}
