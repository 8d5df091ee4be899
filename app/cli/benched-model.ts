import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readTable } from '../../checks/data/read-table.ts';
import type { OwnCase, OwnModel } from '../../serving/bench/bench-own.ts';
import { DATATYPES, isFloat, numbersOf } from '../../serving/model/datatype.ts';
import { tensorsOf } from '../../serving/model/feeds.ts';
import { openPipeline } from '../../serving/model/pipeline.ts';
import { recordAt } from '../../serving/model/record-at.ts';
import { type ScoreMapping, scoreMappingOf, scoresOf } from '../../serving/model/score.ts';
import type { ModelSession } from '../../serving/model/session.ts';
import { type Signature, signatureOf } from '../../serving/model/signature.ts';
import type { Table } from '../../serving/model/table.ts';
import type { Tensor, TensorDeclaration } from '../../serving/model/tensor.ts';
import type { ServedModel } from './served-model.ts';

/** A model with requests of its own, and the right answer to each. */
export interface BenchedModel {
  readonly session: ModelSession;
  readonly own: OwnModel;
  /** Where the requests come from, in words. */
  readonly from: string;
}

/** Different enough that a mixed-up answer shows, few enough to know all of them. */
const MOST_CASES = 64;

/** Opens the model and asks it the rows of its evaluation data, or zeros where there are none beside the manifest. */
export async function benchedModel(model: ServedModel): Promise<BenchedModel> {
  const session = await opened(model);
  try {
    const { specification } = model.loaded;
    const { signature, problems } = signatureOf(specification, session.inputs);
    const found = scoreMappingOf(specification.outputs, session.outputs);
    const mapping = found.kind === 'mapping' ? found.mapping : undefined;
    const output = mapping?.output ?? session.outputs.find(({ datatype }) => isFloat(datatype))?.name;
    if (output === undefined) throw new Error(`${model.target.model} has no output of numbers that could be compared`);
    const table = problems.length === 0 ? await evaluationTable(model, signature) : undefined;
    const questions = table === undefined ? [zeros(session.inputs)] : questionsOf(table, signature);
    const cases: OwnCase[] = [];
    for (const [index, question] of questions.entries())
      cases.push(await answered(session, `row-${index}`, question, output, mapping));
    const right = cases.filter(({ numbers }) => numbers.every(Number.isFinite));
    if (right.length === 0) throw new Error(`${model.target.model} answers none of the rows with finite numbers`);
    const from =
      table === undefined
        ? 'zeros (no evaluation data beside the manifest)'
        : model.loaded.manifest.evaluation.data.uri;
    return { session, own: { name: model.target.model, output, cases: right }, from };
  } catch (error) {
    await session.close();
    throw error;
  }
}

function opened({ loaded, paths }: ServedModel): Promise<ModelSession> {
  const { artifact, features } = loaded.specification;
  const at = (sha256: string): string => paths.get(sha256) ?? '';
  // Read from its path, beside which its external weights lie.
  return openPipeline(
    { model: at(artifact.sha256) },
    features === undefined ? undefined : { model: at(features.sha256) },
  );
}

/** The evaluation data where they lie beside the manifest and are what it says. */
async function evaluationTable({ loaded, folder }: ServedModel, signature: Signature): Promise<Table | undefined> {
  const { data } = loaded.manifest.evaluation;
  const bytes = await readFile(join(folder, data.uri)).catch(() => undefined);
  if (bytes === undefined) return undefined;
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== data.sha256) throw new Error(`${data.uri} has sha256 ${found}, the manifest says ${data.sha256}`);
  const types = new Map(signature.columns.map(({ name, type }) => [name, type]));
  const read = await readTable(bytes, { name: data.uri, types, required: signature.columns.map(({ name }) => name) });
  if (read.kind === 'refused')
    throw new Error(read.problems.map(({ column, reason }) => `${data.uri}, column ${column}: ${reason}`).join('; '));
  return read.table;
}

interface Question {
  readonly feeds: ReadonlyMap<string, Tensor>;
  readonly record?: unknown;
}

/** Rows from all over the data. Those that cannot be fed are for the checks to tell. */
function questionsOf(table: Table, signature: Signature): readonly Question[] {
  const count = Math.min(MOST_CASES, table.rows);
  return Array.from({ length: count }, (_, index) => Math.floor((index * table.rows) / count)).flatMap((row) => {
    const read = tensorsOf(signature, table, row, row + 1);
    return read.kind === 'feeds' ? [{ feeds: read.feeds, record: recordAt(table, row, signature) }] : [];
  });
}

function zeros(inputs: readonly TensorDeclaration[]): Question {
  const feeds = inputs.map(({ name, datatype, shape }): [string, Tensor] => {
    const sizes = shape.map((size) => (size === -1 ? 1 : size));
    const count = sizes.reduce((product, size) => product * size, 1);
    const data = datatype === 'BYTES' ? Array.from({ length: count }, () => '') : new DATATYPES[datatype].array(count);
    return [name, { datatype, shape: sizes, data }];
  });
  return { feeds: new Map(feeds) };
}

async function answered(
  session: ModelSession,
  id: string,
  { feeds, record }: Question,
  output: string,
  mapping: ScoreMapping | undefined,
): Promise<OwnCase> {
  const answers = await session.run(feeds, [output]);
  const answer = answers.get(output);
  if (answer === undefined) throw new Error(`the model has no output ${output}`);
  const numbers = Array.from(numbersOf(answer.datatype, answer.data));
  if (mapping === undefined || record === undefined) return { id, feeds, numbers };
  const { scores } = scoresOf(mapping, answers, 1);
  return { id, feeds, numbers, record: { value: record, scores: [...scores] } };
}
