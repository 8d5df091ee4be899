import { DATATYPES } from '../model/datatype.ts';
import type { ModelSession } from '../model/session.ts';
import type { Tensor, TensorData } from '../model/tensor.ts';
import { Refusal } from '../protocol/refusal.ts';
import type { Neighbour } from './neighbours.ts';
import { RunTimes } from './run-times.ts';

/**
 * Adaptive batching without delay. A run holds the event loop, so requests pile up while one is under way; what is queued when the loop
 * comes round becomes the next run, up to `maxBatch` rows. Nothing ever waits for company.
 *
 * Requests are merged only when they ask for the same outputs with the same parameters, and their inputs agree in datatypes and in all
 * dimensions after the first; and only for graphs whose inputs and outputs all have a variable first dimension. A graph that breaks that
 * promise (an output with another number of rows) is run request by request from then on.
 *
 * A run holds up everything else in its process. So where other models have callers, requests are merged only as long as the run is expected to stay short.
 * A model that has its process to itself holds up only its own callers: under a backlog, and where rows are measurably quicker together, two thirds of what
 * waits become one run, within a bound. Not all, since whoever is merged waits for all of the run.
 */
export interface Computed {
  readonly outputs: ReadonlyMap<string, Tensor>;
  readonly queueMs: number;
  /** From when it left the queue until its outputs were there, at `endedAt` of `performance.now()`; undefined: nothing was run for it. */
  readonly ran?: { readonly computeMs: number; readonly endedAt: number };
}

export interface BatcherOptions {
  readonly maxBatch: number;
  /** Requests that may wait; one more is refused with 429. */
  readonly maxQueued: number;
  /** Told of every run for predictions. */
  readonly onRun: (rows: number, computeMs: number) => void;
  /** What is known of how long its runs take. */
  readonly times?: RunTimes;
  /** The model among others of its process; undefined: it has none. */
  readonly neighbour?: Neighbour;
}

interface Job {
  readonly feeds: ReadonlyMap<string, Tensor>;
  readonly fetches: readonly string[] | undefined;
  readonly parameters: string;
  /** False: must run alone. */
  readonly isMergeable: boolean;
  readonly rows: number;
  readonly queuedAt: number;
  readonly deadline: number;
  readonly priority: number;
  readonly resolve: (computed: Computed) => void;
  readonly reject: (error: unknown) => void;
}

/** Of a request that says nothing: there is room before it and behind it. */
export const USUAL_PRIORITY = 100;
/** Of what is no prediction, an explanation for one: it goes behind all that are, and is not told as a run of theirs. */
export const BESIDE_PRIORITY = Number.MAX_SAFE_INTEGER;
/** What merged requests may hold up others for. */
const SHORT_RUN_MS = 4;
/** What merged requests may hold up their own model's callers for, and whoever asks how this process is. */
const LONG_RUN_MS = 50;
/** How much of what waits becomes one long run. */
const WAITING_SHARE = 2 / 3;

export class Batcher {
  readonly #session: ModelSession;
  readonly #options: BatcherOptions;
  #mergeable: boolean;
  #queue: Job[] = [];
  #busy = false;
  readonly #times: RunTimes;
  /** Where large inputs are put together, run after run: nobody looks at them when the run has ended. */
  readonly #joined: Scratch = new Map();

  constructor(session: ModelSession, options: BatcherOptions) {
    this.#session = session;
    this.#options = options;
    this.#times = options.times ?? new RunTimes();
    this.#mergeable = [...session.inputs, ...session.outputs].every(({ shape }) => shape[0] === -1);
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** What a request takes of a run, by the median of the last so many; undefined: none yet. */
  get runTime(): { readonly medianMs: number; readonly runs: number } | undefined {
    const medianMs = this.#times.medians?.runMs;
    return medianMs === undefined ? undefined : { medianMs, runs: this.#times.count };
  }

  /**
   * `deadline` is in `performance.now()` milliseconds: a request that is still queued then is refused with 503. A lower `priority` goes first; among
   * equals the older does.
   */
  submit(
    feeds: ReadonlyMap<string, Tensor>,
    fetches: readonly string[] | undefined,
    parameters: string,
    deadline: number,
    priority: number = USUAL_PRIORITY,
  ): Promise<Computed> {
    if (this.#queue.length >= this.#options.maxQueued)
      return Promise.reject(
        new Refusal(429, `the queue is full: ${this.#queue.length} requests are waiting`, { retryAfterSeconds: 1 }),
      );
    const { promise, resolve, reject } = Promise.withResolvers<Computed>();
    const rows = rowsOf(feeds);
    const queuedAt = performance.now();
    const { neighbour } = this.#options;
    if (neighbour !== undefined) neighbour.askedAt = queuedAt;
    this.#enqueue({
      feeds,
      fetches,
      parameters,
      isMergeable: this.#mergeable && rows !== undefined && rows > 0,
      rows: rows ?? 1,
      queuedAt,
      deadline,
      priority,
      resolve,
      reject,
    });
    this.#wake();
    return promise;
  }

  #enqueue(job: Job): void {
    let place = this.#queue.length;
    while (place > 0 && (this.#queue[place - 1]?.priority ?? job.priority) > job.priority) place -= 1;
    if (place === this.#queue.length) this.#queue.push(job);
    else this.#queue.splice(place, 0, job);
  }

  /** Resolves once nothing waits and nothing runs. */
  async settled(): Promise<void> {
    while (this.#busy || this.#queue.length > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  #wake(): void {
    if (this.#busy || this.#queue.length === 0) return;
    this.#busy = true;
    setImmediate(() => {
      this.#flush().then(
        () => this.#rest(),
        () => this.#rest(),
      );
    });
  }

  #rest(): void {
    this.#busy = false;
    this.#wake();
  }

  async #flush(): Promise<void> {
    const now = performance.now();
    const jobs = this.#take(now);
    const [first, ...others] = jobs;
    if (first === undefined) return;
    if (others.length === 0) await this.#runAlone(first, now);
    else await this.#runMerged(jobs, first, now);
  }

  /** How many rows may be merged into one run: in any case, and where it would hold up nobody but this model's callers. */
  #mostRows(now: number): { readonly short: number; readonly long: number } {
    const { maxBatch, neighbour } = this.#options;
    const medians = this.#times.medians;
    if (medians === undefined || medians.rowMs === 0) return { short: maxBatch, long: maxBatch };
    const short = Math.min(maxBatch, Math.floor(SHORT_RUN_MS / medians.rowMs));
    if (short === maxBatch || !medians.mergingPays || neighbour?.isAlone(now) === false) return { short, long: short };
    let waiting = 0;
    for (const { rows, priority } of this.#queue) if (priority < BESIDE_PRIORITY) waiting += rows;
    const long = Math.min(maxBatch, Math.floor(LONG_RUN_MS / medians.rowMs), Math.ceil(WAITING_SHARE * waiting));
    return { short, long: Math.max(short, long) };
  }

  /** The first live request and those behind it that may share its run. */
  #take(now: number): Job[] {
    const { short, long } = this.#mostRows(now);
    const taken: Job[] = [];
    const left: Job[] = [];
    let rows = 0;
    for (const job of this.#queue) {
      const first = taken[0];
      if (job.deadline < now)
        job.reject(
          new Refusal(
            503,
            `the request waited ${Math.round(now - job.queuedAt)} ms in the queue, beyond its deadline`,
            {
              retryAfterSeconds: 1,
            },
          ),
        );
      else if (first === undefined) {
        taken.push(job);
        rows = job.rows;
      } else if (
        // What is no prediction stands behind all that are, and lengthens no run of theirs.
        rows + job.rows <= (job.priority < BESIDE_PRIORITY ? long : short) &&
        mayShareRun(first, job)
      ) {
        taken.push(job);
        rows += job.rows;
      } else left.push(job);
    }
    this.#queue = left;
    return taken;
  }

  async #runAlone(job: Job, now: number): Promise<void> {
    try {
      const outputs = await this.#runInChunks(job);
      job.resolve(computedOf(job, outputs, now, performance.now()));
    } catch (error) {
      job.reject(
        error instanceof Refusal ? error : new Refusal(500, `the model could not be run: ${messageOf(error)}`),
      );
    }
  }

  /** A request of more rows than one run may hold is answered in several. */
  async #runInChunks(job: Job): Promise<ReadonlyMap<string, Tensor>> {
    const { maxBatch } = this.#options;
    if (!job.isMergeable || job.rows <= maxBatch) return this.#run(job.feeds, job, job.rows);
    const parts: ReadonlyMap<string, Tensor>[] = [];
    for (let from = 0; from < job.rows; from += maxBatch) {
      const rows = Math.min(maxBatch, job.rows - from);
      const outputs = await this.#run(slicedFeeds(job.feeds, from, rows), job, rows);
      if (!haveRows(outputs, rows)) {
        this.#mergeable = false;
        return this.#run(job.feeds, job, job.rows);
      }
      parts.push(outputs);
    }
    return joinedTensors(parts);
  }

  async #runMerged(jobs: readonly Job[], first: Job, now: number): Promise<void> {
    const rows = jobs.reduce((sum, job) => sum + job.rows, 0);
    let outputs: ReadonlyMap<string, Tensor> | undefined;
    try {
      outputs = await this.#run(
        joinedTensors(
          jobs.map((job) => job.feeds),
          this.#joined,
        ),
        first,
        rows,
        jobs.length,
      );
      if (!haveRows(outputs, rows)) {
        this.#mergeable = false;
        outputs = undefined;
      }
    } catch {
      // One caller's row may be what the graph cannot take: alone, each gets the answer that is its own.
      outputs = undefined;
    }
    if (outputs === undefined) {
      for (const job of jobs) await this.#runAlone(job, now);
      return;
    }
    const endedAt = performance.now();
    const slices = new Slices(outputs);
    let from = 0;
    for (const job of jobs) {
      job.resolve(computedOf(job, slices.of(from, job.rows), now, endedAt));
      from += job.rows;
    }
  }

  async #run(
    feeds: ReadonlyMap<string, Tensor>,
    { fetches, priority }: Pick<Job, 'fetches' | 'priority'>,
    rows: number,
    requests = 1,
  ): Promise<ReadonlyMap<string, Tensor>> {
    const started = performance.now();
    const outputs = await this.#session.run(feeds, fetches);
    const endedAt = performance.now();
    const ms = endedAt - Math.max(started, lastRunEndedAt);
    lastRunEndedAt = endedAt;
    this.#times.add(rows, ms, requests);
    if (priority < BESIDE_PRIORITY) this.#options.onRun(rows, ms);
    return outputs;
  }
}

/** Runs of a process hold its event loop one after the other: what another model's took, before it was the turn of ours, is not ours. */
let lastRunEndedAt = -Infinity;

function computedOf(
  { queuedAt }: Job,
  outputs: ReadonlyMap<string, Tensor>,
  takenAt: number,
  endedAt: number,
): Computed {
  return { outputs, queueMs: takenAt - queuedAt, ran: { computeMs: endedAt - takenAt, endedAt } };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The first dimension that all inputs share; undefined where they differ. */
function rowsOf(feeds: ReadonlyMap<string, Tensor>): number | undefined {
  let rows: number | undefined;
  for (const { shape } of feeds.values()) {
    if (shape[0] === undefined || (rows !== undefined && rows !== shape[0])) return undefined;
    rows = shape[0];
  }
  return rows;
}

/** Whether both ask for the same outputs with the same parameters, and feed tensors of the same form but for their rows. */
function mayShareRun(first: Job, other: Job): boolean {
  return (
    first.isMergeable &&
    other.isMergeable &&
    first.parameters === other.parameters &&
    areSameNames(first.fetches, other.fetches) &&
    haveSameForm(first.feeds, other.feeds)
  );
}

function areSameNames(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

function haveSameForm(a: ReadonlyMap<string, Tensor>, b: ReadonlyMap<string, Tensor>): boolean {
  if (a.size !== b.size) return false;
  for (const [name, { datatype, shape }] of a) {
    const other = b.get(name);
    if (other === undefined || other.datatype !== datatype || other.shape.length !== shape.length) return false;
    for (let axis = 1; axis < shape.length; axis++) if (other.shape[axis] !== shape[axis]) return false;
  }
  return true;
}

function haveRows(outputs: ReadonlyMap<string, Tensor>, rows: number): boolean {
  for (const { shape } of outputs.values()) if (shape[0] !== rows) return false;
  return true;
}

/** Rows [from, from + rows) of every tensor; typed arrays are views, not copies. */
function slicedFeeds(tensors: ReadonlyMap<string, Tensor>, from: number, rows: number): ReadonlyMap<string, Tensor> {
  return new Slices(tensors).of(from, rows);
}

/** Cuts tensors along their rows, again and again. */
class Slices {
  readonly #tensors: readonly { readonly name: string; readonly tensor: Tensor; readonly width: number }[];
  #rows = -1;
  /** Of slices of so many rows. */
  #shapes: readonly (readonly number[])[] = [];

  constructor(tensors: ReadonlyMap<string, Tensor>) {
    this.#tensors = Array.from(tensors, ([name, tensor]) => ({ name, tensor, width: rowSizeOf(tensor.shape) }));
  }

  of(from: number, rows: number): ReadonlyMap<string, Tensor> {
    if (rows !== this.#rows) {
      this.#shapes = this.#tensors.map(({ tensor }) => [rows, ...tensor.shape.slice(1)]);
      this.#rows = rows;
    }
    const sliced = new Map<string, Tensor>();
    let index = 0;
    for (const { name, tensor, width } of this.#tensors) {
      const { datatype, data } = tensor;
      const part: TensorData = Array.isArray(data)
        ? data.slice(from * width, (from + rows) * width)
        : (data as Float32Array).subarray(from * width, (from + rows) * width);
      sliced.set(name, { datatype, shape: this.#shapes[index++] ?? [], data: part });
    }
    return sliced;
  }
}

function rowSizeOf(shape: readonly number[]): number {
  let size = 1;
  for (let axis = 1; axis < shape.length; axis++) size *= shape[axis] ?? 1;
  return size;
}

/** Memory by the name of the tensor that lies in it. */
type Scratch = Map<string, ArrayBuffer>;

/** Smaller ones are not worth keeping memory for; larger ones would keep too much of it. */
const SCRATCH_BYTES = { from: 65_536, to: 16 * 2 ** 20 } as const;

/** Tensors of the same names, datatypes and trailing dimensions, one below the other; large ones in the scratch memory where there is one. */
function joinedTensors(parts: readonly ReadonlyMap<string, Tensor>[], scratch?: Scratch): ReadonlyMap<string, Tensor> {
  const joined = new Map<string, Tensor>();
  const [first] = parts;
  if (first === undefined) return joined;
  for (const [name, { datatype, shape }] of first) {
    const tensors = parts.map((part) => part.get(name)).filter((tensor) => tensor !== undefined);
    const rows = tensors.reduce((sum, tensor) => sum + (tensor.shape[0] ?? 0), 0);
    const data = joinedData(datatype, tensors, (bytes) => memoryIn(scratch, name, bytes));
    joined.set(name, { datatype, shape: [rows, ...shape.slice(1)], data });
  }
  return joined;
}

function joinedData(
  datatype: Tensor['datatype'],
  tensors: readonly Tensor[],
  memoryFor: (bytes: number) => ArrayBuffer | undefined,
): TensorData {
  if (datatype === 'BYTES') return tensors.flatMap(({ data }) => data as readonly string[]);
  const length = tensors.reduce((sum, { data }) => sum + data.length, 0);
  const { array } = DATATYPES[datatype];
  // The arrays are of one class, which TypeScript cannot see through the table of datatypes.
  const memory = memoryFor(length * array.BYTES_PER_ELEMENT);
  const joined = (memory === undefined ? new array(length) : new array(memory, 0, length)) as Float32Array;
  let at = 0;
  for (const { data } of tensors) {
    joined.set(data as Float32Array, at);
    at += data.length;
  }
  return joined;
}

function memoryIn(scratch: Scratch | undefined, name: string, bytes: number): ArrayBuffer | undefined {
  if (scratch === undefined || bytes < SCRATCH_BYTES.from || bytes > SCRATCH_BYTES.to) return undefined;
  const known = scratch.get(name);
  if (known !== undefined && known.byteLength >= bytes) return known;
  const memory = new ArrayBuffer(bytes);
  scratch.set(name, memory);
  return memory;
}
