import { findingOfProblem } from '../../checks/manifest/problem.ts';
import type { Problem } from '../../checks/manifest/problem.ts';
import type { CheckResult } from '../../checks/report/report.ts';

/** A manifest that cannot be read fails `manifest` with every problem on its line; the other checks have nothing to look at. */
export function unreadableChecks(problems: readonly Problem[], checkNames: readonly string[]): readonly CheckResult[] {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const title = first === undefined ? 'The manifest cannot be read' : `${first.reason}${more}`;
  return checkNames.map((name) => {
    const skipped = {
      name,
      conclusion: 'skipped',
      title: skippedTitle,
      durationMs: 0,
      required: true,
      findings: [],
    } as const;
    return name === 'manifest'
      ? { ...skipped, conclusion: 'failure', title, findings: problems.map(findingOfProblem) }
      : skipped;
  });
}

const skippedTitle = 'not run: the manifest cannot be read';
