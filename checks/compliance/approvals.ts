import type { Evidence } from '../evidence/evidence.ts';
import { inconclusive, notApplicable, pass } from '../finding.ts';
import { plural } from '../report/format.ts';
import type { Finding } from '../report/report.ts';

/**
 * Do as many people approve this very commit as the policy asks for at this severity? Too few is "cannot say": it becomes GitHub's
 * action_required, and the next approving review turns it into a pass. Where nobody could be asked it is not applicable, never a pass.
 */
export function approvalsFinding({ proposal, policy, governance }: Evidence): Finding {
  const id = 'compliance/approvals';
  const { impact } = proposal.manifest;
  if (impact === undefined)
    return notApplicable(id, 'approvals are asked for by severity, and no impact matrix says one');
  const { severity } = impact;
  const needed = policy.approvals[severity] ?? 0;
  if (needed === 0)
    return notApplicable(id, `the policy asks for no approval at severity ${severity}`, { severity, needed });
  const given = governance?.approvals;
  if (given === undefined)
    return notApplicable(
      id,
      `severity ${severity} needs ${plural(needed, 'approval')}, and there is no pull request here to ask for them`,
      { severity, needed },
    );
  const by = given.map((approval) => approval.by).toSorted();
  const names = by.map((login) => `@${login}`).join(', ');
  const measured = { severity, needed, given: by.length, by };
  if (by.length >= needed) return pass(id, `approved by ${names}; severity ${severity} needs ${needed}`, measured);
  const lacking = needed - by.length;
  return inconclusive(
    id,
    `${by.length === 0 ? 'nobody has approved this commit' : `approved by ${names} alone`}; severity ${severity} needs ${plural(needed, 'approval')}`,
    measured,
    {
      at: proposal.place('/impact/severity'),
      next: `Ask ${plural(lacking, 'more reviewer')} to approve this commit; who wrote a part of it does not count.`,
    },
  );
}
