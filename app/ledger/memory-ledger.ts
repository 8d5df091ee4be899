import type { Report } from '../../checks/report/report.ts';
import { extendChain } from './chain.ts';
import type { Ledger, LedgerLine } from './ledger.ts';
import type { LedgerKey } from './ledger-key.ts';
import { reportDigest } from './report-digest.ts';

/** A ledger that is gone with the process: for tests, held to the same contract as the one in git. */
export function memoryLedger(key: LedgerKey): Ledger {
  let lines: readonly LedgerLine[] = [];
  const reports = new Map<string, Report>();
  return {
    append(events) {
      for (const event of events)
        if (!lines.some((line) => line.key === event.key)) lines = [...lines, ...extendChain(lines, [event], key)];
      return Promise.resolve();
    },
    read: () => Promise.resolve({ lines, problems: [] }),
    putReport(report) {
      const digest = reportDigest(report);
      reports.set(digest, structuredClone(report));
      return Promise.resolve(digest);
    },
    report: (digest) => Promise.resolve(reports.get(digest)),
  };
}
