import {
  countText,
  decimalsForDifference,
  intervalText,
  limitText,
  numberText,
  plural,
  pValueText,
  signedText,
} from './format.ts';
import { improvementSign } from './improvement-sign.ts';
import { codeText, detailsText, escapedText, tableText, withinLimit } from './markdown.ts';
import { comparisonOf, driftOf, type MeasuredComparison } from './measured.ts';
import type { CheckResult, Finding, Report } from './report.ts';
import { sparkline } from './sparkline.ts';
import { type ForestLine, textForest } from './text-forest.ts';
import { verdictWord } from './verdict-word.ts';
import { worstFirst } from './worst-first.ts';

/** GitHub's limits. Reference: "Create a check run", docs.github.com. */
export const SUMMARY_LIMIT = 65_535;
export const TITLE_LIMIT = 255;
export const ANNOTATION_LIMIT = 50;

export interface CheckRunMarkdown {
  readonly title: string;
  readonly summary: string;
  readonly text: string;
  /** On the manifest's own lines, worst first; at most 50, which is what one call takes. */
  readonly annotations: readonly CheckRunAnnotation[];
}

export interface CheckRunAnnotation {
  readonly path: string;
  readonly line: number;
  readonly level: 'failure' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
}

export interface CheckRunLinks {
  /** The full report on the dashboard. */
  readonly report?: string;
  /** Drawings, each in a light and a dark form, with the finding as alternative text. */
  readonly images?: readonly {
    readonly light: string;
    readonly dark: string;
    readonly width: number;
    readonly alt: string;
  }[];
}

/**
 * A check run's page: the verdict in the title with the number that decided it, findings worst first, the plots as images and as
 * text, what to do next. Complete without images; within GitHub's limits.
 */
export function checkRunMarkdown(result: CheckResult, report: Report, links: CheckRunLinks = {}): CheckRunMarkdown {
  const findings = worstFirst(result.findings);
  const instead = links.report === undefined ? '' : `[Full report](${links.report})`;
  return {
    title: shortened(result.title, TITLE_LIMIT),
    summary: withinLimit(summaryBlocks(report, findings, instead), SUMMARY_LIMIT, instead),
    text: withinLimit(textBlocks(result, report, findings, links), SUMMARY_LIMIT, instead),
    annotations: annotationsOf(findings),
  };
}

/** What one check found, as blocks of Markdown: for the check run's text, and for the whole report's. */
export function textBlocks(
  result: CheckResult,
  report: Report,
  findings: readonly Finding[],
  links: CheckRunLinks,
): readonly string[] {
  const drawn = (links.images ?? []).map(pictureText);
  const forests = forestBlocks(findings);
  const differs = [
    ...drawn,
    ...(drawn.length > 0 ? forests.map((each) => detailsText('The same as text', each)) : forests),
  ];
  return [
    ...(differs.length > 0 ? ['### What differs', ...differs] : []),
    ...findingBlocks(findings),
    ...nextBlocks(result, findings),
    ...methodBlocks(result),
    footerText(result, report),
  ];
}

function summaryBlocks(report: Report, findings: readonly Finding[], instead: string): readonly string[] {
  // A check that only looks at parts of the rows still compares on all of them.
  const compared = findings.some((finding) => comparisonOf(finding) !== undefined);
  const all = compared ? report.checks.flatMap((check) => check.findings) : [];
  const rows = Math.max(0, ...[...findings, ...all].map((finding) => comparisonOf(finding)?.n ?? 0));
  const onRows = rows > 0 ? `, on the same ${plural(rows, 'row')}` : '';
  const subject = `**${escapedText(report.model)} ${escapedText(report.version)}${againstText(report)}${onRows}.**`;
  const decisive = findings
    .filter(({ verdict, severity }) => verdict !== 'pass' && severity === 'blocking')
    .slice(0, SUMMARY_ROWS);
  const shown =
    decisive.length > 0 ? decisive : findings.filter(({ severity }) => severity === 'blocking').slice(0, SUMMARY_ROWS);
  const lead = findings[0];
  return [
    `${subject} ${lead === undefined ? 'Nothing was found.' : escapedText(lead.reason)}`,
    ...tablesOf(shown),
    [countsText(findings), instead].filter((part) => part !== '').join(' '),
  ];
}

/** A summary shows what decided; the text shows everything. */
const SUMMARY_ROWS = 8;
/** A table longer than this is not read; the full report has the rest. */
const TABLE_ROWS = 60;

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

function findingBlocks(findings: readonly Finding[]): readonly string[] {
  const groups = {
    first: findings.filter(({ verdict }) => verdict === 'fail' || verdict === 'error' || verdict === 'waived'),
    undecided: findings.filter(({ verdict }) => verdict === 'inconclusive'),
    right: findings.filter(({ verdict }) => verdict === 'pass'),
    apart: findings.filter(({ verdict }) => verdict === 'not-applicable'),
  };
  const undecidedBlocks = groups.undecided.some(({ severity }) => severity === 'blocking');
  const undecided = tablesOf(groups.undecided);
  return [
    '### Findings, worst first',
    ...tablesOf(groups.first),
    ...(groups.undecided.length === 0
      ? []
      : undecidedBlocks
        ? undecided
        : [detailsText(`${groups.undecided.length} of which nobody can say (never a pass)`, undecided.join('\n\n'))]),
    ...foldedText(groups.right, 'that passed', groups.first.length + groups.undecided.length > 0),
    ...foldedText(groups.apart, 'that do not apply', true),
  ];
}

function foldedText(findings: readonly Finding[], what: string, folded: boolean): readonly string[] {
  if (findings.length === 0) return [];
  const tables = tablesOf(findings);
  return folded ? [detailsText(`${findings.length} ${what}`, tables.join('\n\n'))] : tables;
}

/** Findings as tables: comparisons, drifts, and sentences each in their own columns, in this order. */
function tablesOf(findings: readonly Finding[]): readonly string[] {
  const comparisons = findings.filter((finding) => comparisonOf(finding) !== undefined);
  const drifts = findings.filter((finding) => comparisonOf(finding) === undefined && driftOf(finding) !== undefined);
  const sentences = findings.filter((finding) => !comparisons.includes(finding) && !drifts.includes(finding));
  return [
    ...(comparisons.length > 0 ? [comparisonTable(comparisons)] : []),
    ...(drifts.length > 0 ? [driftTable(drifts)] : []),
    ...(sentences.length > 0 ? [sentenceTable(sentences)] : []),
  ].map(
    (table, i) => table + overflowText([comparisons, drifts, sentences].filter((each) => each.length > 0)[i] ?? []),
  );
}

function overflowText(findings: readonly Finding[]): string {
  const more = findings.length - TABLE_ROWS;
  return more > 0 ? `\n\n_and ${more} more._` : '';
}

function comparisonTable(findings: readonly Finding[]): string {
  return tableText(
    [
      { title: 'verdict' },
      { title: 'what' },
      { title: 'rows', align: 'right' },
      { title: 'champion', align: 'right' },
      { title: 'candidate', align: 'right' },
      { title: 'difference', align: 'right' },
      { title: 'interval', align: 'right' },
      { title: 'margin', align: 'right' },
    ],
    findings.slice(0, TABLE_ROWS).map((finding) => {
      const comparison = comparisonOf(finding);
      if (comparison === undefined) return [];
      const { candidate, baseline, difference, interval, margin, n } = comparison;
      const decimals = decimalsForDifference(baseline, difference);
      const cells = [
        verdictWord(finding),
        escapedText(subjectOf(comparison)),
        countText(n),
        numberText(baseline, decimals),
        numberText(candidate, decimals),
        signedText(difference, decimals),
        intervalText(interval, decimals),
        margin === undefined ? '' : limitText(margin),
      ];
      return finding.verdict === 'fail'
        ? cells.map((cell, i) => ([0, 1, 5].includes(i) ? `**${cell}**` : cell))
        : cells;
    }),
  );
}

function subjectOf({ cohort, metric }: MeasuredComparison): string {
  return cohort === undefined ? metric : `${cohort}: ${metric}`;
}

/** The most frequent categories tell the shape. */
const MOST_BARS = 16;

function driftTable(findings: readonly Finding[]): string {
  return tableText(
    [
      { title: 'verdict' },
      { title: 'what' },
      { title: 'test' },
      { title: 'statistic', align: 'right' },
      { title: 'p', align: 'right' },
      { title: 'adjusted p', align: 'right' },
      { title: 'effect', align: 'right' },
      { title: 'limit', align: 'right' },
      { title: 'before → now' },
    ],
    findings.slice(0, TABLE_ROWS).map((finding) => {
      const drift = driftOf(finding);
      if (drift === undefined) return [];
      const { effect, shares } = drift;
      const greatest = Math.max(0, ...(shares?.reference ?? []), ...(shares?.window ?? []));
      const bold = (cell: string) => (finding.verdict === 'fail' ? `**${cell}**` : cell);
      return [
        bold(verdictWord(finding)),
        bold(escapedText(drift.subject)),
        escapedText(drift.method),
        drift.statistic === undefined ? '' : numberText(drift.statistic),
        drift.pValue === undefined ? '' : pValueText(drift.pValue),
        drift.adjustedPValue === undefined ? '' : pValueText(drift.adjustedPValue),
        effect === undefined ? '' : bold(`${escapedText(effect.measure)} ${numberText(effect.value)}`),
        effect === undefined ? '' : limitText(effect.limit),
        shares === undefined
          ? ''
          : `\`${sparkline(shares.reference.slice(0, MOST_BARS), greatest)}\` → \`${sparkline(shares.window.slice(0, MOST_BARS), greatest)}\``,
      ];
    }),
  );
}

function sentenceTable(findings: readonly Finding[]): string {
  return tableText(
    [{ title: 'verdict' }, { title: 'finding' }, { title: '' }],
    findings.slice(0, TABLE_ROWS).map((finding) => {
      const waiver =
        finding.waiver === undefined
          ? ''
          : ` Waived by ${escapedText(finding.waiver.by)} until ${finding.waiver.until.slice(0, 10)}: ${escapedText(finding.waiver.because)}`;
      const word = finding.severity === 'advisory' && finding.verdict === 'fail' ? 'advisory' : verdictWord(finding);
      return [
        finding.verdict === 'fail' ? `**${word}**` : word,
        `\`${finding.id.replaceAll('`', "'")}\``.replaceAll('|', '\\|'),
        escapedText(finding.reason) + waiver,
      ];
    }),
  );
}

/** One forest a metric, of the metrics that several findings speak of. */
function forestBlocks(findings: readonly Finding[]): readonly string[] {
  const byMetric = Map.groupBy(
    findings.filter((finding) => comparisonOf(finding) !== undefined),
    (finding) => comparisonOf(finding)?.metric ?? '',
  );
  return [...byMetric]
    .filter(([, group]) => group.length > 1)
    .map(([metric, group]) => {
      const sign = improvementSign(metric);
      const margin = comparisonOf(group[0] ?? findings[0] ?? emptyFinding)?.margin ?? 0;
      const lines = group.slice(0, FOREST_LINES).map((finding) => forestLine(finding, sign));
      return `${escapedText(metric)}, candidate against champion, better to the right; \`┊\` margin, \`│\` no change:\n\n${codeText(textForest(lines, margin))}`;
    });
}
const FOREST_LINES = 24;
const emptyFinding: Finding = { id: '', verdict: 'error', severity: 'advisory', reason: '', measured: {} };

function forestLine(finding: Finding, sign: 1 | -1): ForestLine {
  const comparison = comparisonOf(finding);
  const { lower = 0, upper = 0 } = comparison?.interval ?? {};
  const difference = comparison?.difference ?? 0;
  const decimals = decimalsForDifference(comparison?.baseline ?? 1, difference);
  const word = verdictWord(finding);
  return {
    label: comparison?.cohort ?? 'everyone',
    estimate: sign * difference,
    interval: sign > 0 ? { lower, upper } : { lower: -upper, upper: -lower },
    mark: finding.verdict === 'fail' ? '◆' : finding.verdict === 'inconclusive' ? '○' : '●',
    note: `${signedText(difference, decimals)}${finding.verdict === 'pass' ? '' : `  ${word}`}`,
  };
}

function pictureText({ light, dark, width, alt }: NonNullable<CheckRunLinks['images']>[number]): string {
  const quoted = alt.replaceAll('"', '&quot;');
  return `<picture>\n<source media="(prefers-color-scheme: dark)" srcset="${dark}">\n<img src="${light}" width="${width}" alt="${quoted}">\n</picture>`;
}

/** What to do, once each: the findings' own next steps, then how to waive. */
function nextBlocks(result: CheckResult, findings: readonly Finding[]): readonly string[] {
  const open = findings.filter(
    ({ verdict }) => verdict === 'fail' || verdict === 'inconclusive' || verdict === 'error',
  );
  const blocking = open.filter(({ severity }) => severity === 'blocking');
  const steps = [...new Set(open.flatMap(({ next }) => (next === undefined ? [] : [next])))].slice(0, MOST_STEPS);
  const waive =
    blocking.length > 0
      ? [`If this is understood and accepted: \`/waive ${result.name} until <date> because <why>\`.`]
      : [];
  const all = [...steps.map(escapedText), ...waive];
  return all.length === 0 ? [] : ['### What to do', all.map((step, i) => `${i + 1}. ${step}`).join('\n')];
}
const MOST_STEPS = 8;

function methodBlocks({ method = [] }: CheckResult): readonly string[] {
  return method.length === 0 ? [] : [detailsText('Method', method.map(escapedText).join(' '))];
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

const levels = { fail: 'failure', error: 'failure', inconclusive: 'warning' } as const;

function annotationsOf(findings: readonly Finding[]): readonly CheckRunAnnotation[] {
  return findings
    .flatMap(({ id, verdict, severity, reason, next, at }) => {
      if (at?.line === undefined || verdict === 'pass' || verdict === 'not-applicable' || verdict === 'waived')
        return [];
      const level = severity === 'advisory' ? ('notice' as const) : levels[verdict];
      return [
        {
          path: at.file,
          line: at.line,
          level,
          title: shortened(id, TITLE_LIMIT),
          message: next === undefined ? reason : `${reason}\n${next}`,
        },
      ];
    })
    .slice(0, ANNOTATION_LIMIT);
}

function shortened(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}
