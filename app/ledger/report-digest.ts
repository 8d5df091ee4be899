import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Report } from '../../checks/report/report.ts';

/** `sha256:` and 64 hex digits: SHA-256 of the report's canonical JSON. */
export function reportDigest(report: Report): string {
  return `sha256:${createHash('sha256').update(reportText(report)).digest('hex')}`;
}

export function reportText(report: Report): string {
  const text = canonicalize(report);
  if (text === undefined) throw new Error('a report is always serialisable');
  return text;
}
