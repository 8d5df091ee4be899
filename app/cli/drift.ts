import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { readTable, tableProblemText } from '../../checks/data/read-table.ts';
import { type DriftMethod, driftMethods } from '../../checks/drift/column-drift.ts';
import type { ColumnResult, DriftComparison } from '../../checks/drift/compare-samples.ts';
import { compareTables, type TableComparisonOptions } from '../../checks/drift/compare-tables.ts';
import { alsoOf } from '../../checks/drift/drift-findings.ts';
import { nearestOf } from '../../checks/manifest/nearest.ts';
import { limitText, numberText, plural, pValueText } from '../../checks/report/format.ts';
import { sparkline } from '../../checks/report/sparkline.ts';
import type { Table } from '../../serving/model/table.ts';
import {
  type Command,
  type CommandArguments,
  type CommandIo,
  EXIT,
  type ExitStatus,
  listOption,
  textOption,
  UsageError,
} from './command.ts';

export const drift: Command = {
  name: 'drift',
  summary: 'did the world change between two data files',
  usage: `REFERENCE WINDOW

  REFERENCE WINDOW      two data files, CSV or Parquet: what was, and what is now
  --columns a,b         only these input columns (default: all of both files, without identifiers)
  --label COL           the label: compared too, and how it depends on the inputs
  --prediction COL      a model's answers: compared too, and what they cost by the label
  --alpha 0.01          how often all tests together may cry wolf
  --psi 0.1  --auc 0.6  the smallest shift of a column, and of all together, that matters
  --method METHOD | COL=METHOD,…   ${driftMethods.join(', ')} (default: by the column)
  --markdown FILE       the result as a table

Exit status: 0 no drift, 1 drift, 2 could not tell.`,
  options: {
    columns: { type: 'string', multiple: true },
    label: { type: 'string' },
    prediction: { type: 'string' },
    alpha: { type: 'string' },
    psi: { type: 'string' },
    auc: { type: 'string' },
    method: { type: 'string', multiple: true },
    markdown: { type: 'string' },
  },
  run,
};

const DEFAULTS = { alpha: 0.01, psi: 0.1, auc: 0.6 } as const;
const SEED = 1;

async function run(args: CommandArguments, io: CommandIo): Promise<ExitStatus> {
  const [first, second, ...others] = args.positionals;
  if (first === undefined || second === undefined || others.length > 0) {
    throw new UsageError('name two data files: REFERENCE WINDOW');
  }
  const methods = methodsOf(listOption(args, 'method') ?? []);
  const numbers = {
    alpha: numberOption(args, 'alpha', 0, 1),
    psi: numberOption(args, 'psi', 0, Infinity),
    auc: numberOption(args, 'auc', 0.5, 1),
  };
  const [reference, window] = await Promise.all([tableOf(first, io), tableOf(second, io)]);
  if (reference === undefined || window === undefined) return EXIT.cannotTell;
  const named = namedColumns(args, methods);
  const unknown = named.find((name) => !reference.columns.has(name) && !window.columns.has(name));
  if (unknown !== undefined) throw new UsageError(unknownColumn(unknown, reference, window));
  const absent = [
    textOption(args, 'label'),
    textOption(args, 'prediction'),
    ...(listOption(args, 'columns') ?? []),
  ].filter((name) => name !== undefined);
  for (const name of absent) {
    if (reference.columns.has(name) && window.columns.has(name)) continue;
    io.err(`${reference.columns.has(name) ? second : first} holds no column "${name}", and it was asked for`);
    return EXIT.cannotTell;
  }
  const comparison = compareTables(reference, window, optionsOf(args, methods, numbers));
  await io.json(jsonOf(comparison, first, second));
  const markdown = textOption(args, 'markdown');
  if (markdown !== undefined) await writeFile(markdown, markdownOf(comparison, first, second));
  tell(comparison, io);
  if (comparison.columns.every(({ constant }) => constant)) {
    io.err('cannot tell: no column could be compared');
    return EXIT.cannotTell;
  }
  return comparison.drifted ? EXIT.failed : EXIT.good;
}

function optionsOf(
  args: CommandArguments,
  methods: Methods,
  { alpha, psi, auc }: Readonly<Record<keyof typeof DEFAULTS, number>>,
): TableComparisonOptions {
  const [columns, label, prediction] = [
    listOption(args, 'columns'),
    textOption(args, 'label'),
    textOption(args, 'prediction'),
  ];
  return {
    alpha,
    effect: { psi, auc },
    seed: SEED,
    methods: methods.byColumn,
    ...(methods.every === undefined ? {} : { method: methods.every }),
    ...(columns === undefined ? {} : { columns }),
    ...(label === undefined ? {} : { label }),
    ...(prediction === undefined ? {} : { prediction }),
  };
}

/** The file as a table with at least one row; undefined, and said why, when it is none. */
async function tableOf(file: string, io: CommandIo): Promise<Table | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file, { signal: io.signal });
  } catch (cause) {
    throw new Error(`${file} cannot be read`, { cause });
  }
  const read = await readTable(bytes, { name: basename(file) });
  if (read.kind === 'refused') {
    for (const problem of read.problems) io.err(tableProblemText(file, problem));
    return undefined;
  }
  if (read.table.rows > 0) return read.table;
  io.err(`${file} holds no rows: an empty sample says nothing`);
  return undefined;
}

interface Methods {
  readonly every?: DriftMethod;
  readonly byColumn: ReadonlyMap<string, DriftMethod>;
}

function methodsOf(words: readonly string[]): Methods {
  const byColumn = new Map<string, DriftMethod>();
  let every: DriftMethod | undefined;
  for (const word of words) {
    const at = word.lastIndexOf('=');
    const wanted = word.slice(at + 1);
    const method = driftMethods.find((known) => known === wanted);
    if (method === undefined)
      throw new UsageError(`--method ${word}: found "${wanted}", expected one of ${driftMethods.join(', ')}`);
    if (at < 0) every = method;
    else byColumn.set(word.slice(0, at), method);
  }
  return { byColumn, ...(every === undefined ? {} : { every }) };
}

function numberOption(args: CommandArguments, name: keyof typeof DEFAULTS, least: number, most: number): number {
  const text = textOption(args, name);
  if (text === undefined) return DEFAULTS[name];
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most && Number.isFinite(value)) return value;
  throw new UsageError(
    `--${name}: found "${text}", expected a number from ${least}${most === Infinity ? '' : ` to ${most}`}`,
  );
}

function namedColumns(args: CommandArguments, { byColumn }: Methods): readonly string[] {
  const names = [
    ...(listOption(args, 'columns') ?? []),
    textOption(args, 'label'),
    textOption(args, 'prediction'),
    ...byColumn.keys(),
  ];
  return names.filter((name) => name !== undefined);
}

function unknownColumn(name: string, reference: Table, window: Table): string {
  const names = [...new Set<string>([...reference.columns.keys(), ...window.columns.keys()])];
  const near = nearestOf(name, names);
  return `no column "${name}" in either file${near === undefined ? '' : `; did you mean "${near}"?`} There are ${names.join(', ')}.`;
}

/** The contract of docs/command-line.md; fields may be added, never renamed. */
function jsonOf(comparison: DriftComparison, reference: string, window: string) {
  const { rows, alpha, drifted, columns, joint, relation, left } = comparison;
  return {
    reference: { file: reference, rows: rows.reference },
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

interface Line {
  readonly drifted: boolean;
  readonly name: string;
  readonly effect: string;
  readonly limit: string;
  readonly test: string;
  readonly adjusted: string;
  readonly shape: string;
}

/** Worst first: what drifted, then by how far it is from its limit. */
function linesOf({ columns, joint, relation }: DriftComparison): readonly Line[] {
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
    ...(joint === undefined ? [] : [{ ...joint, name: 'all columns together', statistic: joint.auc, shape: '' }]),
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

function summaryOf(comparison: DriftComparison): string {
  const lines = linesOf(comparison);
  const drifted = lines.filter((line) => line.drifted);
  const [first] = drifted;
  const sizes = `${plural(comparison.rows.reference, 'row')} against ${plural(comparison.rows.window, 'row')}`;
  if (first === undefined)
    return `No drift: ${sizes}, ${plural(lines.length, 'test')}, alpha ${limitText(comparison.alpha)}.`;
  const more = drifted.length > 1 ? `, and ${drifted.length - 1} more` : '';
  return `Drift: ${first.name}, ${first.effect} (limit ${first.limit})${more}; ${sizes}.`;
}

function tell(comparison: DriftComparison, io: CommandIo): void {
  const lines = linesOf(comparison);
  const width = (of: (line: Line) => string) => Math.max(0, ...lines.map((line) => of(line).length));
  const [names, effects, tests] = [width(({ name }) => name), width(({ effect }) => effect), width(({ test }) => test)];
  io.out(summaryOf(comparison));
  for (const { drifted, name, effect, limit, test, adjusted, shape } of lines) {
    const word = drifted ? 'drifted ' : 'no drift';
    io.out(
      `  ${word}  ${name.padEnd(names)}  ${effect.padEnd(effects)} (limit ${limit})  ${test.padEnd(tests)}  adjusted p ${adjusted.padEnd(8)}  ${shape}`.trimEnd(),
    );
  }
  for (const { name } of comparison.columns.filter(({ constant }) => constant))
    io.out(`  constant  ${name}: one value on both sides`);
  for (const { column, why } of comparison.left) io.out(`  left out  ${column}: ${why}`);
}

function markdownOf(comparison: DriftComparison, reference: string, window: string): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = linesOf(comparison).map((line) => {
    const word = line.drifted ? '**drifted**' : 'no drift';
    return `| ${[word, cell(line.name), line.effect, line.limit, line.test, line.adjusted, `\`${line.shape}\``].join(' | ')} |`;
  });
  const left = comparison.left.map(({ column, why }) => `- left out: ${cell(column)}, ${cell(why)}`);
  return [
    `**${cell(summaryOf(comparison))}** \`${reference}\` → \`${window}\``,
    '',
    '| | what | effect | limit | test | adjusted p | before → now |',
    '|---|---|--:|--:|---|--:|---|',
    ...rows,
    ...(left.length > 0 ? ['', ...left] : []),
    '',
  ].join('\n');
}
