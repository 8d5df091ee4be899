import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { problemText, tensorsOf } from '../model/feeds.ts';
import { openPipeline } from '../model/pipeline.ts';
import { tableOfRecords } from '../model/records.ts';
import { type ScoreMapping, answerOf, scoreMappingOf, scoresOf } from '../model/score.ts';
import type { ModelSession } from '../model/session.ts';
import { type Signature, signatureOf } from '../model/signature.ts';
import type { ArtifactReference } from '../model/specification.ts';
import type { Tensor, TensorDeclaration } from '../model/tensor.ts';
import { DATATYPES } from '../model/datatype.ts';
import type { SelfTest } from '../fleet.ts';
import { Batcher } from './batcher.ts';
import type { ArmCounter } from './counters.ts';
import type { RevisionOrder } from './messages.ts';
import { Neighbours } from './neighbours.ts';

/** A revision that this process may answer with: verified, loaded, warmed and self-tested. */
export interface LoadedRevision {
  readonly order: RevisionOrder;
  readonly session: ModelSession;
  readonly batcher: Batcher;
  /** How records become tensors; a reason where the manifest and the graph do not fit: then tensors only. */
  readonly records:
    | { readonly kind: 'signature'; readonly signature: Signature }
    | { readonly kind: 'none'; readonly why: string };
  /** Where the score sits; undefined where it cannot be told. */
  readonly score: ScoreMapping | undefined;
  /** Names of inputs and columns that a request may carry. */
  readonly knows: ReadonlySet<string>;
  readonly loadMs: number;
}

/** What answering asks of a revision: something else may stand between it and the runs. */
export type Answerable = Omit<LoadedRevision, 'batcher'> & { readonly batcher: Pick<Batcher, 'submit'> };

/** Requests of one revision that may wait in one process: about a tenth of a second of work for a small model. */
const MAX_QUEUED = 1024;

/**
 * Reads the files, compares each digest with the manifest's on the very bytes that are loaded, opens the session, and answers the self-tests.
 * Rejects with the reason why the revision must not be served here.
 */
export async function loadRevision(
  order: RevisionOrder,
  counter: ArmCounter,
  proves: boolean,
  neighbours: Neighbours = new Neighbours(),
): Promise<LoadedRevision> {
  const { specification } = order;
  const { artifact, features } = specification;
  const model = await verifiedBytes(order, artifact);
  const externalData = await Promise.all(
    artifact.files.map(async (file) => ({
      location: locationOf(artifact.uri, file.uri),
      bytes: await verifiedBytes(order, file),
    })),
  );
  const featureBytes = features === undefined ? undefined : await verifiedBytes(order, features);
  const open = (): Promise<ModelSession> =>
    openPipeline(
      { model, ...(externalData.length === 0 ? {} : { externalData }) },
      featureBytes === undefined ? undefined : { model: featureBytes },
    );
  const busyBefore = busyMs();
  const session = await open();
  try {
    const { signature, problems } = signatureOf(specification, session.inputs);
    const [problem] = problems;
    const score = scoreMappingOf(specification.outputs, session.outputs);
    const records: LoadedRevision['records'] =
      problem === undefined ? { kind: 'signature', signature } : { kind: 'none', why: problem.reason };
    const mapping = score.kind === 'mapping' ? score.mapping : undefined;
    await warm(session);
    await selfTest(session, records, mapping, order.selfTests);
    const firstMs = busyMs() - busyBefore;
    const loadMs = proves && firstMs < WORTH_REPEATING_MS ? await loadingAgainMs(open) : firstMs;
    const batcher = new Batcher(session, {
      maxBatch: specification.serving.maxBatch,
      maxQueued: MAX_QUEUED,
      onRun: (rows, computeMs) => counter.ran(rows, computeMs),
      neighbour: neighbours.of(order.model),
    });
    const knows = new Set([
      ...session.inputs.map(({ name }) => name),
      ...signature.columns.map(({ name }) => name),
      ...Object.keys(specification.columns),
    ]);
    return { order, session, batcher, records, score: mapping, knows, loadMs };
  } catch (error) {
    await session.close();
    throw error;
  }
}

const WORTH_REPEATING_MS = 500;

/** The first load of a process pays for starting the runtime; what a process that serves would be held up shows the second. */
async function loadingAgainMs(open: () => Promise<ModelSession>): Promise<number> {
  const before = busyMs();
  const session = await open();
  await warm(session);
  const loadMs = busyMs() - before;
  await session.close();
  return loadMs;
}

/** Processor time of this thread, which is what loading takes from callers: by the clock, a busy machine would make every model a heavy one. */
function busyMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / US_A_MS;
}

const US_A_MS = 1000;

async function verifiedBytes(order: RevisionOrder, { uri, sha256 }: ArtifactReference): Promise<Uint8Array> {
  const path = order.paths[uri];
  if (path === undefined) throw new Error(`${uri}: no file was delivered for it`);
  const bytes = await readFile(path);
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) throw new Error(`${uri}: its sha256 is ${found}, the manifest says ${sha256}`);
  return bytes;
}

/** A graph names its external weights relative to itself; the manifest names both relative to its own folder. */
function locationOf(modelUri: string, fileUri: string): string {
  const folder = modelUri.slice(0, modelUri.lastIndexOf('/') + 1);
  return fileUri.startsWith(folder) ? fileUri.slice(folder.length) : fileUri;
}

/**
 * One run on zeros, so that the first caller does not pay for first-time allocations, and a graph that brings its process down does it before
 * it has callers. A graph may refuse zeros by right (an unknown category, an index out of range): that is no reason against it.
 */
async function warm(session: ModelSession): Promise<void> {
  try {
    await session.run(new Map(session.inputs.map((input) => [input.name, zerosOf(input)])));
  } catch {
    return;
  }
}

function zerosOf({ datatype, shape }: TensorDeclaration): Tensor {
  const size = shape.map((dimension) => (dimension < 0 ? 1 : dimension));
  const length = size.reduce((product, dimension) => product * dimension, 1);
  const data = datatype === 'BYTES' ? Array.from({ length }, () => '') : new DATATYPES[datatype].array(length);
  return { datatype, shape: size, data };
}

async function selfTest(
  session: ModelSession,
  records: LoadedRevision['records'],
  mapping: ScoreMapping | undefined,
  tests: readonly SelfTest[],
): Promise<void> {
  if (tests.length === 0) return;
  if (records.kind === 'none') throw new Error(`its self-tests cannot be asked: ${records.why}`);
  if (mapping === undefined) throw new Error('its self-tests cannot be judged: no output is the score');
  for (const [index, test] of tests.entries()) {
    const read = tableOfRecords(records.signature, [test.record]);
    if (read.kind === 'refused')
      throw new Error(`self-test ${index + 1} cannot be asked: ${read.problems.map(problemText).join('; ')}`);
    const fed = tensorsOf(records.signature, read.table);
    if (fed.kind === 'refused')
      throw new Error(`self-test ${index + 1} cannot be asked: ${fed.problems.map(problemText).join('; ')}`);
    const found = answerOf(scoresOf(mapping, await session.run(fed.feeds, [mapping.output]), 1), 0).score;
    if (!agrees(found, test.score, test.tolerance))
      throw new Error(
        `self-test ${index + 1} answered ${JSON.stringify(found)}, expected ${JSON.stringify(test.score)} within ${test.tolerance}`,
      );
  }
}

function agrees(found: number | readonly number[], expected: number | readonly number[], tolerance: number): boolean {
  const a = typeof found === 'number' ? [found] : found;
  const b = typeof expected === 'number' ? [expected] : expected;
  return a.length === b.length && a.every((value, index) => Math.abs(value - (b[index] ?? NaN)) <= tolerance);
}
