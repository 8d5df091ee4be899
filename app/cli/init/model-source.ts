import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { referenceUriOf } from '../../../checks/manifest/reference-uri.ts';
import { readYaml } from '../../../checks/manifest/yaml-document.ts';
import { readOnnxGraph } from '../../../serving/model/onnx-graph.ts';
import { UsageError } from '../command.ts';
import { RefusedModel } from './refused.ts';

/** The model that a manifest is written for, wherever it came from. */
export interface ModelSource {
  /** Absolute path of the ONNX file. */
  readonly file: string;
  readonly bytes: Uint8Array;
  /** External weights: as the graph names them, beside the file. */
  readonly weights: readonly { readonly location: string; readonly file: string; readonly bytes: Uint8Array }[];
  /** Columns in the order in which the model was trained on them, when something says so, and what says it. */
  readonly columns?: { readonly names: readonly string[]; readonly from: string };
  /** What the model may be called. */
  readonly name: string;
}

/** Reads an ONNX file, or the folder of an MLflow model with the onnx flavour. Throws RefusedModel for what is neither. */
export async function readModelSource(path: string, signal: AbortSignal): Promise<ModelSource> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined)
    throw new UsageError(`there is no ${path}; expected an ONNX file or an MLflow model's folder`);
  if (!found.isDirectory()) return readOnnx(path, nameOf(path), undefined, signal);
  const description = await readFile(join(path, 'MLmodel'), { encoding: 'utf8', signal }).catch(() => undefined);
  if (description === undefined)
    throw new RefusedModel(
      `${path} is a folder without an MLmodel file; expected an ONNX file or an MLflow model's folder`,
    );
  const { data, columns } = readMlflow(description, join(path, 'MLmodel'));
  return readOnnx(join(path, data), nameOf(resolve(path)), columns, signal);
}

async function readOnnx(
  file: string,
  name: string,
  columns: ModelSource['columns'],
  signal: AbortSignal,
): Promise<ModelSource> {
  const bytes = await readFile(file, { signal });
  const graph = readOnnxGraph(bytes);
  if (graph.kind === 'refused') throw new RefusedModel(`${file}: ${graph.reason}`);
  const weights = [];
  for (const location of graph.facts.externalData) {
    if (referenceUriOf(location, '').kind !== 'path') {
      throw new RefusedModel(
        `${file}: its weights lie in ${JSON.stringify(location)}, outside of its folder`,
        'Save the model with its weights beside it.',
      );
    }
    const beside = join(dirname(file), location);
    const weight = await readFile(beside, { signal }).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw new RefusedModel(
        `${file}: its weights lie in ${location}, and there is no file ${beside}`,
        'Keep the weights beside the model.',
        { cause },
      );
    });
    weights.push({ location, file: resolve(beside), bytes: weight });
  }
  const told = columns ?? columnsInMetadata(graph.facts.metadata);
  return { file: resolve(file), bytes, weights, name, ...(told === undefined ? {} : { columns: told }) };
}

/** Keys under which exporters leave the order of columns in the graph's metadata. */
const metadataKeys = ['features', 'feature_names', 'columns', 'input_columns', 'feature_names_in'] as const;

function columnsInMetadata(metadata: Readonly<Record<string, string>>): ModelSource['columns'] {
  for (const key of metadataKeys) {
    const text = metadata[key];
    if (text === undefined) continue;
    const names = namesIn(text);
    if (names.length > 0) return { names, from: `the graph's metadata ("${key}")` };
  }
  return undefined;
}

function namesIn(text: string): readonly string[] {
  if (!text.trimStart().startsWith('['))
    return text
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}

interface MlflowModel {
  /** The ONNX file, relative to the folder. */
  readonly data: string;
  readonly columns?: ModelSource['columns'];
}

/** MLmodel is YAML; its signature is JSON in a text. https://mlflow.org/docs/latest/ml/model/ describes it. */
export function readMlflow(text: string, file: string): MlflowModel {
  const document = readYaml(text, file, 'init');
  if (document.kind === 'refused')
    throw new RefusedModel(
      document.problems.map(({ at, reason }) => `${at.file}:${at.line ?? 1}:${at.column ?? 1} ${reason}`).join('; '),
    );
  const root = recordOf(document.value);
  const flavors = recordOf(root['flavors']);
  const data = recordOf(flavors['onnx'])['data'];
  if (typeof data !== 'string') {
    const known = Object.keys(flavors).join(', ') || 'none';
    throw new RefusedModel(
      `${file} has no onnx flavour (it has ${known})`,
      'Log the model with mlflow.onnx.log_model.',
    );
  }
  if (referenceUriOf(data, '').kind !== 'path')
    throw new RefusedModel(`${file}: flavors.onnx.data is ${JSON.stringify(data)}, outside of its folder`);
  const signature = recordOf(root['signature'])['inputs'];
  const names = typeof signature === 'string' ? inputNames(signature) : [];
  return { data, ...(names.length === 0 ? {} : { columns: { names, from: 'the signature in MLmodel' } }) };
}

function inputNames(signature: string): readonly string[] {
  try {
    const inputs: unknown = JSON.parse(signature);
    if (!Array.isArray(inputs)) return [];
    return inputs.flatMap((input: unknown) => {
      const name = recordOf(input)['name'];
      return typeof name === 'string' ? [name] : [];
    });
  } catch {
    return [];
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

const longestName = 40;

/** A file's or folder's name as a model may be named. */
export function nameOf(path: string): string {
  const plain = basename(path)
    .replace(/\.onnx$/i, '')
    .toLowerCase();
  const name = plain
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, longestName)
    .replace(/-+$/, '');
  return name === '' ? 'model' : name;
}
