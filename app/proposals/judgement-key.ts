import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Report } from '../../checks/report/report.ts';

/** The same for two reports that say the same: how long the checks took is left out. Hex. */
export function judgementKey(report: Report): string {
  const checks = report.checks.map((check) => ({ ...check, durationMs: 0 }));
  const text = canonicalize({ ...report, checks, environment: null, evidence: null });
  if (text === undefined) throw new Error('a report is always serialisable');
  return createHash('sha256').update(text).digest('hex').slice(0, keyLength);
}

const keyLength = 16;
