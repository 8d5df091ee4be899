import { textBlocks } from './check-run-markdown.ts';
import { detailsText, escapedText, tableText } from './markdown.ts';
import type { CheckConclusion, Report, ReportConclusion } from './report.ts';

const words = {
  success: 'passed',
  failure: 'failed',
  action_required: 'cannot say',
  skipped: 'skipped',
} as const satisfies Record<CheckConclusion | ReportConclusion, string>;

const order = { failure: 0, action_required: 1, success: 2, skipped: 3 } as const satisfies Record<
  CheckConclusion,
  number
>;

/** The whole report as Markdown (`slipway check --markdown`): a line a check, worst first, then each check's findings. */
export function reportMarkdown(report: Report): string {
  const checks = report.checks.toSorted((a, b) => order[a.conclusion] - order[b.conclusion]);
  const heading = `## ${escapedText(report.model)} ${escapedText(report.version)}: ${words[report.conclusion]}`;
  const overview = tableText(
    [{ title: '' }, { title: 'check' }, { title: '' }],
    checks.map(({ name, conclusion, title, required }) => {
      const word = words[conclusion];
      return [
        conclusion === 'failure' ? `**${word}**` : word,
        required ? name : `${name} (advisory)`,
        escapedText(title),
      ];
    }),
  );
  const sections = checks.map((check) => {
    const body = textBlocks(check, report, {})
      .map(({ text }) => deeper(text))
      .join('\n\n');
    const title = `${check.name}: ${words[check.conclusion]}`;
    const isOpen = check.conclusion === 'failure' || check.conclusion === 'action_required';
    return isOpen ? `### ${title}\n\n${escapedText(check.title)}\n\n${body}` : detailsText(title, body);
  });
  return `${[heading, overview, ...sections].join('\n\n')}\n`;
}

/** A check's own headings stand one level below the check's. */
function deeper(block: string): string {
  return block.startsWith('### ') ? `#${block}` : block;
}
