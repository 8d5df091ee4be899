import {
  countText,
  decimalsForDifference,
  intervalText,
  limitText,
  numberText,
  pValueText,
  signedText,
} from './format.ts';
import { escapedText, tableText } from './markdown.ts';
import { comparisonOf, driftOf, type MeasuredComparison } from './measured.ts';
import type { Finding, Report } from './report.ts';
import { sparkline } from './sparkline.ts';
import { verdictWord } from './verdict-word.ts';

/** A table longer than this is not read; the full report has the rest. */
const TABLE_ROWS = 60;
/** The most frequent categories tell the shape. */
const MOST_BARS = 16;

/** What stands on the two sides of every comparison: `1.0.0` and `2.0.0`. */
export interface SideNames {
  readonly champion: string;
  readonly candidate: string;
}

export const sideNamesOf = ({ version, baseline }: Report): SideNames => ({
  champion: baseline.version === undefined ? 'baseline' : `champion ${escapedText(baseline.version)}`,
  candidate: `candidate ${escapedText(version)}`,
});

/** Findings as tables: comparisons, drifts, and sentences each in their own columns, in this order. */
export function findingTables(findings: readonly Finding[], names: SideNames): readonly string[] {
  const comparisons = findings.filter((finding) => comparisonOf(finding) !== undefined);
  const drifts = furthestFirst(
    findings.filter((finding) => comparisonOf(finding) === undefined && driftOf(finding) !== undefined),
  );
  const sentences = findings.filter((finding) => !comparisons.includes(finding) && !drifts.includes(finding));
  const others = [...Map.groupBy(comparisons, ({ id, measured }) => otherYardstick(id, measured))];
  return [
    ...others.map(([other, some]) => ({
      some,
      table: (shown: readonly Finding[]) =>
        comparisonTable(shown, other === undefined ? names : { ...names, champion: escapedText(other) }),
    })),
    { some: drifts, table: driftTable },
    { some: sentences, table: sentenceTable },
  ].flatMap(({ some, table }) =>
    some.length === 0 ? [] : [table(some.slice(0, TABLE_ROWS)) + overflowText(some.length - TABLE_ROWS)],
  );
}

/** Within a verdict what moved furthest against its limit. */
const furthestFirst = (findings: readonly Finding[]): readonly Finding[] =>
  findings.toSorted((a, b) => (a.verdict === b.verdict ? excessOf(b) - excessOf(a) : 0));

function excessOf(finding: Finding): number {
  const effect = driftOf(finding)?.effect;
  return effect === undefined || effect.limit <= 0 ? 0 : effect.value / effect.limit;
}

/** What a comparison is held against where that is not the champion: `baseline/trivial/roc_auc`, `baseline/linear/mae`. */
const otherYardstick = (id: string, { against }: Finding['measured']): string | undefined =>
  /^baseline\/[^/]+\//.test(id) ? (typeof against === 'string' ? against : 'another model') : undefined;

const overflowText = (more: number): string => (more > 0 ? `\n\n_and ${countText(more)} more._` : '');

function comparisonTable(findings: readonly Finding[], { champion, candidate }: SideNames): string {
  const decides = findings.some(({ measured }) => typeof measured.rowsThatWouldDecide === 'number');
  const jointly = findings.find(({ id, measured }) => typeof measured.jointly === 'number' && !id.includes('/slice/'))
    ?.measured.jointly;
  return tableText(
    [
      { title: 'verdict' },
      { title: 'what' },
      { title: 'rows', align: 'right' },
      { title: champion, align: 'right' },
      { title: candidate, align: 'right' },
      { title: 'difference', align: 'right' },
      {
        title: typeof jointly === 'number' && jointly > 1 ? `95 %, jointly over ${jointly}` : '95 % interval',
        align: 'right',
      },
      { title: 'margin', align: 'right' },
      ...(decides ? [{ title: 'rows that would decide', align: 'right' as const }] : []),
    ],
    findings.flatMap((finding) => {
      const comparison = comparisonOf(finding);
      return comparison === undefined ? [] : [comparisonCells(finding, comparison, decides)];
    }),
  );
}

function comparisonCells(finding: Finding, comparison: MeasuredComparison, decides: boolean): readonly string[] {
  const { candidate, baseline, difference, interval, margin, n } = comparison;
  const decimals = decimalsForDifference(baseline, difference);
  const wanted = finding.measured.rowsThatWouldDecide;
  const cells = [
    verdictWord(finding),
    escapedText(subjectOf(finding, comparison)),
    countText(n),
    numberText(baseline, decimals),
    numberText(candidate, decimals),
    signedText(difference, decimals),
    intervalText(interval, decimals),
    margin === undefined ? '' : limitText(margin),
    ...(decides ? [typeof wanted === 'number' ? `about ${countText(wanted)}` : ''] : []),
  ];
  return finding.verdict === 'fail' ? cells.map((cell, i) => ([0, 1, 5].includes(i) ? `**${cell}**` : cell)) : cells;
}

function subjectOf({ id }: Finding, { cohort, metric }: MeasuredComparison): string {
  const searched = id.includes('/slice/') ? ' (found by search)' : '';
  return cohort === undefined ? metric : `${cohort}${searched}: ${metric}`;
}

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
    findings.map((finding) => {
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
    findings.map((finding) => {
      const waiver =
        finding.waiver === undefined
          ? ''
          : ` Waived by ${escapedText(finding.waiver.by)} until ${finding.waiver.until.slice(0, 10)}: ${escapedText(finding.waiver.because)}`;
      const word = finding.severity === 'advisory' && finding.verdict === 'fail' ? 'advisory' : verdictWord(finding);
      const bold = finding.verdict === 'fail' && finding.severity === 'blocking';
      return [
        bold ? `**${word}**` : word,
        `\`${finding.id.replaceAll('`', "'")}\``.replaceAll('|', '\\|'),
        escapedText(finding.reason) + waiver,
      ];
    }),
  );
}
