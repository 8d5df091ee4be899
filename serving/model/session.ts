import { createRequire } from 'node:module';
import type * as onnxruntime from 'onnxruntime-node';
import { silenceRuntimeTelemetry } from './config.ts';
import { DATATYPES, datatypeOf } from './datatype.ts';
import type { Tensor, TensorData, TensorDeclaration } from './tensor.ts';

/**
 * One loaded graph. `run` computes on the calling thread: ONNX Runtime's Node binding blocks the event loop for as long
 * as a run takes, so a limit on time needs another process.
 */
export interface ModelSession {
  readonly inputs: readonly TensorDeclaration[];
  readonly outputs: readonly TensorDeclaration[];
  readonly loadMs: number;
  /**
   * Answers of the outputs named in `fetches` (all of them when left out). Extra feeds are ignored; a missing one, or one of the wrong
   * datatype or shape, rejects with the runtime's message.
   */
  run(feeds: ReadonlyMap<string, Tensor>, fetches?: readonly string[]): Promise<ReadonlyMap<string, Tensor>>;
  /** Waits for the runs under way, then frees the memory. May be called again. */
  close(): Promise<void>;
}

export interface SessionOptions {
  /** The graph: a file, whose external data lie beside it, or its bytes with `externalData`. */
  readonly model: string | Uint8Array;
  /** External weights by the location that the graph names. */
  readonly externalData?: readonly { readonly location: string; readonly bytes: Uint8Array }[];
  readonly optimisation?: 'all' | 'disabled';
  /** Threads inside one operator; 1 by default, since answers differ in the last bits between thread counts. */
  readonly threads?: number;
}

/** The graph cannot be served, whatever is fed: it must be exported in another way. */
export class ModelRefused extends Error {
  override readonly name = 'ModelRefused';
  /** What the author can do about it. */
  readonly next: string | undefined;
  constructor(message: string, next?: string) {
    super(message);
    this.next = next;
  }
}

type Runtime = typeof onnxruntime;
type RuntimeSession = onnxruntime.InferenceSession;
type RuntimeTensor = onnxruntime.Tensor;
let loadedRuntime: Promise<Runtime> | undefined;

/** Loaded with the first session: the native library costs 50 ms and 45 MB, which most commands need not pay. */
function loadRuntime(): Promise<Runtime> {
  silenceRuntimeTelemetry();
  loadedRuntime ??= import('onnxruntime-node');
  return loadedRuntime;
}

/** The version of ONNX Runtime that serves; told without loading it. */
export function runtimeVersion(): string {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { readonly version: string };
  return version;
}

/** ONNX Runtime's log levels: 3 is errors; its warnings are about the author's graph and are told by the checks. */
const LOG_ERRORS = 3;

/** Loads a graph. Rejects with ModelRefused when its inputs or outputs cannot travel, else with the runtime's own words. */
export async function openSession(options: SessionOptions): Promise<ModelSession> {
  const runtime = await loadRuntime();
  const started = performance.now();
  const session = await createSession(runtime, options);
  const loadMs = performance.now() - started;
  try {
    const inputs = session.inputMetadata.map((metadata) => declarationOf('input', metadata));
    const outputs = session.outputMetadata.map((metadata) => declarationOf('output', metadata));
    return modelSessionOf(runtime, session, inputs, outputs, loadMs);
  } catch (error) {
    await session.release();
    throw error;
  }
}

async function createSession(runtime: Runtime, options: SessionOptions): Promise<RuntimeSession> {
  const sessionOptions: onnxruntime.InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: options.threads ?? 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: options.optimisation ?? 'all',
    logSeverityLevel: LOG_ERRORS,
    // A spinning pool burns a core while it waits for requests: 82 % of a CPU against 11 % at one request every 10 ms.
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
    ...(options.externalData === undefined
      ? {}
      : { externalData: options.externalData.map(({ location, bytes }) => ({ path: location, data: bytes })) }),
  };
  try {
    return typeof options.model === 'string'
      ? await runtime.InferenceSession.create(options.model, sessionOptions)
      : await runtime.InferenceSession.create(options.model, sessionOptions);
  } catch (error) {
    throw refusalOf(error);
  }
}

/** ONNX element types that the binding cannot name, by their number in the protobuf. */
const UNNAMED_TYPES: Readonly<Record<string, string>> = {
  14: 'complex64',
  15: 'complex128',
  16: 'bfloat16',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
};

function refusalOf(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const unnamed = /^Unsupported data type: (\d+)/.exec(error.message)?.[1];
  if (unnamed === undefined) return error;
  return new ModelRefused(
    `the graph has an input or output of type ${UNNAMED_TYPES[unnamed] ?? `number ${unnamed}`}, which cannot travel in a request or an answer`,
    'Add a Cast to float32 at that end of the graph and export it again.',
  );
}

const WAY_OUT_OF_ZIPMAP =
  "Export it as a tensor: for scikit-learn `to_onnx(model, X, options={'zipmap': False})`, for other converters the option of the same meaning.";

function declarationOf(
  end: 'input' | 'output',
  metadata: onnxruntime.InferenceSession.ValueMetadata,
): TensorDeclaration {
  if (!metadata.isTensor)
    throw new ModelRefused(
      `${end} "${metadata.name}" is a sequence, a map or an optional, not a tensor: the serving runtime cannot ${end === 'input' ? 'feed' : 'return'} it`,
      end === 'output' ? WAY_OUT_OF_ZIPMAP : 'Export the graph with a tensor in its place.',
    );
  const datatype = datatypeOf(metadata.type);
  // Running a graph with an int4 output aborts the whole process; no try and catch helps, so it must never be run.
  if (datatype === undefined)
    throw new ModelRefused(
      `${end} "${metadata.name}" has type ${metadata.type}, which the serving runtime cannot carry`,
      `Add a Cast to int8 or float32 at "${metadata.name}" and export the graph again.`,
    );
  return { name: metadata.name, datatype, shape: metadata.shape.map((size) => (typeof size === 'number' ? size : -1)) };
}

function modelSessionOf(
  runtime: Runtime,
  session: RuntimeSession,
  inputs: readonly TensorDeclaration[],
  outputs: readonly TensorDeclaration[],
  loadMs: number,
): ModelSession {
  let running = 0;
  let closing: Promise<void> | undefined;
  let lastRunEnded: (() => void) | undefined;

  const run: ModelSession['run'] = async (feeds, fetches) => {
    if (closing !== undefined) throw new Error('the session is closed');
    running += 1;
    try {
      const runtimeFeeds: Record<string, RuntimeTensor> = {};
      for (const [name, tensor] of feeds) runtimeFeeds[name] = runtimeTensorOf(runtime, name, tensor);
      const answers =
        fetches === undefined ? await session.run(runtimeFeeds) : await session.run(runtimeFeeds, [...fetches]);
      const tensors = new Map<string, Tensor>();
      for (const [name, answer] of Object.entries(answers)) tensors.set(name, tensorOf(name, answer));
      return tensors;
    } finally {
      running -= 1;
      if (running === 0) lastRunEnded?.();
    }
  };

  // The binding throws on a second release and on one with runs pending: count them, release once.
  const release = async (): Promise<void> => {
    if (running > 0)
      await new Promise<void>((resolve) => {
        lastRunEnded = resolve;
      });
    await session.release();
  };
  const close = (): Promise<void> => {
    closing ??= release();
    return closing;
  };
  return { inputs, outputs, loadMs, run, close };
}

function runtimeTensorOf(runtime: Runtime, name: string, tensor: Tensor): RuntimeTensor {
  const { datatype, data } = tensor;
  const shape = [...tensor.shape];
  if (datatype === 'BYTES') {
    if (!Array.isArray(data)) throw new Error(`input "${name}": a BYTES tensor carries an array of strings`);
    for (const text of data) refuseUnsafeText(name, text);
    return new runtime.Tensor('string', data, shape);
  }
  if (datatype === 'FP16') {
    // Node 24 has Float16Array, and the binding of onnxruntime 1.30 reads no bytes from one: hand it the bits under another name.
    const bits = new runtime.Tensor('uint16', data as Uint16Array, shape);
    (bits as { type: string }).type = 'float16';
    return bits as unknown as RuntimeTensor;
  }
  return new runtime.Tensor(
    DATATYPES[datatype].runtime,
    data as Float32Array & readonly string[],
    shape,
  ) as RuntimeTensor;
}

/** The binding cuts a string at its first NUL and turns lone surrogates into replacement characters, silently. */
function refuseUnsafeText(name: string, text: unknown): void {
  if (typeof text !== 'string')
    throw new Error(`input "${name}": a BYTES tensor carries strings, found ${typeof text}`);
  if (text.includes('\0')) throw new Error(`input "${name}": text with a NUL character cannot be fed`);
  if (!text.isWellFormed()) throw new Error(`input "${name}": text that is not valid Unicode cannot be fed`);
}

function tensorOf(name: string, answer: RuntimeTensor): Tensor {
  const datatype = datatypeOf(answer.type);
  if (datatype === undefined) throw new Error(`output "${name}" came as ${answer.type}, which cannot travel`);
  const data = answer.data as TensorData;
  if (datatype === 'FP16' && ArrayBuffer.isView(data) && !(data instanceof Uint16Array))
    return { datatype, shape: answer.dims, data: new Uint16Array(data.buffer, data.byteOffset, data.length) };
  return { datatype, shape: answer.dims, data };
}
