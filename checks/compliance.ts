import type { Check } from './check.ts';
import { approvalsFinding } from './compliance/approvals.ts';
import { explainedFinding, humanReviewFinding } from './compliance/decision.ts';
import { impactMatrixFinding, retentionFinding } from './compliance/impact-matrix.ts';
import { personalDataFindings } from './compliance/personal-data.ts';
import { decidingFinding } from './finding.ts';
import type { Finding } from './report/report.ts';

/** Who can be harmed, whether what is promised about it is kept, and whether enough people have agreed. */
export const compliance: Check = {
  name: 'compliance',
  asks: 'Is the impact matrix complete for its severity; are the personal data that are used declared; are predictions deleted as promised; have enough people approved?',
  judge(evidence) {
    const findings = [
      impactMatrixFinding(evidence),
      ...personalDataFindings(evidence),
      retentionFinding(evidence),
      approvalsFinding(evidence),
      humanReviewFinding(evidence),
      explainedFinding(evidence),
    ];
    return { findings, title: titleOf(findings), method: METHOD };
  },
};

const METHOD = [
  'What each severity needs, and which words of impact.decision mean that a person is in the loop, is in docs/checks.md.',
  'An approval counts when it is the latest review of somebody who wrote no part of the proposal, and is of the commit that would be merged.',
];

function titleOf(findings: readonly Finding[]): string {
  const worst = decidingFinding(findings);
  if (worst === undefined) return 'nothing to judge';
  if (worst.verdict !== 'pass') return worst.reason;
  const approved = findings.find(({ id, verdict }) => id === 'compliance/approvals' && verdict === 'pass');
  return approved?.reason ?? worst.reason;
}
