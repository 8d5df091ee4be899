import { annotationsOf, type CheckRunAnnotation, shortened } from './annotations.ts';
import { figureBlocks, type FigureImage } from './figure-markdown.ts';
import { findingTables, type SideNames, sideNamesOf } from './findings-markdown.ts';
import { numberText, plural } from './format.ts';
import { type Block, detailsText, escapedText, withinLimit } from './markdown.ts';
import { comparisonOf } from './measured.ts';
import { nextSteps } from './next-steps.ts';
import type { CheckResult, Finding, Report } from './report.ts';
import { summaryFindings } from './summary-findings.ts';
import { verdictWord } from './verdict-word.ts';
import { worstFirst } from './worst-first.ts';

/** GitHub's limits. Reference: "Create a check run", docs.github.com. */
export const SUMMARY_LIMIT = 65_535;
export const TITLE_LIMIT = 255;

export interface CheckRunMarkdown {
  readonly title: string;
  readonly summary: string;
  readonly text: string;
  /** On the manifest's own lines, worst first; at most 50, which is what one call takes. */
  readonly annotations: readonly CheckRunAnnotation[];
}

export interface CheckRunLinks {
  /** The full report on the dashboard. */
  readonly report?: string;
  readonly images?: readonly FigureImage[];
}

/**
 * A check run's page: the verdict in the title with the number that decided it, findings worst first, figures as images and as
 * text, what to do next. Complete without images; within GitHub's limits.
 */
export function checkRunMarkdown(result: CheckResult, report: Report, links: CheckRunLinks = {}): CheckRunMarkdown {
  const findings = worstFirst(result.findings);
  const instead = links.report === undefined ? '' : `[Full report](${links.report})`;
  return {
    title: shortened(result.title, TITLE_LIMIT),
    summary: withinLimit(summaryBlocks(result, report, instead), SUMMARY_LIMIT, instead),
    text: withinLimit(textBlocks(result, report, links), SUMMARY_LIMIT, instead),
    annotations: annotationsOf(findings),
  };
}

/** What one check found, as blocks of Markdown: for the check run's text, and for the whole report's. */
export function textBlocks(result: CheckResult, report: Report, links: CheckRunLinks): readonly Block[] {
  const findings = worstFirst(result.findings);
  const drawn = figureBlocks(result, links.images ?? []);
  const [first = '', ...others] = drawn;
  return [
    ...(drawn.length === 0 ? [] : [{ name: 'the first figure', text: `### What differs\n\n${first}` }]),
    ...others.map((text) => ({ name: 'a figure', text })),
    ...findingBlocks(findings, sideNamesOf(report)),
    ...nextBlocks(result),
    ...methodBlocks(result),
    { name: 'the environment', text: footerText(result, report), kept: true },
  ];
}

function summaryBlocks(result: CheckResult, report: Report, instead: string): readonly Block[] {
  const findings = worstFirst(result.findings);
  // A check that only looks at parts of the rows still compares on all of them.
  const compared = findings.some((finding) => comparisonOf(finding) !== undefined);
  const all = compared ? report.checks.flatMap((check) => check.findings) : [];
  const rows = Math.max(0, ...[...findings, ...all].map((finding) => comparisonOf(finding)?.n ?? 0));
  const onRows = rows > 0 ? `, on the same ${plural(rows, 'row')}` : '';
  const subject = `**${escapedText(report.model)} ${escapedText(report.version)}${againstText(report)}${onRows}.**`;
  const { lead, shown } = summaryFindings(result, report);
  const counts = [countsText(findings), instead].filter((part) => part !== '').join(' ');
  return [
    { name: 'the verdict', text: `${subject} ${lead === undefined ? 'Nothing was found.' : escapedText(lead.reason)}` },
    ...findingTables(shown, sideNamesOf(report)).map((text) => ({ name: 'a table of what decided', text })),
    ...(counts === '' ? [] : [{ name: 'the counts', text: counts, kept: true }]),
  ];
}

function againstText({ baseline }: Report): string {
  switch (baseline.kind) {
    case 'production':
      return ` against ${escapedText(baseline.version ?? 'the champion')} in production`;
    case 'version':
      return ` against ${escapedText(baseline.version ?? 'another version')}`;
    case 'simple':
      return ' against a simple model';
  }
}

function countsText(findings: readonly Finding[]): string {
  const counts = new Map<string, number>();
  for (const finding of findings) counts.set(verdictWord(finding), (counts.get(verdictWord(finding)) ?? 0) + 1);
  const parts = [...counts].map(([word, count]) => `${count} ${word}`);
  return findings.length === 0 ? '' : `${plural(findings.length, 'finding')}: ${parts.join(', ')}.`;
}

/** What failed stands open, worst first; what nobody can say is folded unless it blocks; what is right is folded with its numbers. */
function findingBlocks(findings: readonly Finding[], names: SideNames): readonly Block[] {
  const failing = findings.filter(({ verdict }) => verdict === 'fail' || verdict === 'error' || verdict === 'waived');
  const undecided = findings.filter(({ verdict }) => verdict === 'inconclusive');
  const right = findings.filter(({ verdict }) => verdict === 'pass');
  const apart = findings.filter(({ verdict }) => verdict === 'not-applicable');
  const blocks = (some: readonly Finding[], name: string): readonly Block[] =>
    findingTables(some, names).map((text) => ({ name, text }));
  const folded = (some: readonly Finding[], what: string): readonly Block[] =>
    some.length === 0
      ? []
      : [
          {
            name: `${some.length} findings ${what}`,
            text: detailsText(`${some.length} ${what}`, findingTables(some, names).join('\n\n')),
          },
        ];
  const open = [
    ...blocks(failing, `findings that failed (${failing.length})`),
    ...(undecided.some(({ severity }) => severity === 'blocking')
      ? blocks(undecided, `findings that nobody can decide (${undecided.length})`)
      : []),
  ];
  return [
    ...(findings.length === 0 ? [] : [{ name: 'a heading', text: '### Findings, worst first', kept: true }]),
    ...open,
    ...(undecided.some(({ severity }) => severity === 'blocking')
      ? []
      : folded(undecided, 'of which nobody can say (never a pass)')),
    ...(open.length + undecided.length === 0
      ? blocks(right, `findings that passed (${right.length})`)
      : folded(right, 'that passed')),
    ...folded(apart, 'that do not apply'),
  ];
}

/** What to do, once each: the findings' own next steps, then how to waive. */
function nextBlocks(result: CheckResult): readonly Block[] {
  const { steps, more } = nextSteps(result);
  const blocking = result.findings.some(
    ({ verdict, severity }) =>
      severity === 'blocking' && (verdict === 'fail' || verdict === 'inconclusive' || verdict === 'error'),
  );
  const all = [
    ...steps.map(({ next, about }) => (about === undefined ? '' : `${escapedText(about)}: `) + escapedText(next)),
    ...(more === 0 ? [] : [`${more} more ${more === 1 ? 'step stands' : 'steps stand'} in the full report.`]),
    ...(blocking ? [`If this is understood and accepted: \`/waive ${result.name} until <date> because <why>\`.`] : []),
  ];
  if (all.length === 0) return [];
  return [
    {
      name: 'what to do',
      text: `### What to do\n\n${all.map((step, i) => `${i + 1}. ${step}`).join('\n')}`,
      kept: true,
    },
  ];
}

function methodBlocks({ method = [] }: CheckResult): readonly Block[] {
  return method.length === 0
    ? []
    : [{ name: 'the method', text: detailsText('Method', method.map(escapedText).join(' ')) }];
}

function footerText(result: CheckResult, { environment, evidence }: Report): string {
  const key =
    evidence === undefined
      ? ''
      : ` · evidence \`${evidence.key.replace(/^sha256:/, '').slice(0, 12)}\`${evidence.cached ? ', from cache' : ''}`;
  const seconds =
    result.durationMs < 1000 ? `${Math.round(result.durationMs)} ms` : `${numberText(result.durationMs / 1000, 1)} s`;
  return `<sub>slipway ${escapedText(environment.slipway)} · onnxruntime ${escapedText(environment.onnxruntime)}${key} · ${seconds}</sub>`;
}
