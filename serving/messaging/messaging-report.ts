import type { Pending } from './pending.ts';

/** What a replica tells the daemon of the bus. Counts are of this process, since it started. */
export interface MessagingReport {
  readonly connected: boolean;
  readonly totals: MessagingTotals;
  /** Kept requests by model, over all replicas of all machines; undefined: not known. */
  readonly pending: Readonly<Record<string, Pending>> | undefined;
}

export interface MessagingTotals {
  readonly requests: number;
  readonly errors: number;
  readonly turnedAway: number;
  readonly kept: number;
  readonly givenBack: number;
  readonly dead: number;
  readonly events: number;
  readonly eventsDropped: number;
}

export const NO_MESSAGES: MessagingTotals = {
  requests: 0,
  errors: 0,
  turnedAway: 0,
  kept: 0,
  givenBack: 0,
  dead: 0,
  events: 0,
  eventsDropped: 0,
};

export function addedMessages(a: MessagingTotals, b: MessagingTotals): MessagingTotals {
  return {
    requests: a.requests + b.requests,
    errors: a.errors + b.errors,
    turnedAway: a.turnedAway + b.turnedAway,
    kept: a.kept + b.kept,
    givenBack: a.givenBack + b.givenBack,
    dead: a.dead + b.dead,
    events: a.events + b.events,
    eventsDropped: a.eventsDropped + b.eventsDropped,
  };
}
