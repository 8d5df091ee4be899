import type { Ledger, LedgerEvent } from './ledger.ts';

/** A ledger whose writes somebody hears of, after they were written. */
export function watchedLedger(ledger: Ledger, onWritten: (events: readonly LedgerEvent[]) => void): Ledger {
  return {
    async append(events, signal) {
      await ledger.append(events, signal);
      onWritten(events);
    },
    read: (signal) => ledger.read(signal),
    putReport: (report, signal) => ledger.putReport(report, signal),
    report: (digest, signal) => ledger.report(digest, signal),
  };
}
