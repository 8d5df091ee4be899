import type { CheckConclusion, CheckResult, Finding, ReportConclusion } from './report.ts';

/**
 * A check's conclusion in GitHub's words. Only blocking findings decide: a fail or an error is failure, an undecided one asks for
 * action. Without either, one finding that passed (or was waived) is success; nothing but "not applicable" and "cannot say" is
 * skipped, which is grey: it never blocks and never looks like a pass.
 */
export function conclusionOf(findings: readonly Finding[]): CheckConclusion {
  const blocking = findings.filter((finding) => finding.severity === 'blocking');
  if (blocking.some(({ verdict }) => verdict === 'fail' || verdict === 'error')) return 'failure';
  if (blocking.some(({ verdict }) => verdict === 'inconclusive')) return 'action_required';
  return findings.some(({ verdict }) => verdict === 'pass' || verdict === 'waived') ? 'success' : 'skipped';
}

/**
 * The report's conclusion from its checks: required ones only. A fail outranks; then an error or what cannot be said; else success.
 * Never neutral or skipped, which GitHub takes for a pass.
 */
export function reportConclusionOf(checks: readonly CheckResult[]): ReportConclusion {
  const required = checks.filter((check) => check.required);
  const failed = required.some(({ findings }) =>
    findings.some(({ severity, verdict }) => severity === 'blocking' && verdict === 'fail'),
  );
  if (failed) return 'failure';
  const undecided = required.some(({ conclusion }) => conclusion === 'action_required' || conclusion === 'failure');
  return undecided ? 'action_required' : 'success';
}
