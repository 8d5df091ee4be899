import { domainFlagsOf } from '../model/domain.ts';
import { problemText, tensorsOf } from '../model/feeds.ts';
import { tableOfRecords } from '../model/records.ts';
import {
  type Answer,
  type ScoreMapping,
  type Scores,
  answerOf,
  decisionOf,
  joinScores,
  scoresOf,
} from '../model/score.ts';
import type { Signature } from '../model/signature.ts';
import type { Tensor } from '../model/tensor.ts';
import { jsonOf } from '../protocol/lossless.ts';
import { Refusal } from '../protocol/refusal.ts';
import { type PredictRequest, predictResponseOf } from '../protocol/v1.ts';
import { classificationOf } from '../protocol/classification.ts';
import { type InferRequest, wholeBodyRequest } from '../protocol/infer-request.ts';
import { type InferAnswer, inferResponseOf } from '../protocol/infer-response.ts';
import { tensorOfInput } from '../protocol/input-tensor.ts';
import { type Call, type Parsed, type Reply, priorityOf } from './call.ts';
import type { ArmCounter } from './counters.ts';
import type { Answerable } from './load-revision.ts';

/** Everything an answer needs besides the request. */
export interface Answering {
  readonly loaded: Answerable;
  readonly counter: ArmCounter;
  readonly deadline: number;
  /** Names that some live revision takes; others are unused. */
  readonly known: ReadonlySet<string>;
  /** Hears of each run for this request. */
  readonly timed?: Call['timed'] | undefined;
}

/** More would only repeat what the first say. */
const MAX_FLAGS = 1000;

/** Answers with a revision of this process. Rejects with a Refusal. */
export function answerLocally(call: Call, parsed: Parsed, answering: Answering): Promise<Reply> {
  switch (parsed.protocol) {
    case 'v1':
      return predict(call, parsed.request, answering);
    case 'v2':
      return infer(parsed.request, answering);
    case 'v2-whole':
      return inferWhole(parsed.bytes, answering);
  }
}

async function inferWhole(bytes: Uint8Array, answering: Answering): Promise<Reply> {
  const { order, session } = answering.loaded;
  const request = wholeBodyRequest(bytes, session.inputs, order.model);
  const inputs = request.inputs.map(({ name, datatype, shape, data }) => ({
    name,
    datatype,
    shape,
    parameters: { binary_data_size: data.length },
  }));
  const [only] = request.inputs;
  const tail = only?.data instanceof Uint8Array ? only.data : bytes;
  return { ...(await infer(request, answering)), logged: { text: JSON.stringify({ inputs }), tail } };
}

async function infer(request: InferRequest, { loaded, counter, deadline, known, timed }: Answering): Promise<Reply> {
  const { order, session } = loaded;
  const flags = unusedFlags(namesOf(request.inputs), known, loaded);
  const feeds = new Map<string, Tensor>();
  for (const declaration of session.inputs) {
    const input = named(request.inputs, declaration.name);
    if (input === undefined)
      throw new Refusal(
        400,
        `input "${declaration.name}" of model "${order.model}" ${order.version} is missing; it takes ${session.inputs.map(({ name }) => `"${name}"`).join(', ')}`,
        { unservable: true },
      );
    feeds.set(declaration.name, tensorOfInput(input, declaration, order.model));
  }
  for (const { name } of request.outputs ?? [])
    if (!session.outputs.some((output) => output.name === name))
      throw new Refusal(
        400,
        `model "${order.model}" ${order.version} has no output "${name}"; it has ${session.outputs.map((output) => `"${output.name}"`).join(', ')}`,
      );
  const computed = await loaded.batcher.submit(
    feeds,
    request.outputs === undefined ? undefined : namesOf(request.outputs),
    mergedParameters(request.parameters),
    deadline,
    priorityOf(request),
  );
  const { outputs } = computed;
  counter.waited(computed.queueMs);
  timed?.(computed);
  const scores = scoresIn(loaded.score, outputs);
  if (scores !== undefined) counter.scored(decidingScores(scores));
  const { model, version, revision } = order;
  const answer: InferAnswer = {
    id: request.id,
    model,
    version,
    outputs: orderedOutputs(request.outputs, loaded, outputs),
    isBinary: (name) => named(request.outputs ?? [], name)?.binary ?? request.binaryOutputs,
  };
  return {
    body: () => inferResponseOf(answer),
    answer,
    revision,
    version,
    flags,
    rows: scores?.rows ?? 1,
    ...(scores === undefined ? {} : { scores: scores.scores }),
  };
}

/** What says when and how an answer is delivered keeps no two requests apart. */
const OF_DELIVERY: ReadonlySet<string> = new Set(['binary_data_output', 'priority', 'timeout']);

function mergedParameters(parameters: InferRequest['parameters']): string {
  let others: Record<string, unknown> | undefined;
  for (const name in parameters) {
    if (OF_DELIVERY.has(name)) continue;
    others ??= {};
    others[name] = parameters[name];
  }
  return others === undefined ? '' : (jsonOf(others) ?? '');
}

/** Outputs in the order that was asked for, else as the graph declares them. */
function orderedOutputs(
  wanted: InferRequest['outputs'],
  loaded: Answerable,
  outputs: ReadonlyMap<string, Tensor>,
): ReadonlyMap<string, Tensor> {
  if (wanted === undefined)
    return haveOrder(outputs, loaded.session.outputs) ? outputs : declaredOrder(outputs, loaded);
  const ordered = new Map<string, Tensor>();
  for (const { name, classification } of wanted) {
    const tensor = outputs.get(name);
    if (tensor === undefined) continue;
    ordered.set(
      name,
      classification === undefined ? tensor : classificationOf(name, tensor, classification, labelsOf(loaded, name)),
    );
  }
  return ordered;
}

function haveOrder(outputs: ReadonlyMap<string, Tensor>, declared: Answerable['session']['outputs']): boolean {
  let at = 0;
  for (const name of outputs.keys()) if (declared[at++]?.name !== name) return false;
  return true;
}

function declaredOrder(outputs: ReadonlyMap<string, Tensor>, { session }: Answerable): ReadonlyMap<string, Tensor> {
  const ordered = new Map<string, Tensor>();
  for (const { name } of session.outputs) {
    const tensor = outputs.get(name);
    if (tensor !== undefined) ordered.set(name, tensor);
  }
  return ordered;
}

/** What the classes are called, for the output that holds their scores. */
function labelsOf({ score }: Answerable, output: string): readonly (string | number)[] | undefined {
  return score !== undefined && 'classes' in score && score.output === output ? score.classes : undefined;
}

/** The scores in a tensor answer, where the output that holds them was asked for. */
function scoresIn(mapping: ScoreMapping | undefined, outputs: ReadonlyMap<string, Tensor>): Scores | undefined {
  const rows = mapping === undefined ? undefined : outputs.get(mapping.output)?.shape[0];
  if (mapping === undefined || rows === undefined) return undefined;
  try {
    return scoresOf(mapping, outputs, rows);
  } catch {
    // The graph answers tensors as it likes; only records need a score, and are refused without one.
    return undefined;
  }
}

/** One number a row: the score, for several classes that of the decided one. */
function decidingScores(scores: Scores): Float64Array {
  if (scores.task !== 'multiclass') return scores.scores;
  const width = scores.classes.length;
  return Float64Array.from(
    { length: scores.rows },
    (_, row) => scores.scores[row * width + decisionOf(scores, row)] ?? NaN,
  );
}

async function predict(call: Call, request: PredictRequest, answering: Answering): Promise<Reply> {
  const { loaded, counter } = answering;
  const { order, records, score } = loaded;
  const { model, version, revision } = order;
  if (records.kind === 'none') throw new Refusal(422, `model "${model}" ${version} takes tensors only: ${records.why}`);
  if (score === undefined)
    throw new Refusal(422, `model "${model}" ${version} takes tensors only: no output is its score`);
  const { signature } = records;
  const missing = signature.columns.find(({ name }) =>
    request.instances.some((record) => !Object.hasOwn(record, name)),
  );
  const read = tableOfRecords(signature, withPlainIntegers(request.instances, signature));
  if (read.kind === 'refused')
    throw new Refusal(400, `instances: ${read.problems.map(problemText).join('; ')}`, {
      unservable: missing !== undefined,
    });
  const flags = unusedFlags(read.unknown, answering.known, loaded);
  const scores = await scoresOfTable(
    read.table.rows,
    (from, to) => tensorsOf(signature, read.table, from, to),
    answering,
    score,
  );
  counter.scored(decidingScores(scores));
  const outside = domainFlagsOf(order.specification.columns, read.table, MAX_FLAGS);
  const predictions = request.instances.map((_, row) =>
    predictionOf(
      scores,
      row,
      // What is expected, not what was found: flags are logged, and the value may be private.
      outside.filter((flag) => flag.row === row).map(({ column, expected }) => `${column}: outside ${expected}`),
    ),
  );
  return {
    body: () => ({ text: predictResponseOf({ id: call.id, model, version, revision, predictions, flags }) }),
    revision,
    version,
    flags: [...new Set([...flags, ...predictions.flatMap((prediction) => prediction.flags)])],
    scores: scores.scores,
    rows: scores.rows,
  };
}

async function scoresOfTable(
  rows: number,
  feedsOf: (from: number, to: number) => ReturnType<typeof tensorsOf>,
  { loaded, counter, deadline, timed }: Answering,
  score: ScoreMapping,
): Promise<Scores> {
  const fixed = loaded.records.kind === 'signature' && loaded.records.signature.fixedBatch === 1;
  const step = fixed ? 1 : Math.max(1, rows);
  const parts: Scores[] = [];
  for (let from = 0; from === 0 || from < rows; from += step) {
    const to = Math.min(rows, from + step);
    const fed = feedsOf(from, to);
    if (fed.kind === 'refused') throw new Refusal(400, `instances: ${fed.problems.map(problemText).join('; ')}`);
    const computed = await loaded.batcher.submit(fed.feeds, [score.output], '', deadline);
    counter.waited(computed.queueMs);
    timed?.(computed);
    parts.push(scoresOf(score, computed.outputs, to - from));
  }
  return joinScores(parts);
}

function predictionOf(
  scores: Scores,
  row: number,
  flags: readonly string[],
): Answer & { readonly flags: readonly string[] } {
  const answer = answerOf(scores, row);
  const finite = typeof answer.score === 'number' ? Number.isFinite(answer.score) : answer.score.every(Number.isFinite);
  return { ...answer, flags: finite ? flags : [...flags, 'score: not finite'] };
}

/** Integers beyond 2^53 were kept exact by the parser: as text for an integer column, rounded for the others. */
function withPlainIntegers(
  instances: PredictRequest['instances'],
  signature: Signature,
): readonly Readonly<Record<string, unknown>>[] {
  if (!instances.some((record) => Object.values(record).some((value) => typeof value === 'bigint'))) return instances;
  const integers = new Set(signature.columns.filter(({ type }) => type === 'integer').map(({ name }) => name));
  return instances.map((record) =>
    Object.fromEntries(
      Object.entries(record).map(([name, value]) => [
        name,
        typeof value !== 'bigint' ? value : integers.has(name) ? value.toString() : Number(value),
      ]),
    ),
  );
}

function named<T extends { readonly name: string }>(tensors: readonly T[], name: string): T | undefined {
  for (const tensor of tensors) if (tensor.name === name) return tensor;
  return undefined;
}

function namesOf(tensors: readonly { readonly name: string }[]): readonly string[] {
  const names: string[] = [];
  for (const { name } of tensors) names.push(name);
  return names;
}

const NO_FLAGS: readonly string[] = [];

function unusedFlags(names: readonly string[], known: ReadonlySet<string>, loaded: Answerable): readonly string[] {
  if (names.every((name) => known.has(name) || loaded.knows.has(name))) return NO_FLAGS;
  const unused = names.filter((name) => !known.has(name) && !loaded.knows.has(name));
  if (loaded.order.specification.serving.strictInputs)
    throw new Refusal(
      400,
      `model "${loaded.order.model}" takes no input ${unused.map((name) => `"${name}"`).join(', ')} (serving.strictInputs)`,
    );
  return unused.map((name) => `unused: ${name}`);
}
