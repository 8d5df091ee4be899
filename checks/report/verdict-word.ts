import { improvementSign } from './improvement-sign.ts';
import { comparisonOf, driftOf } from './measured.ts';
import type { Finding } from './report.ts';

/** A finding's verdict in the words of its own question. "Cannot say" is its own word and never a pass. */
export function verdictWord(finding: Finding): string {
  const comparison = comparisonOf(finding);
  const drift = driftOf(finding);
  switch (finding.verdict) {
    case 'fail':
      return comparison !== undefined ? 'worse' : drift !== undefined ? 'drifted' : 'failed';
    case 'pass': {
      if (drift !== undefined) return 'no drift';
      if (comparison === undefined) return 'passed';
      const sign = improvementSign(comparison.metric);
      const { lower, upper } = comparison.interval;
      return (sign > 0 ? lower : -upper) > 0 ? 'better' : 'not worse';
    }
    case 'inconclusive':
      return 'cannot say';
    case 'not-applicable':
      return 'not applicable';
    case 'waived':
      return 'waived';
    case 'error':
      return 'error';
  }
}
