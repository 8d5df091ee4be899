import { type ColumnResult, type DriftComparison } from '../../checks/drift/compare-samples.ts';
import { alsoOf } from '../../checks/drift/drift-findings.ts';
import { limitText, numberText, plural, pValueText } from '../../checks/report/format.ts';
import { sparkline } from '../../checks/report/sparkline.ts';
import type { CommandIo } from './command.ts';

/** What was compared, and where it came from. */
export interface DriftResult {
  readonly comparison: DriftComparison;
  readonly reference: string;
  readonly window: string;
  /** What the reference's profile cannot tell; left out where its rows were read. */
  readonly profile?: ProfileNote;
}
export interface ProfileNote {
  /** Of the reference's file. */
  readonly digest?: string;
  readonly lost: string;
  /** How far the reference's distribution function may be off at any value. */
  readonly distributionError: number;
}

/** The contract of docs/command-line.md; fields may be added, never renamed. */
export function driftJson({ comparison, reference, window, profile }: DriftResult) {
  const { rows, alpha, drifted, columns, joint, relation, left } = comparison;
  return {
    reference: { file: reference, rows: rows.reference, ...(profile === undefined ? {} : { profile }) },
    window: { file: window, rows: rows.window },
    alpha,
    drifted,
    columns: columns.map((column) => ({
      name: column.name,
      role: column.role,
      type: column.type,
      drifted: column.drifted,
      method: column.constant ? 'constant' : column.method,
      ...(column.variant === undefined ? {} : { variant: column.variant }),
      statistic: column.statistic,
      pValue: column.pValue,
      adjustedPValue: column.adjustedPValue,
      effect: column.effect,
      missing: column.missing,
      also: alsoOf(column),
      shares: column.shares,
    })),
    joint: joint ?? null,
    relation: relation ?? null,
    left,
  };
}

export interface DriftLine {
  readonly drifted: boolean;
  readonly name: string;
  readonly effect: string;
  readonly limit: string;
  readonly test: string;
  readonly adjusted: string;
  readonly shape: string;
}

/** Worst first: what drifted, then by how far it is from its limit. */
export function driftLines({ columns, joint, relation }: DriftComparison): readonly DriftLine[] {
  const all = [
    ...columns
      .filter(({ constant }) => !constant)
      .map((column) => ({ ...column, shape: shapeOf(column), statistic: column.statistic })),
    ...(relation === undefined
      ? []
      : [
          {
            ...relation,
            name: 'relation of label to inputs',
            shape: `mean ${relation.loss} ${numberText(relation.reference)} → ${numberText(relation.window)}`,
          },
        ]),
    ...(joint === undefined ? [] : [{ ...joint, name: 'all columns together', shape: '' }]),
  ];
  return all
    .toSorted(
      (a, b) =>
        Number(b.drifted) - Number(a.drifted) || b.effect.value / b.effect.limit - a.effect.value / a.effect.limit,
    )
    .map(({ name, drifted, effect, method, statistic, adjustedPValue, shape }) => ({
      drifted,
      name,
      effect: `${effect.measure} ${numberText(effect.value)}`,
      limit: limitText(effect.limit),
      test: `${method} ${numberText(statistic)}`,
      adjusted: pValueText(adjustedPValue),
      shape,
    }));
}

/** The most frequent categories tell the shape; a line is no place for fifty. */
const MOST_BARS = 16;

function shapeOf({ shares }: ColumnResult): string {
  const greatest = Math.max(...shares.reference, ...shares.window);
  const drawn = (side: readonly number[]) => sparkline(side.slice(0, MOST_BARS), greatest);
  return `${drawn(shares.reference)} → ${drawn(shares.window)}${shares.reference.length > MOST_BARS ? ' …' : ''}`;
}

export function driftSummary(comparison: DriftComparison): string {
  const lines = driftLines(comparison);
  const drifted = lines.filter((line) => line.drifted);
  const [first] = drifted;
  const sizes = `${plural(comparison.rows.reference, 'row')} against ${plural(comparison.rows.window, 'row')}`;
  if (first === undefined)
    return `No drift: ${sizes}, ${plural(lines.length, 'test')}, alpha ${limitText(comparison.alpha)}.`;
  const more = drifted.length > 1 ? `, and ${drifted.length - 1} more` : '';
  return `Drift: ${first.name}, ${first.effect} (limit ${first.limit})${more}; ${sizes}.`;
}

export function tellDrift({ comparison, profile }: DriftResult, io: CommandIo): void {
  const lines = driftLines(comparison);
  const width = (of: (line: DriftLine) => string) => Math.max(0, ...lines.map((line) => of(line).length));
  const [names, effects, tests] = [width(({ name }) => name), width(({ effect }) => effect), width(({ test }) => test)];
  io.out(driftSummary(comparison));
  for (const { drifted, name, effect, limit, test, adjusted, shape } of lines) {
    const word = drifted ? 'drifted ' : 'no drift';
    io.out(
      `  ${word}  ${name.padEnd(names)}  ${effect.padEnd(effects)} (limit ${limit})  ${test.padEnd(tests)}  adjusted p ${adjusted.padEnd(8)}  ${shape}`.trimEnd(),
    );
  }
  for (const { name, allMissing } of comparison.columns.filter(({ constant }) => constant))
    io.out(`  constant  ${name}: ${allMissing === undefined ? 'one value' : 'no value at all'} on both sides`);
  for (const { column, why } of comparison.left) io.out(`  left out  ${column}: ${why}`);
  if (profile !== undefined) io.out(`  profile   ${profile.lost}`);
}

export function driftMarkdown({ comparison, reference, window, profile }: DriftResult): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = driftLines(comparison).map((line) => {
    const word = line.drifted ? '**drifted**' : 'no drift';
    return `| ${[word, cell(line.name), line.effect, line.limit, line.test, line.adjusted, `\`${line.shape}\``].join(' | ')} |`;
  });
  const note = profile === undefined ? [] : ['', `- ${cell(profile.lost)}`];
  const left = comparison.left.map(({ column, why }) => `- left out: ${cell(column)}, ${cell(why)}`);
  return [
    `**${cell(driftSummary(comparison))}** \`${reference}\` → \`${window}\``,
    '',
    '| | what | effect | limit | test | adjusted p | before → now |',
    '|---|---|--:|--:|---|--:|---|',
    ...rows,
    ...(left.length > 0 ? ['', ...left] : []),
    ...note,
    '',
  ].join('\n');
}
