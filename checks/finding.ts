import type { Missing } from './evidence/evidence.ts';
import type { Finding, Measured, Place } from './report/report.ts';

/** What a finding may say beside its verdict, reason and numbers. */
export interface FindingDetails {
  readonly at?: Place;
  readonly next?: string;
  /** Told, never decides. */
  readonly advisory?: boolean;
}

export function pass(id: string, reason: string, measured: Measured, details: FindingDetails = {}): Finding {
  return findingOf('pass', id, reason, measured, details);
}

export function fail(id: string, reason: string, measured: Measured, details: FindingDetails = {}): Finding {
  return findingOf('fail', id, reason, measured, details);
}

export function inconclusive(id: string, reason: string, measured: Measured, details: FindingDetails = {}): Finding {
  return findingOf('inconclusive', id, reason, measured, details);
}

export function notApplicable(id: string, reason: string, measured: Measured = {}): Finding {
  return findingOf('not-applicable', id, reason, measured, {});
}

function findingOf(
  verdict: Finding['verdict'],
  id: string,
  reason: string,
  measured: Measured,
  { at, next, advisory }: FindingDetails,
): Finding {
  return {
    id,
    verdict,
    severity: advisory === true ? 'advisory' : 'blocking',
    reason,
    measured,
    ...(at === undefined ? {} : { at }),
    ...(next === undefined ? {} : { next }),
  };
}

/** A part of the evidence that is not there: the check that owns the cause fails, every other one says that it cannot tell, and who can. */
export function missingFinding(check: string, what: string, { owner, reason, at, next }: Missing): Finding {
  const details = { ...(at === undefined ? {} : { at }), ...(next === undefined ? {} : { next }) };
  return owner === check
    ? fail(`${check}/${what}`, reason, {}, details)
    : inconclusive(`${check}/${what}`, `cannot be judged: ${reason} (see ${owner})`, { owner }, details);
}

const WORST_FIRST: readonly Finding['verdict'][] = [
  'fail',
  'error',
  'inconclusive',
  'waived',
  'pass',
  'not-applicable',
];

/** The finding that a title should tell: the worst, blocking before advisory, the first of equals. */
export function decidingFinding(findings: readonly Finding[]): Finding | undefined {
  return findings.toSorted((a, b) => rankOf(a) - rankOf(b))[0];
}

function rankOf({ verdict, severity }: Finding): number {
  const advisoryLast = severity === 'blocking' || verdict === 'pass' ? 0 : WORST_FIRST.length;
  return WORST_FIRST.indexOf(verdict) + (verdict === 'pass' || verdict === 'not-applicable' ? 0 : advisoryLast);
}
