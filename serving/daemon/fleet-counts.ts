import type { ArmCounts } from '../replica/counters.ts';
import type { ReplicaReport } from '../replica/messages.ts';
import type { Crew } from './crew.ts';
import type { ExposedProcess } from './exposition.ts';
import type { ExposedMessaging } from './messaging-metrics.ts';
import { Tally, type Totals } from './tally.ts';

/** A process that is busy is not waited for any longer. */
const REPORT_LIMIT_MS = 250;

/** What the fleet's processes count, those included that have ended since the daemon started. */
export class FleetCounts {
  readonly #crew: Crew;
  readonly #isOnBus: boolean;
  readonly #tally = new Tally();

  constructor(crew: Crew, isOnBus: boolean) {
    this.#crew = crew;
    this.#isOnBus = isOnBus;
  }

  /** Of a process that has ended. */
  retain(report: ReplicaReport | undefined): void {
    this.#tally.retain(report);
  }

  /** What each arm did, over all processes, after asking every process for its latest. */
  async arms(): Promise<{ readonly epoch: string; readonly arms: readonly ArmCounts[] }> {
    await this.#crew.freshReports(REPORT_LIMIT_MS);
    return { epoch: this.#tally.epoch, arms: this.#tally.armsWith(this.reports) };
  }

  /** What the processes wrote to the log, and could not. */
  totals(): Totals {
    return this.#tally.totalsWith(this.reports);
  }

  get inFlight(): number {
    return this.reports.reduce((sum, report) => sum + (report?.inFlight ?? 0), 0);
  }

  /** Of every process what it reported last, for metrics. */
  get processes(): readonly ExposedProcess[] {
    return this.#crew.members.map(({ pid, role, report }) => ({
      id: pid,
      role: role.kind,
      queued: report?.queued ?? 0,
      connections: report?.connections ?? 0,
      vitals: report?.vitals,
    }));
  }

  /** What the processes did on the message bus; undefined: they are on none. */
  get messaging(): ExposedMessaging | undefined {
    if (!this.#isOnBus) return undefined;
    return {
      totals: this.#tally.messagesWith(this.reports),
      processes: this.#crew.members.flatMap(({ pid, role, report }) =>
        report?.messaging === undefined ? [] : [{ id: pid, role: role.kind, report: report.messaging }],
      ),
    };
  }

  get reports(): readonly (ReplicaReport | undefined)[] {
    return this.#crew.members.map(({ report }) => report);
  }
}
