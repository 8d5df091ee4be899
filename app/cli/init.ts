import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { readTable, tableProblemText } from '../../checks/data/read-table.ts';
import { labelsOf } from '../../checks/evidence/evaluation-data.ts';
import { answer, openModel, type OpenModel, RowsRefused } from '../../checks/evidence/open-model.ts';
import { metrics as knownMetrics } from '../../checks/metrics/metrics.ts';
import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import { textOfProblem } from '../../checks/manifest/problem.ts';
import { ModelRefused, openSession } from '../../serving/model/session.ts';
import type { ColumnType } from '../../serving/model/signature.ts';
import type { Specification } from '../../serving/model/specification.ts';
import type { Column, Table } from '../../serving/model/table.ts';
import type { TensorDeclaration } from '../../serving/model/tensor.ts';
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
import { manifestText } from './init/manifest-text.ts';
import { type ModelSource, nameOf, readModelSource } from './init/model-source.ts';
import { isIdentifier, planInputs } from './init/plan-inputs.ts';
import { planOutputs } from './init/plan-outputs.ts';
import { type ProposedMetric, proposeMetrics } from './init/propose-metrics.ts';
import { RefusedModel } from './init/refused.ts';

/** `slipway init`: writes a manifest that `check` accepts, and says what it assumed. */
export const init: Command = {
  name: 'init',
  summary: 'writes a manifest that check accepts, from a model and evaluation data',
  usage: `MODEL.onnx | MLFLOW-MODEL-FOLDER --data FILE --label COLUMN
  --data FILE        evaluation rows, CSV or Parquet; --label COLUMN the column that holds what is true
  --name NAME        the model's name (default: from the file)
  --out DIR          the model's folder (default: models/NAME)
  --version-label V  the version (default: 1.0.0)
  --columns a,b,c    the columns of a packed input, in the order the model was trained with
  --force            write over what is there`,
  options: {
    data: { type: 'string' },
    label: { type: 'string' },
    name: { type: 'string' },
    out: { type: 'string' },
    'version-label': { type: 'string' },
    columns: { type: 'string' },
    force: { type: 'boolean' },
  },
  run,
};

async function run(args: CommandArguments, io: CommandIo): Promise<ExitStatus> {
  const wish = wishOf(args);
  try {
    const made = await makeManifest(wish, io);
    await writeAll(made.files, wish.force);
    await io.json(made.result);
    io.out(summaryOf(made));
    return EXIT.good;
  } catch (error) {
    if (!(error instanceof RefusedModel || error instanceof ModelRefused)) throw error;
    io.err(`slipway init: ${error.message}${error.next === undefined ? '' : `\n${error.next}`}`);
    await io.json({ refused: error.message, ...(error.next === undefined ? {} : { next: error.next }) });
    return EXIT.failed;
  }
}

interface Wish {
  readonly model: string;
  readonly data: string;
  readonly label: string;
  readonly name?: string;
  readonly out?: string;
  readonly version: string;
  readonly columns?: readonly string[];
  readonly force: boolean;
}

function wishOf(args: CommandArguments): Wish {
  const [model, ...others] = args.positionals;
  const [data, label, name, out, columns] = [
    textOption(args, 'data'),
    textOption(args, 'label'),
    textOption(args, 'name'),
    textOption(args, 'out'),
    listOption(args, 'columns'),
  ];
  if (model === undefined) throw new UsageError('no model was named; expected an ONNX file or an MLflow model folder');
  if (others.length > 0) throw new UsageError(`one model at a time; found ${[model, ...others].join(' and ')}`);
  if (data === undefined) throw new UsageError('--data is missing; expected a CSV or Parquet file of evaluation rows');
  if (label === undefined) throw new UsageError('--label is missing; expected the column that holds what is true');
  if (name !== undefined && nameOf(name) !== name) {
    throw new UsageError(
      `--name is "${name}"; expected a lowercase letter followed by at most 39 lowercase letters, digits or hyphens, such as ${nameOf(name)}`,
    );
  }
  const version = textOption(args, 'version-label') ?? '1.0.0';
  return {
    model,
    data,
    label,
    version,
    force: args.values['force'] === true,
    ...(name === undefined ? {} : { name }),
    ...(out === undefined ? {} : { out }),
    ...(columns === undefined ? {} : { columns }),
  };
}

interface Made {
  /** Absolute path → bytes. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly result: {
    readonly manifest: string;
    readonly name: string;
    readonly version: string;
    readonly revision: string;
    readonly rows: number;
    readonly inputs: readonly string[];
    readonly task: string;
    readonly metrics: readonly ProposedMetric[];
    readonly assumptions: readonly string[];
    readonly next: string;
  };
}

async function makeManifest(wish: Wish, io: CommandIo): Promise<Made> {
  const source = await readModelSource(wish.model, io.signal);
  const name = wish.name ?? source.name;
  const folder = resolve(wish.out ?? join('models', name));
  if (basename(folder) !== name) {
    throw new RefusedModel(
      `the folder ${folder} and the model ${name} have different names; expected one for both`,
      `Use --name ${nameOf(folder)}, or another --out.`,
    );
  }
  const data = await readFile(wish.data, { signal: io.signal }).catch((cause: unknown) => {
    io.signal.throwIfAborted();
    throw new UsageError(`--data ${wish.data} cannot be read; expected a CSV or Parquet file`, { cause });
  });
  io.progress('reading the data');
  const untyped = await tableOf(data, wish, new Map());
  const { inputs: declarations, outputs: declaredOutputs } = await declarationsOf(source);
  const inputs = planInputs({
    declarations,
    table: untyped,
    label: wish.label,
    ...(wish.columns === undefined ? {} : { given: wish.columns }),
    ...(source.columns === undefined ? {} : { told: source.columns }),
  });
  const outputs = planOutputs(declaredOutputs, columnOf(untyped, wish));

  const copies = placed(folder, source, { file: wish.data, bytes: data });
  const specification: Specification = {
    artifact: { uri: copies.model.uri, sha256: copies.model.sha256, files: copies.weights.map(referenceOf) },
    inputs: inputs.mappings,
    columns: {},
    outputs: outputs.outputs,
    serving: { maxBatch: 64, strictInputs: false },
  };
  io.progress('asking the model');
  const measured = await measure(source, specification, data, wish);
  const text = manifestText({
    name,
    version: wish.version,
    artifact: specification.artifact,
    inputs: inputs.mappings,
    outputs: outputs.outputs,
    data: referenceOf(copies.data),
    label: wish.label,
    metrics: measured.metrics,
    protectedCandidates: protectedCandidates(measured.table, wish.label, inputs.columns),
    rows: measured.table.rows,
    keyCandidates: repeatedIdentifiers(untyped, wish.label),
  });
  const path = join(folder, 'model.yaml');
  const parsed = parseManifest(text, path);
  if (parsed.kind === 'refused')
    throw new RefusedModel(
      parsed.problems.map(textOfProblem).join('\n'),
      'Name it otherwise, or write the manifest by hand.',
    );
  return {
    files: new Map([...[copies.model, ...copies.weights, copies.data].flatMap(copyOf), [path, Buffer.from(text)]]),
    result: {
      manifest: shortest(path),
      name,
      version: wish.version,
      revision: parsed.loaded.revision,
      rows: measured.table.rows,
      inputs: inputs.columns,
      task: outputs.mapping.task,
      metrics: measured.metrics,
      assumptions: [...inputs.assumptions, ...outputs.assumptions, ...measured.assumptions],
      next: `slipway check ${shortest(folder)}`,
    },
  };
}

/** Relative where that is shorter to read, absolute where it would climb out of the current folder. */
function shortest(path: string): string {
  const near = relative(process.cwd(), path);
  return near === '' || near.startsWith('..') ? path : near;
}

/** Columns that name something, and name it more than once: rows of one person, one account. */
function repeatedIdentifiers(table: Table, label: string): readonly string[] {
  return [...table.columns.values()]
    .filter((column) => column.name !== label && isIdentifier(column.name) && isRepeated(column))
    .map(({ name }) => name);
}

function isRepeated(column: Column): boolean {
  if (column.kind === 'list') return false;
  const cells: ArrayLike<number | bigint> = column.kind === 'category' ? column.codes : column.values;
  return new Set(Array.from<number | bigint>(cells)).size < cells.length;
}

async function declarationsOf(
  source: ModelSource,
): Promise<{ readonly inputs: readonly TensorDeclaration[]; readonly outputs: readonly TensorDeclaration[] }> {
  const session = await openSession({ model: source.file }).catch((error: unknown) => {
    if (error instanceof ModelRefused) throw error;
    throw new RefusedModel(`${source.file} does not load: ${error instanceof Error ? error.message : String(error)}`);
  });
  await session.close();
  return { inputs: session.inputs, outputs: session.outputs };
}

async function tableOf(
  bytes: Uint8Array,
  { data, label }: Wish,
  types: ReadonlyMap<string, ColumnType>,
): Promise<Table> {
  const read = await readTable(bytes, { name: data, types, required: [label] });
  if (read.kind === 'refused')
    throw new RefusedModel(read.problems.map((problem) => tableProblemText(data, problem)).join('\n'));
  return read.table;
}

function columnOf(table: Table, { label, data }: Wish): Column {
  const column = table.columns.get(label);
  if (column === undefined) throw new RefusedModel(`${data} has no column "${label}"`);
  return column;
}

/** What the model answers on the rows: the proof that the manifest fits, and the numbers that it claims. */
async function measure(source: ModelSource, specification: Specification, data: Uint8Array, wish: Wish) {
  const fit = await openModel({ label: source.name, specification, model: source.file });
  try {
    if (fit.kind === 'misfit') {
      const [first] = fit.problems;
      throw new RefusedModel(fit.problems.map(({ reason }) => reason).join('; '), first?.next);
    }
    return await measureModel(fit.model, data, wish);
  } finally {
    await (fit.kind === 'misfit' ? fit.session : fit.model.session).close();
  }
}

async function measureModel(model: OpenModel, data: Uint8Array, wish: Wish) {
  const types = new Map(model.signature.columns.map(({ name, type }) => [name, type]));
  const table = await tableOf(data, wish, types);
  const labels = labelsOf(columnOf(table, wish), model.mapping, wish.data);
  if (labels.kind === 'missing') throw new RefusedModel(labels.reason);
  const answers = await answer(model, table).catch((error: unknown) => {
    if (error instanceof RowsRefused) throw new RefusedModel(`${wish.data}: ${error.message}`);
    throw error;
  });
  const { metrics, left } = proposeMetrics(answers, labels.value);
  const backwards = metrics.some(({ name, value }) => name === 'roc_auc' && value < 0.5);
  const assumptions = [
    ...left.map((reason) => `no metric where ${reason}`),
    ...(backwards
      ? [
          'the model ranks the wrong way round (roc_auc below 0.5): is outputs.score.index, or the order of outputs.classes, right?',
        ]
      : []),
  ];
  return { table, metrics, assumptions };
}

/** A file of the manifest's folder, and what to copy there; a file that lies there already is left where it is. */
interface Placed {
  readonly uri: string;
  readonly sha256: string;
  readonly copy?: { readonly to: string; readonly bytes: Uint8Array };
}

function placed(folder: string, source: ModelSource, data: { readonly file: string; readonly bytes: Uint8Array }) {
  const place = (file: string, as: string, bytes: Uint8Array): Placed => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const inside = relative(folder, resolve(file)).replaceAll('\\', '/');
    const isInside = !inside.startsWith('..') && !inside.startsWith('/');
    return isInside ? { uri: inside, sha256 } : { uri: as, sha256, copy: { to: join(folder, as), bytes } };
  };
  const model = place(source.file, 'model.onnx', source.bytes);
  return {
    model,
    weights: source.weights.map(({ location, file, bytes }) => place(file, join(dirname(model.uri), location), bytes)),
    data: place(data.file, `evaluation${extname(data.file).toLowerCase() || '.csv'}`, data.bytes),
  };
}

function referenceOf({ uri, sha256 }: Placed) {
  return { uri, sha256 };
}

function copyOf({ copy }: Placed): readonly (readonly [string, Uint8Array])[] {
  return copy === undefined ? [] : [[copy.to, copy.bytes]];
}

/** All or nothing, as far as one can know before writing: a file that is there and differs stops it. */
async function writeAll(files: ReadonlyMap<string, Uint8Array>, force: boolean): Promise<void> {
  for (const [path, bytes] of files) {
    const there = await readFile(path).catch(() => undefined);
    if (there === undefined || force || Buffer.compare(there, bytes) === 0) continue;
    throw new RefusedModel(
      `${path} is there already, with another content`,
      'Use --force to write over it, or another --out.',
    );
  }
  for (const [path, bytes] of files) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
}

/** Names of columns that law or custom protects in many places; whether they are is for a person to say. */
const protectedNames =
  /^(sex|gender|race|ethnicity|ethnic_group|age|age_group|religion|nationality|national_origin|native_country|country_of_birth|citizenship|disability|disabled|marital_status|pregnan\w*|sexual_orientation|group)$/;
const mostValuesTold = 6;

function protectedCandidates(table: Table, label: string, inputs: readonly string[]) {
  return [...table.columns.values()]
    .filter(({ name }) => name !== label && protectedNames.test(name.toLowerCase().replaceAll(/[\s-]+/g, '_')))
    .map((column) => ({ name: column.name, found: valuesText(column), isInput: inputs.includes(column.name) }));
}

function valuesText(column: Column): string {
  if (column.kind === 'category') {
    const names = column.dictionary.slice(0, mostValuesTold).join(', ');
    return `${column.dictionary.length} values: ${names}${column.dictionary.length > mostValuesTold ? ', …' : ''}`;
  }
  if (column.kind !== 'number') return column.kind;
  const known = column.values.filter((value) => !Number.isNaN(value));
  return `${known.reduce((a, b) => Math.min(a, b), Infinity)} to ${known.reduce((a, b) => Math.max(a, b), -Infinity)}`;
}

function summaryOf({ result }: Made): string {
  const metrics = result.metrics.map(({ name, value, floor, direction, margin }) => {
    const rule = `${direction === 'higher' ? 'at least' : 'at most'} ${floor}${margin === undefined ? '' : `, margin ${margin}`}`;
    return `  ${name} ${value.toFixed(4)} (${knownMetrics[name].direction} is better); proposed: ${rule}`;
  });
  const assumptions =
    result.assumptions.length === 0
      ? []
      : [
          '',
          'Assumed; correct it in the manifest where it is wrong:',
          ...result.assumptions.map((text) => `  ${text}`),
        ];
  return [
    `${result.manifest}: ${result.name} ${result.version}, a ${result.task} model of ${result.inputs.length} columns, measured on ${result.rows} rows`,
    ...metrics,
    ...assumptions,
    '',
    `Next: ${result.next}`,
  ].join('\n');
}
