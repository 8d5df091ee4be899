import type { Evidence } from '../evidence/evidence.ts';
import { fail, inconclusive, missingFinding, notApplicable, pass } from '../finding.ts';
import type { Finding } from '../report/report.ts';
import { isAtLeast } from './impact-matrix.ts';

/**
 * Who decides, as `impact.decision` says it in words:
 *
 * - `reviewed`: a machine decides, and a person reviews, approves or oversees it (`automated-with-review`);
 * - `assisted`: a person decides, and the model advises (`decision support`, `manual`);
 * - `automated`: a machine decides alone (`automated`, `automatic, no human review`);
 * - `unclear`: the words do not tell.
 */
export type DecisionKind = 'reviewed' | 'assisted' | 'automated' | 'unclear';

const NEGATION = /\b(no|not|never|without|un(?:reviewed|attended|supervised))\b/i;
const REVIEW =
  /\b(with[- ]review|review|reviewed|reviewer|human|approv\w*|oversight|overseen|supervis\w*|appeal\w*)\b/i;
const ASSISTANCE = /\b(assist\w*|advi[cs]\w*|recommend\w*|support\w*|manual\w*|suggest\w*|person|clinician|officer)\b/i;
const AUTOMATION = /\bautomat\w*|\bmachine\b/i;

export function decisionKind(decision: string): DecisionKind {
  const words = decision.replaceAll('_', ' ');
  if (NEGATION.test(words)) return AUTOMATION.test(words) ? 'automated' : 'unclear';
  if (REVIEW.test(words)) return 'reviewed';
  if (AUTOMATION.test(words)) return 'automated';
  return ASSISTANCE.test(words) ? 'assisted' : 'unclear';
}

/** Where a wrong decision is critical, a person must be able to stop it. */
export function humanReviewFinding({ proposal }: Evidence): Finding {
  const { impact } = proposal.manifest;
  const id = 'compliance/human-review';
  if (impact === undefined || !isAtLeast(impact.severity, 'critical'))
    return notApplicable(id, 'asked at severity critical', { severity: impact?.severity ?? null });
  const { decision, severity } = impact;
  if (decision === undefined)
    return inconclusive(id, 'nothing says who decides (see compliance/impact)', { severity, decision: null });
  const kind = decisionKind(decision);
  const measured = { severity, decision, kind };
  const at = proposal.place('/impact/decision');
  if (kind === 'reviewed' || kind === 'assisted') return pass(id, `a person is in the loop: ${decision}`, measured);
  const next = 'Have a person review each decision, and write it: decision: automated-with-review.';
  return kind === 'automated'
    ? fail(id, `${decision}: at severity critical a machine may not decide alone`, measured, { at, next })
    : inconclusive(id, `“${decision}” does not tell whether a person is in the loop`, measured, { at, next });
}

/** A machine's decision that can do much harm must be explainable to whom it is about. */
export function explainedFinding({ proposal, explanation }: Evidence): Finding {
  const { impact } = proposal.manifest;
  const id = 'compliance/explained';
  if (impact === undefined || !isAtLeast(impact.severity, 'high'))
    return notApplicable(id, 'asked of automated decisions at severity high and critical', {
      severity: impact?.severity ?? null,
    });
  const { severity, decision } = impact;
  const kind = decision === undefined ? 'unclear' : decisionKind(decision);
  const measured = { severity, decision: decision ?? null, kind };
  if (kind === 'assisted') return notApplicable(id, `a person decides: ${decision}`, measured);
  if (explanation === undefined)
    return inconclusive(id, 'nothing was measured by which a single decision could be explained', measured, {
      at: proposal.place('/impact'),
      next: 'See what the check explanation says.',
    });
  if (explanation.kind === 'missing') return { ...missingFinding('compliance', 'explained', explanation), measured };
  return pass(id, 'a single decision can be explained: its inputs’ contributions were computed (see explanation)', {
    ...measured,
    explained: true,
  });
}
