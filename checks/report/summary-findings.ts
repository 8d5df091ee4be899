import { comparisonOf, driftOf } from './measured.ts';
import type { CheckResult, Finding, Report } from './report.ts';
import { worstFirst } from './worst-first.ts';

/** A summary shows what decided and what it must be seen against; the text shows everything. */
const MOST_DECISIVE = 5;
const MOST_SIBLINGS = 3;
const MOST_PASSING = 8;

/**
 * The findings of a check run's summary. Where a cohort decided: beside it the other values of its column and everyone, since a better average is what
 * hides it. `lead` is the one that the title tells.
 */
export function summaryFindings(
  result: CheckResult,
  report: Report,
): { readonly lead?: Finding; readonly shown: readonly Finding[] } {
  const findings = worstFirst(result.findings);
  const blocking = findings.filter(({ severity }) => severity === 'blocking');
  const open = blocking.filter(({ verdict }) => verdict !== 'pass' && verdict !== 'not-applicable');
  if (open.length === 0) {
    const told = blocking.length > 0 ? blocking : findings;
    return { ...leadIn(told), shown: told.slice(0, MOST_PASSING) };
  }
  const lead = titled(open, result) ?? open[0];
  if (lead === undefined) return { shown: [] };
  const others = open.filter((finding) => finding !== lead).slice(0, MOST_DECISIVE - 1);
  return { lead, shown: [lead, ...siblingsOf(lead, findings, report), ...others] };
}

const leadIn = ([lead]: readonly Finding[]): { readonly lead?: Finding } => (lead === undefined ? {} : { lead });

/** The comparison that the title names by cohort and metric; else the finding that it repeats. */
const titled = (findings: readonly Finding[], { title }: CheckResult): Finding | undefined =>
  findings.find((finding) => {
    const { cohort, metric } = comparisonOf(finding) ?? {};
    return cohort !== undefined && !finding.id.includes('/slice/') && title.startsWith(`${cohort}: ${metric ?? ''} `);
  }) ??
  findings.find((finding) => title.startsWith(`${driftOf(finding)?.subject ?? finding.reason} `)) ??
  findings.find(({ reason }) => title.startsWith(reason));

/** Cohorts of the same column in the same metric, and everyone. */
function siblingsOf(lead: Finding, findings: readonly Finding[], report: Report): readonly Finding[] {
  const found = comparisonOf(lead);
  if (found?.cohort === undefined) return [];
  const columns = columnsOf(lead.id);
  const siblings = findings
    .filter((finding) => finding !== lead && finding.verdict === 'pass' && columnsOf(finding.id) === columns)
    .filter((finding) => comparisonOf(finding)?.metric === found.metric)
    .slice(0, MOST_SIBLINGS);
  const everyone = report.checks
    .flatMap((check) => check.findings)
    .filter(({ id }) => id === `baseline/${found.metric}`)
    .map((finding) => ({ ...finding, measured: { ...finding.measured, cohort: 'everyone' } }));
  return [...siblings, ...everyone];
}

/** `cohorts/sex=Female&age=45-64/roc_auc` -> `sex&age`. */
const columnsOf = (id: string): string =>
  (id.split('/')[1] ?? '')
    .split('&')
    .map((part) => part.split('=')[0] ?? '')
    .join('&');
