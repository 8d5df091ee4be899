import type { Measured, Report } from '../../checks/report/report.ts';

/**
 * Who did what, when, why. Lives as commits by the App on `refs/slipway/ledger` of the repository itself: JSON lines by
 * day, hash-chained, each line signed by the App; unsigned lines are ignored and reported. Reports lie beside them by digest.
 */
export type LedgerKind =
  | 'adopted'
  | 'checked'
  | 'waived'
  | 'unwaived'
  | 'merged'
  | 'rollout-started'
  | 'rollout-step'
  | 'rollout-paused'
  | 'rollout-resumed'
  | 'promoted'
  | 'aborted'
  | 'superseded'
  | 'rolled-back'
  | 'quarantined'
  | 'quarantine-lifted'
  | 'held'
  | 'hold-ended'
  | 'healed'
  | 'refused'
  | 'retired'
  | 'retraining';

export interface LedgerEvent {
  readonly kind: LedgerKind;
  /** Makes a repeated write harmless: an event whose key is there already is not written again. */
  readonly key: string;
  /** ISO date-time. */
  readonly at: string;
  /** A GitHub login, or `slipway`. */
  readonly actor: string;
  readonly model?: string;
  readonly version?: string;
  readonly revision?: string;
  readonly commit?: string;
  readonly pullRequest?: number;
  readonly because?: string;
  /** Digest of the report that the event rests on. */
  readonly report?: string;
  readonly data?: Measured;
}

/** An event as it stands in the chain. */
export interface LedgerLine extends LedgerEvent {
  readonly sequence: number;
  /** Hex SHA-256 of the line before, without its signature; 64 zeros at the start. */
  readonly previous: string;
  readonly signature: string;
}

export interface Ledger {
  append(events: readonly LedgerEvent[], signal?: AbortSignal): Promise<void>;
  /** Verified lines, oldest first; what did not verify is told, never mixed in. */
  read(signal?: AbortSignal): Promise<{ readonly lines: readonly LedgerLine[]; readonly problems: readonly string[] }>;
  /** Keeps a report by digest (`sha256:…`) and returns it. */
  putReport(report: Report, signal?: AbortSignal): Promise<string>;
  report(digest: string, signal?: AbortSignal): Promise<Report | undefined>;
}
