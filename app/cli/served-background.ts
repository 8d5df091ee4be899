import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readTable, tableProblemText } from '../../checks/data/read-table.ts';
import { BACKGROUND_FILE, backgroundBytes } from '../../checks/explain/background.ts';
import type { LoadedManifest } from '../../checks/manifest/manifest.ts';
import { graphInputs } from '../../serving/model/graph-inputs.ts';
import { readOnnxGraph } from '../../serving/model/onnx-graph.ts';
import type { ColumnType } from '../../serving/model/signature.ts';
import type { Column } from '../../serving/model/table.ts';
import type { ServedModel } from './served-model.ts';

/** A model with rows to explain against, or why it has none. */
export type WithBackground =
  | { readonly kind: 'with'; readonly model: ServedModel }
  | { readonly kind: 'without'; readonly why: string };

/** A larger file would hold up the start for longer than explaining is worth. */
const MOST_DATA_BYTES = 256 * 2 ** 20;

/**
 * Takes a sample of a model's evaluation data, where they lie beside its manifest and are what it says: of the columns that its graph takes, as the App
 * does. Without them it is served all the same, and nothing is explained.
 */
export async function withBackground(model: ServedModel): Promise<WithBackground> {
  const { loaded, target, folder } = model;
  const without = (why: string): WithBackground => ({ kind: 'without', why });
  const { data } = loaded.manifest.evaluation;
  const file = join(folder, data.uri);
  const size = await stat(file).then(
    (found) => (found.isFile() ? found.size : undefined),
    () => undefined,
  );
  if (size === undefined) return without(`its evaluation data ${data.uri} are no file beside the manifest`);
  if (size > MOST_DATA_BYTES)
    return without(`its evaluation data ${data.uri} are larger than ${MOST_DATA_BYTES} bytes`);
  const contents = await readFile(file);
  const found = createHash('sha256').update(contents).digest('hex');
  if (found !== data.sha256) return without(`${data.uri} has sha256 ${found}, the manifest says ${data.sha256}`);
  const taken = await columnsTaken(model);
  if (taken === undefined) return without('its graph cannot be read');
  const names = [...taken.keys()];
  const hidden = names.find((name) => loaded.manifest.columns[name]?.pii === true);
  if (hidden !== undefined) return without(`it takes "${hidden}", which is declared pii`);
  const read = await readTable(contents, { name: data.uri, types: typesOf(loaded, taken), required: names });
  if (read.kind === 'refused')
    return without(read.problems.map((problem) => tableProblemText(data.uri, problem)).join('; '));
  const { table } = read;
  const columns = names.flatMap((name) => {
    const column = table.columns.get(name);
    return column === undefined
      ? []
      : [{ name, type: loaded.manifest.columns[name]?.type ?? taken.get(name) ?? plainType(column) }];
  });
  const bytes = backgroundBytes(table, columns, loaded.manifest.explanation.background);
  if (bytes === undefined) return without(`${data.uri} has too few rows, or rows too large to keep a sample of`);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const files = { ...target.files, [BACKGROUND_FILE]: sha256 };
  return { kind: 'with', model: { ...model, target: { ...target, files }, background: { sha256, bytes } } };
}

/**
 * The columns that the graph, or the feature graph before it, is fed with, read without running it, and their types where a CSV's cells alone would not tell:
 * `True`, or text of digits. Undefined where it cannot be read.
 */
async function columnsTaken({
  loaded,
  paths,
}: ServedModel): Promise<ReadonlyMap<string, ColumnType | undefined> | undefined> {
  const { artifact, features, inputs } = loaded.specification;
  const read = (sha256: string): Promise<Uint8Array> => readFile(paths.get(sha256) ?? '');
  const own = graphInputs(await read(artifact.sha256));
  if (own === undefined) return undefined;
  let fed = own;
  if (features !== undefined) {
    const bytes = await read(features.sha256);
    const [before, graph] = [graphInputs(bytes), readOnnxGraph(bytes)];
    if (before === undefined || graph.kind === 'refused') return undefined;
    const made = new Set(graph.facts.outputs.map(({ name }) => name));
    fed = [...before, ...own.filter(({ name }) => !made.has(name))];
  }
  const columnsOf = (input: string): readonly string[] => inputs.find(({ name }) => name === input)?.columns ?? [input];
  return new Map(
    fed.flatMap(({ name, elementType }) =>
      columnsOf(name).map((column) => [column, TYPES_OF_ELEMENTS[elementType]] as const),
    ),
  );
}

const TYPES_OF_ELEMENTS: Readonly<Record<string, ColumnType>> = { bool: 'boolean', string: 'category' };

function typesOf(
  { manifest }: LoadedManifest,
  taken: ReadonlyMap<string, ColumnType | undefined>,
): ReadonlyMap<string, ColumnType> {
  const declared = Object.entries(manifest.columns).map(([name, { type }]) => [name, type] as const);
  return new Map(
    [...taken, ...declared].flatMap(([name, type]) => (type === undefined ? [] : [[name, type] as const])),
  );
}

function plainType({ kind }: Column): ColumnType {
  return kind === 'category' ? 'text' : kind;
}
