import type { CheckResult, Finding, Report } from '../../checks/report/report.ts';
import { textOfPlace } from '../../checks/manifest/problem.ts';
import { checkRunMarkdown } from '../../checks/report/check-run-markdown.ts';
import { checkRunImages } from '../drawings/figure-images.ts';
import type { Annotation, CheckRunAction, CheckRunOutput } from '../github/check-runs.ts';
import { reportDigest } from '../ledger/report-digest.ts';

/** The buttons of a check run; `on-check-run.ts` does what they say. */
export const actions = {
  reRun: { label: 'Re-run', description: 'Run the checks of this proposal again', identifier: 're-run' },
  waive: { label: 'Waive', description: 'How to accept these findings', identifier: 'waive' },
  explain: { label: 'Explain', description: 'What this check asks, and how it judges', identifier: 'explain' },
} as const satisfies Record<string, CheckRunAction>;

/** Where the dashboard shows a proposal, and the drawings of its reports. */
export interface DashboardPlace {
  readonly publicUrl: string;
  readonly detailsUrl: string;
}

/** What a check run shows of one check's result; with a dashboard, its drawings as well. */
export function checkRunOutput(result: CheckResult, report: Report, dashboard?: DashboardPlace): CheckRunOutput {
  const detailsUrl = dashboard?.detailsUrl;
  const links =
    dashboard === undefined
      ? {}
      : {
          report: `${dashboard.detailsUrl}#${result.name}`,
          images: checkRunImages(result, reportDigest(report), dashboard.publicUrl),
        };
  const { title, summary, text, annotations } = checkRunMarkdown(result, report, links);
  const passed = result.conclusion === 'success' || result.conclusion === 'skipped';
  return {
    conclusion: result.conclusion,
    title,
    summary,
    text,
    annotations,
    actions: passed ? [actions.reRun, actions.explain] : [actions.reRun, actions.waive, actions.explain],
    ...(detailsUrl === undefined ? {} : { detailsUrl: `${detailsUrl}#${result.name}` }),
  };
}

/** The same for a manifest that cannot be read: there is no report, only what is wrong and where. */
export function unjudgedOutput(result: CheckResult): CheckRunOutput {
  const problems = result.findings.map(
    ({ at, reason }) => `- \`${at === undefined ? '' : textOfPlace(at)}\` ${reason}`,
  );
  return {
    conclusion: result.conclusion,
    title: result.title,
    summary: problems.length === 0 ? `This check was ${result.title}.` : problems.join('\n'),
    annotations: result.findings.flatMap(annotationOf),
    actions: [actions.reRun],
  };
}

function annotationOf({ id, reason, at }: Finding): readonly Annotation[] {
  return at?.line === undefined ? [] : [{ path: at.file, line: at.line, level: 'failure', title: id, message: reason }];
}
