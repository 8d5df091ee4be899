import type { Check } from './check.ts';
import { checkResultOf, failedResultOf, type ConclusionContext } from './conclusion.ts';
import type { Evidence } from './evidence/evidence.ts';
import type { CheckResult } from './report/report.ts';

/** One check's result. The one place where a throw becomes a verdict: a bug in one check must not silence the others. */
export function judge(check: Check, evidence: Evidence, context: ConclusionContext): CheckResult {
  const started = performance.now();
  try {
    return checkResultOf(check.name, check.judge(evidence), performance.now() - started, context);
  } catch (error) {
    return failedResultOf(check.name, error, performance.now() - started, context);
  }
}
