import type { Cell } from '../../serving/model/table.ts';
import { styleText } from 'node:util';
import { comparisonOf } from '../../checks/report/measured.ts';
import {
  countText,
  decimalsForDifference,
  intervalText,
  limitText,
  numberText,
  plural,
  signedText,
} from '../../checks/report/format.ts';
import type { Finding, Report } from '../../checks/report/report.ts';
import { verdictWord } from '../../checks/report/verdict-word.ts';
import type { Flips } from './flips.ts';

/** Cohorts that are told; the report has all. */
const COHORTS_TOLD = 5;

/** Two models on the same rows, for a terminal: the verdict, each metric, cohorts that are worse or undecided, decisions that flip. */
export function compareText(
  report: Report,
  flips: Flips | undefined,
  {
    color,
    champion,
    candidate,
    data,
  }: { readonly color: boolean; readonly champion: string; readonly candidate: string; readonly data: string },
): string {
  const findings = report.checks.flatMap((check) => check.findings);
  const metrics = findings.filter(
    (finding) =>
      finding.id.startsWith('baseline/') &&
      comparisonOf(finding) !== undefined &&
      !finding.id.startsWith('baseline/trivial'),
  );
  const cohorts = findings.filter(
    (finding) =>
      finding.id.startsWith('cohorts/') && finding.verdict !== 'pass' && finding.verdict !== 'not-applicable',
  );
  const others = findings.filter(
    (finding) =>
      !metrics.includes(finding) &&
      !cohorts.includes(finding) &&
      finding.severity === 'blocking' &&
      finding.verdict !== 'pass' &&
      finding.verdict !== 'not-applicable',
  );
  const before = `${report.model} ${report.baseline.version ?? ''}`.trim();
  const head = `${report.model} ${report.version} (${candidate}) against ${before} (${champion}) on ${data}: ${verdictText(report, color)}`;
  return [
    head,
    '',
    ...table(metrics, color),
    ...(cohorts.length === 0
      ? []
      : [
          '',
          ...cohorts.slice(0, COHORTS_TOLD).map(({ id, reason }) => `  ${id}: ${reason}`),
          ...moreText(cohorts.length - COHORTS_TOLD),
        ]),
    ...(others.length === 0
      ? []
      : [
          '',
          ...others.map(({ id, reason, next }) => `  ${id}: ${reason}${next === undefined ? '' : `\n    → ${next}`}`),
        ]),
    ...(flips === undefined ? [] : ['', ...flipLines(flips)]),
  ].join('\n');
}

function moreText(count: number): readonly string[] {
  return count > 0 ? [`  … and ${plural(count, 'cohort finding')} more (--json lists them)`] : [];
}

const SIGNS = {
  success: ['not worse', 'green'],
  skipped: ['not worse', 'green'],
  failure: ['worse', 'red'],
  action_required: ['cannot say', 'yellow'],
} as const;

function verdictText({ checks }: Report, color: boolean): string {
  const conclusions = checks.map(({ conclusion }) => conclusion);
  const worst =
    (['failure', 'action_required', 'success', 'skipped'] as const).find((one) => conclusions.includes(one)) ??
    'action_required';
  const [word, style] = SIGNS[worst];
  return color ? styleText(style, word, { validateStream: false }) : word;
}

function table(metrics: readonly Finding[], color: boolean): readonly string[] {
  const rows = metrics.flatMap((finding) => {
    const compared = comparisonOf(finding);
    if (compared === undefined) return [];
    const decimals = decimalsForDifference(compared.baseline, compared.difference);
    const margin = compared.margin === undefined ? '' : `margin ${limitText(compared.margin)}`;
    return [
      [
        compared.metric,
        numberText(compared.baseline, decimals),
        numberText(compared.candidate, decimals),
        `${signedText(compared.difference, decimals)} ${intervalText(compared.interval, decimals)}`,
        margin,
        verdictWord(finding),
      ],
    ];
  });
  const head = ['metric', 'champion', 'candidate', 'difference, 95 %', '', ''];
  const widths = head.map((text, i) => Math.max(text.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const lineOf = (cells: readonly string[]): string =>
    `  ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd();
  const headLine = lineOf(head);
  return [color ? styleText('dim', headLine, { validateStream: false }) : headLine, ...rows.map(lineOf)];
}

function flipLines({ flips, rows, becomeRight, becomeWrong, examples }: Flips): readonly string[] {
  const head = `${countText(flips)} of ${plural(rows, 'decision')} flip: ${countText(becomeRight)} become right, ${countText(becomeWrong)} become wrong.`;
  return [
    head,
    ...examples.map(({ row, champion, candidate, label, record }) => {
      const cells = Object.entries(record);
      const values = cells.slice(0, CELLS_SHOWN).map(([name, value]) => `${name} ${cellText(value)}`);
      if (cells.length > CELLS_SHOWN) values.push(`and ${cells.length - CELLS_SHOWN} more`);
      return `  row ${row}: ${String(champion.class)} (${scoreText(champion.score)}) → ${String(candidate.class)} (${scoreText(candidate.score)}), true ${String(label)}: ${values.join(', ')}`;
    }),
  ];
}

/** A line of a terminal holds no more; --json has all. */
const CELLS_SHOWN = 8;

function cellText(value: Cell): string {
  if (typeof value === 'number') return String(Number(value.toPrecision(CELL_DIGITS)));
  return Array.isArray(value) ? '[…]' : String(value);
}
const CELL_DIGITS = 6;

/** Of several classes the decided one's score. */
function scoreText(score: number | readonly number[]): string {
  return numberText(Math.max(...[score].flat()), 3);
}
