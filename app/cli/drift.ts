import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ColumnSource } from '../../checks/data/column-source.ts';
import { type DataFile, openDataFile } from '../../checks/data/data-file.ts';
import { tableProblemText } from '../../checks/data/read-table.ts';
import { type DriftMethod, driftMethods } from '../../checks/drift/column-drift.ts';
import { type ColumnThread, startColumnThread } from '../../checks/drift/column-thread.ts';
import { compareSources, type TableComparisonOptions } from '../../checks/drift/compare-sources.ts';
import { type JointMethod, jointMethods } from '../../checks/drift/joint-test.ts';
import { nearestOf } from '../../checks/manifest/nearest.ts';
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
import { openReference } from './drift-reference.ts';
import { driftJson, driftMarkdown, type DriftResult, tellDrift } from './drift-report.ts';

export const drift: Command = {
  name: 'drift',
  summary: 'did the world change between two data files',
  usage: `REFERENCE WINDOW

  REFERENCE WINDOW      two data files, CSV or Parquet: what was, and what is now; REFERENCE may be a profile
                        that --profile wrote, or sha256:DIGEST of a reference whose profile is in the cache
  --columns a,b         only these input columns (default: all of both files, without identifiers)
  --label COL           the label: compared too, and how it depends on the inputs
  --prediction COL      a model's answers: compared too, and what they cost by the label
  --alpha 0.01          how often all tests together may cry wolf
  --psi 0.1  --auc 0.6  the smallest shift of a column, and of all together, that matters
  --method METHOD | COL=METHOD,…   (default: ks for numbers, chi-squared for categories)
      ${driftMethods.slice(0, 6).join(', ')},
      ${driftMethods.slice(6).join(', ')}
  --joint METHOD        all columns together: ${jointMethods.join(', ')} (default: the first)
  --profile FILE        also write the reference's profile, so that its rows need not be read again
  --pii a,b             columns of personal data: the profile keeps nothing of them
  --markdown FILE       the result as a table
  --html FILE           the result as one page that stands on its own, with both sides of what drifted drawn

Exit status: 0 no drift, 1 drift, 2 could not tell.`,
  options: {
    columns: { type: 'string', multiple: true },
    label: { type: 'string' },
    prediction: { type: 'string' },
    alpha: { type: 'string' },
    psi: { type: 'string' },
    auc: { type: 'string' },
    method: { type: 'string', multiple: true },
    joint: { type: 'string' },
    profile: { type: 'string' },
    pii: { type: 'string', multiple: true },
    markdown: { type: 'string' },
    html: { type: 'string' },
  },
  run,
};

const DEFAULTS = { alpha: 0.01, psi: 0.1, auc: 0.6 } as const;
const SEED = 1;
/** How much of a CSV is kept of one reading; what does not fit is read again, so that memory is bounded. */
const KEEP_BYTES = 384 * 2 ** 20;
/** From here on a second processor saves more than it takes to start. */
const MANY_ROWS = 200_000;

async function run(args: CommandArguments, io: CommandIo): Promise<ExitStatus> {
  const [first, second, ...others] = args.positionals;
  if (first === undefined || second === undefined || others.length > 0) {
    throw new UsageError('name two data files: REFERENCE WINDOW');
  }
  const options = optionsOf(args);
  const profiled = textOption(args, 'profile');
  const reference = await openReference(first, io, {
    ...(profiled === undefined ? {} : { writeTo: profiled }),
    pii: listOption(args, 'pii') ?? [],
    seed: SEED,
    open: (file) => opened(file, io),
  });
  const window = reference === undefined ? undefined : await opened(second, io);
  let thread: ColumnThread | undefined;
  try {
    if (reference === undefined || window === undefined) return EXIT.cannotTell;
    const unknown = unknownColumn(options, reference, window);
    if (unknown !== undefined) throw new UsageError(unknown);
    const absent = absentColumn(options, reference, window);
    if (absent !== undefined) {
      io.err(`${absent.side === 'reference' ? first : second} holds no column "${absent.name}", and it was asked for`);
      return EXIT.cannotTell;
    }
    thread = reference.rows + window.rows >= MANY_ROWS ? startColumnThread() : undefined;
    const found = await compareSources(reference, window, {
      ...options,
      ...(thread === undefined ? {} : { thread }),
      onColumn: (name, done, of) => io.progress(`comparing ${name}`, done / of),
    });
    if (found.kind === 'refused') {
      for (const { side, problem } of found.problems)
        io.err(tableProblemText(side === 'reference' ? first : second, problem));
      return EXIT.cannotTell;
    }
    const { note } = reference;
    const profile = note === undefined ? {} : { profile: note };
    return await told({ comparison: found.comparison, reference: first, window: second, ...profile }, args, io);
  } finally {
    await Promise.all([reference?.close(), window?.close(), thread?.close()]);
  }
}

async function told(result: DriftResult, args: CommandArguments, io: CommandIo): Promise<ExitStatus> {
  await io.json(driftJson(result));
  const markdown = textOption(args, 'markdown');
  if (markdown !== undefined) await writeFile(markdown, driftMarkdown(result));
  const page = textOption(args, 'html');
  if (page !== undefined) {
    // Drawing is loaded by who draws: it takes as long as a small comparison.
    const { driftHtml } = await import('./drift-html.ts');
    await writeFile(page, driftHtml(result));
  }
  tellDrift(result, io);
  const { columns, drifted } = result.comparison;
  if (columns.every(({ constant }) => constant)) {
    io.err('cannot tell: no column could be compared');
    return EXIT.cannotTell;
  }
  return drifted ? EXIT.failed : EXIT.good;
}

function optionsOf(args: CommandArguments): TableComparisonOptions {
  const methods = methodsOf(listOption(args, 'method') ?? []);
  const [columns, label, prediction] = [
    listOption(args, 'columns'),
    textOption(args, 'label'),
    textOption(args, 'prediction'),
  ];
  return {
    alpha: numberOption(args, 'alpha', 0, 1),
    effect: { psi: numberOption(args, 'psi', 0, Infinity), auc: numberOption(args, 'auc', 0.5, 1) },
    seed: SEED,
    joint: jointOption(args),
    methods: methods.byColumn,
    ...(methods.every === undefined ? {} : { method: methods.every }),
    ...(columns === undefined ? {} : { columns }),
    ...(label === undefined ? {} : { label }),
    ...(prediction === undefined ? {} : { prediction }),
  };
}

function jointOption(args: CommandArguments): JointMethod {
  const wanted = textOption(args, 'joint') ?? 'domain-classifier';
  const method = jointMethods.find((known) => known === wanted);
  if (method === undefined)
    throw new UsageError(`--joint: found "${wanted}", expected one of ${jointMethods.join(', ')}`);
  return method;
}

/** The file, its columns still to be read; undefined, and said why, when it is none. */
async function opened(file: string, io: CommandIo): Promise<DataFile | undefined> {
  const name = basename(file);
  const read = await openDataFile(file, {
    name,
    signal: io.signal,
    keepBytes: KEEP_BYTES,
    onProgress: (share) => io.progress(`reading ${name}`, share),
  });
  if (!('kind' in read)) return read;
  for (const problem of read.problems) io.err(tableProblemText(file, problem));
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

/** A name that neither file holds is a slip of the pen. */
function unknownColumn(
  options: TableComparisonOptions,
  reference: ColumnSource,
  window: ColumnSource,
): string | undefined {
  const names = [...new Set([...reference.names, ...window.names])];
  const named = [...askedColumns(options), ...(options.methods?.keys() ?? [])];
  const unknown = named.find((name) => !names.includes(name));
  if (unknown === undefined) return undefined;
  const near = nearestOf(unknown, names);
  return `no column "${unknown}" in either file${near === undefined ? '' : `; did you mean "${near}"?`} There are ${names.join(', ')}.`;
}

function absentColumn(options: TableComparisonOptions, reference: ColumnSource, window: ColumnSource) {
  for (const name of askedColumns(options)) {
    if (!reference.names.includes(name)) return { side: 'reference', name } as const;
    if (!window.names.includes(name)) return { side: 'window', name } as const;
  }
  return undefined;
}

function askedColumns({ columns, label, prediction }: TableComparisonOptions): readonly string[] {
  return [...(columns ?? []), label, prediction].filter((name) => name !== undefined);
}
