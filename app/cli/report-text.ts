import { styleText } from 'node:util';
import type { CheckResult, Finding, Report } from '../../checks/report/report.ts';

type Style = Parameters<typeof styleText>[0];

const VERDICTS: Readonly<
  Record<Finding['verdict'], { readonly word: string; readonly style: Style; readonly rank: number }>
> = {
  fail: { word: 'fail', style: 'red', rank: 0 },
  error: { word: 'error', style: 'red', rank: 1 },
  inconclusive: { word: 'cannot say', style: 'yellow', rank: 2 },
  waived: { word: 'waived', style: 'yellow', rank: 3 },
  pass: { word: 'pass', style: 'green', rank: 4 },
  'not-applicable': { word: 'not asked', style: 'dim', rank: 5 },
};

const CONCLUSIONS: Readonly<Record<CheckResult['conclusion'], { readonly sign: string; readonly style: Style }>> = {
  success: { sign: '✓', style: 'green' },
  failure: { sign: '✗', style: 'red' },
  action_required: { sign: '?', style: 'yellow' },
  skipped: { sign: '–', style: 'dim' },
};

const HEADLINES: Readonly<Record<Report['conclusion'], { readonly words: string; readonly style: Style }>> = {
  success: { words: 'may be merged', style: 'green' },
  failure: { words: 'blocked', style: 'red' },
  action_required: { words: 'cannot be told', style: 'yellow' },
};

/** A report for a terminal: the verdict, one line a check, then what did not pass, worst first. Passes are counted; `--json` has them all. */
export function reportText(
  report: Report,
  { color, manifest }: { readonly color: boolean; readonly manifest: string },
): string {
  const paint = (style: Style, text: string): string =>
    color ? styleText(style, text, { validateStream: false }) : text;
  const { words, style } = HEADLINES[report.conclusion];
  // A manifest that cannot be read has no version, and was compared with nothing.
  const isRead = report.version !== 'unknown';
  const name = isRead ? `${report.model} ${report.version}` : report.model;
  const head = `${paint('bold', name)}${isRead ? ` against ${baselineText(report)}` : ''}: ${paint(style, words)}`;
  const width = Math.max(...report.checks.map(({ name }) => name.length));
  const checks = report.checks.map(({ name, title, conclusion, required }) => {
    const { sign, style: signStyle } = CONCLUSIONS[conclusion];
    return `  ${paint(signStyle, sign)} ${name.padEnd(width)}  ${title}${required ? '' : paint('dim', ' (advisory)')}`;
  });
  const findings = report.checks.flatMap(({ findings: found }) => found);
  const { told, folded } = toldOf(report.checks);
  const lines = [
    ...told.flatMap((finding) => findingLines(finding, paint)),
    ...folded.map(({ check, count }) =>
      paint(
        'dim',
        `  … and ${count} more of ${check} that ${count === 1 ? 'decides' : 'decide'} nothing (--json lists them)`,
      ),
    ),
  ];
  const passes = findings.filter(({ verdict }) => verdict === 'pass').length;
  const cached = report.evidence?.cached === true ? ', evidence from the cache' : '';
  const passed =
    passes === 0
      ? ''
      : `${passes} ${passes === 1 ? 'finding passes' : 'findings pass'} (--json shows their numbers) · `;
  const foot = paint('dim', `  ${passed}${manifest}${cached}`);
  return [head, ...checks, ...(lines.length === 0 ? [] : ['', ...lines]), '', foot].join('\n');
}

/** Findings that decide nothing are told up to this many a check: twenty cohorts that are too small must not hide the one that blocks. */
const mostUndeciding = 3;

/** What did not pass, worst first; what blocks is told whole. */
function toldOf(checks: readonly CheckResult[]): {
  readonly told: readonly Finding[];
  readonly folded: readonly { readonly check: string; readonly count: number }[];
} {
  const parted = checks.map(({ name, findings }) => {
    const open = findings
      .filter(({ verdict }) => verdict !== 'pass' && verdict !== 'not-applicable')
      .toSorted((a, b) => rankOf(a) - rankOf(b));
    const undeciding = open.filter(({ severity }) => severity === 'advisory');
    // One more line would say no less than the line that counts it.
    const most = undeciding.length === mostUndeciding + 1 ? undeciding.length : mostUndeciding;
    const folded = new Set(undeciding.slice(most));
    return { check: name, told: open.filter((finding) => !folded.has(finding)), count: folded.size };
  });
  return {
    told: parted.flatMap(({ told }) => told).toSorted((a, b) => rankOf(a) - rankOf(b)),
    folded: parted.filter(({ count }) => count > 0),
  };
}

function rankOf({ verdict, severity }: Finding): number {
  const { rank } = VERDICTS[verdict];
  return severity === 'blocking' ? rank : rank + Object.keys(VERDICTS).length;
}

function findingLines(finding: Finding, paint: (style: Style, text: string) => string): readonly string[] {
  const advises = finding.severity === 'advisory' && finding.verdict === 'fail';
  const { word, style } = advises ? ({ word: 'advisory', style: 'yellow' } as const) : VERDICTS[finding.verdict];
  const advisory = finding.severity === 'advisory' && !advises ? paint('dim', ' (advisory)') : '';
  const at = finding.at === undefined ? '' : paint('dim', ` ${placeText(finding.at)}`);
  const waiver =
    finding.waiver === undefined
      ? ''
      : ` (waived by ${finding.waiver.by} until ${finding.waiver.until}: ${finding.waiver.because})`;
  const next = finding.next === undefined || finding.verdict === 'waived' ? [] : [`    → ${finding.next}`];
  return [`  ${paint(style, word)}  ${finding.id}${advisory}${at}`, `    ${finding.reason}${waiver}`, ...next];
}

function placeText({ file, line, column }: NonNullable<Finding['at']>): string {
  return `${file}${line === undefined ? '' : `:${line}`}${column === undefined ? '' : `:${column}`}`;
}

function baselineText({ baseline }: Report): string {
  if (baseline.kind === 'simple') return 'a trivial model';
  return `${baseline.version ?? 'its baseline'}${baseline.kind === 'production' ? '' : ' (the version that the manifest names)'}`;
}
