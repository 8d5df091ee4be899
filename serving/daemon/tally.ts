import { type ArmCounts, addedCounts } from '../replica/counters.ts';
import { type MessagingTotals, NO_MESSAGES, addedMessages } from '../messaging/messaging-report.ts';
import { type ReplicaReport, keyOf } from '../replica/messages.ts';

/** What the processes wrote to the log, and could not. */
export interface Totals {
  readonly written: number;
  readonly dropped: number;
  readonly unusedInputs: number;
  readonly explanations: number;
}

/** Counts over all processes since the daemon started: what those that ended had reported, and what those that run report. */
export class Tally {
  readonly epoch = `${process.pid}-${Date.now()}`;
  readonly #arms = new Map<string, ArmCounts>();
  #totals: Totals = { written: 0, dropped: 0, unusedInputs: 0, explanations: 0 };
  #messages: MessagingTotals = NO_MESSAGES;

  /** Of a process that has ended. */
  retain(report: ReplicaReport | undefined): void {
    for (const counts of report?.arms ?? []) addTo(this.#arms, counts);
    this.#totals = addedTotals(this.#totals, report);
    this.#messages = addedMessages(this.#messages, report?.messaging?.totals ?? NO_MESSAGES);
  }

  armsWith(reports: readonly (ReplicaReport | undefined)[]): readonly ArmCounts[] {
    const arms = new Map(this.#arms);
    for (const report of reports) for (const counts of report?.arms ?? []) addTo(arms, counts);
    return [...arms.values()];
  }

  messagesWith(reports: readonly (ReplicaReport | undefined)[]): MessagingTotals {
    return reports.reduce(
      (totals, report) => addedMessages(totals, report?.messaging?.totals ?? NO_MESSAGES),
      this.#messages,
    );
  }

  totalsWith(reports: readonly (ReplicaReport | undefined)[]): Totals {
    return reports.reduce(addedTotals, this.#totals);
  }
}

function addTo(arms: Map<string, ArmCounts>, counts: ArmCounts): void {
  const key = keyOf(counts.model, counts.revision);
  const before = arms.get(key);
  arms.set(key, before === undefined ? counts : addedCounts(before, counts));
}

function addedTotals(totals: Totals, report: ReplicaReport | undefined): Totals {
  return {
    written: totals.written + (report?.log.written ?? 0),
    dropped: totals.dropped + (report?.log.dropped ?? 0),
    unusedInputs: totals.unusedInputs + (report?.unusedInputs ?? 0),
    explanations: totals.explanations + (report?.explanations ?? 0),
  };
}
