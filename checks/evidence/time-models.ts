import { isDecided, loadVerdict } from '../performance/judge-times.ts';
import { recordAt } from '../../serving/model/record-at.ts';
import { tableOfRecords } from '../../serving/model/records.ts';
import { spreadRows } from '../../serving/model/rows.ts';
import { answerOf } from '../../serving/model/score.ts';
import type { Row, Table } from '../../serving/model/table.ts';
import { seededRandom } from '../stats/seeded-random.ts';
import type { Part } from './evidence.ts';
import type { Job, ModelJob } from './job.ts';
import type { LaterPart, Measured } from './later-parts.ts';
import type { Sink } from './measure.ts';
import { gathered, missing } from './missing.ts';
import { answerBatch, fullBatch, openModel, type OpenModel } from './open-model.ts';
import type { PerformanceEvidence, TimedModel } from './performance-evidence.ts';

/**
 * Times of candidate and champion, by turns in one process: a *round* is a number of single-row runs, each model on the same record, in an order
 * that a seeded coin decides anew, and then a full batch of each. A run is the whole path of a request: record, tensors, run, score.
 */
export const performancePart: LaterPart<'performance'> = {
  part: 'performance',
  stage: 'timing the models',
  measure: timeModels,
};

const SEED = 1;
/** Different records that are asked in turn, so that no answer is the processor's memory of the last. */
const RECORDS = 64;
const RUNS_A_ROUND = 50;
const WARMING_RUNS = 20;
/** Runs at which the verdict is looked at; the last is where measuring ends. */
const LOOKS: readonly number[] = [1000, 2000, 5000, 10_000, 20_000];
/** What the numbers of a model without budgets may take; and to warm up, of it. */
const UNDECLARED_MS = 1500;
const WARMING_SHARE = 0.2;
/** A slow model is asked smaller batches: one may take this share of it. */
const BATCH_SHARE = 0.2;
/** More runs without any computing time than this, and the clock of it ticks too slowly. */
const UNTOLD_SHARE = 0.1;
/** Of the time that answering may take, what deciding a declared budget may. */
const SHARE_FOR_BUDGETS = 0.2;
/** Loads of each model: the fewest whose least and largest hold the median in 99 %, where a budget asks for it. */
const LOADS = 3;
const LOADS_FOR_BUDGET = 8;
const MOST_LOADS = 64;
/** A model so slow that its loads take longer is loaded fewer times. */
const LOADING_SHARE = 0.5;

async function timeModels(measured: Measured, sink: Sink): Promise<Part<PerformanceEvidence>> {
  const { job, candidate, champion, championAnswers, evaluation, rowMs } = measured;
  const rival = championAnswers === undefined ? undefined : champion;
  const rows = spreadRows(evaluation.table.rows, RECORDS);
  const batch = Math.min(candidate.batch, Math.max(1, Math.floor((UNDECLARED_MS * BATCH_SHARE) / rowMs)));
  sink.put('warmingRows', fullBatch(evaluation.table, batch));
  const models = rival === undefined ? [candidate] : [candidate, rival];
  const askable = [...rows].filter((row) => models.every((model) => isAskable(model, evaluation.table, row)));
  if (askable.length === 0) return missing('performance', 'no evaluation row can be sent as a record');
  try {
    const timers = models.map((model) => timerOf(model, evaluation.table, askable, Math.min(batch, model.batch)));
    const { roundEnds, stopped } = await runRounds(timers, job, sink);
    const loads = await loadByTurns(rival === undefined ? [job.candidate] : [job.candidate, ...championOf(job)], job);
    const timed = timers.map(
      (timer, at): TimedModel => ({ ...timer.times(), loadMs: loads[at] ?? new Float64Array(0) }),
    );
    const [ofCandidate, ofChampion] = timed;
    if (ofCandidate === undefined) return missing('performance', 'the candidate was not timed');
    return gathered({
      candidate: ofCandidate,
      ...(ofChampion === undefined ? {} : { champion: ofChampion }),
      ...(job.champion !== undefined && ofChampion === undefined
        ? { championLeft: `${job.champion.label} cannot answer the evaluation rows` }
        : {}),
      singleRows: askable.length,
      rounds: roundEnds.length,
      roundEnds: Int32Array.from(roundEnds),
      stopped,
    });
  } catch (error) {
    return missing(
      'performance',
      `one row cannot be asked alone: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function championOf({ champion }: Job): readonly ModelJob[] {
  return champion === undefined ? [] : [champion];
}

/** A row that a replica would refuse never reaches the model. */
function isAskable({ signature }: OpenModel, table: Table, row: number): boolean {
  return tableOfRecords(signature, [recordAt(table, row, signature)]).kind === 'table';
}

/** Runs one model and keeps its times. */
interface Timer {
  single(run: number): Promise<void>;
  batch(): Promise<void>;
  /** Forgets what warming up took. */
  reset(): void;
  times(): Omit<TimedModel, 'loadMs'>;
}

function timerOf(model: OpenModel, table: Table, rows: readonly number[], batch: number): Timer {
  const records = rows.map((row) => recordAt(table, row, model.signature));
  const batchTable = fullBatch(table, batch);
  const [runMs, computeMs, rowsPerSecond]: [number[], number[], number[]] = [[], [], []];
  return {
    single: async (run) => {
      const record = records[run % records.length] ?? {};
      const [cpu, started] = [process.cpuUsage(), performance.now()];
      await askOne(model, record);
      const wallMs = performance.now() - started;
      const { user, system } = process.cpuUsage(cpu);
      runMs.push(wallMs);
      // Other threads of this process (the garbage collector's) compute as well: a run never computes longer than it takes.
      computeMs.push(Math.min(wallMs, (user + system) / 1000));
    },
    batch: async () => {
      const started = performance.now();
      await answerBatch(model, batchTable, 0, batchTable.rows);
      rowsPerSecond.push(batchTable.rows / ((performance.now() - started) / 1000));
    },
    reset: () => {
      for (const list of [runMs, computeMs, rowsPerSecond]) list.length = 0;
    },
    times: () => ({
      label: model.label,
      runMs: Float64Array.from(runMs),
      computeMs: Float64Array.from(isFine(computeMs) ? computeMs : runMs),
      rowsPerSecond: Float64Array.from(rowsPerSecond),
      batch,
    }),
  };
}

/** Some systems count a process's time in ticks that are longer than a run: then only the clock tells. */
function isFine(computeMs: readonly number[]): boolean {
  return computeMs.filter((ms) => ms === 0).length < computeMs.length * UNTOLD_SHARE;
}

/** The whole path of a request of one record. */
async function askOne(model: OpenModel, record: Row): Promise<void> {
  const read = tableOfRecords(model.signature, [record]);
  if (read.kind === 'refused') throw new Error('a record that was taken before is refused now');
  answerOf(await answerBatch(model, read.table, 0, 1), 0);
}

async function runRounds(
  timers: readonly Timer[],
  { budgets, answerLimitMs }: Job,
  sink: Sink,
): Promise<{ readonly roundEnds: readonly number[]; readonly stopped: PerformanceEvidence['stopped'] }> {
  const declared = budgets.p99Ms !== undefined || budgets.slowdown !== undefined;
  const limitMs = declared ? Math.max(UNDECLARED_MS, answerLimitMs * SHARE_FOR_BUDGETS) : UNDECLARED_MS;
  const random = seededRandom(SEED);
  const started = performance.now();
  const elapsedMs = (): number => performance.now() - started;
  for (let run = 0; run < WARMING_RUNS && elapsedMs() < UNDECLARED_MS * WARMING_SHARE; run++)
    for (const timer of timers) await timer.single(run);
  for (const timer of timers) {
    await timer.batch();
    timer.reset();
  }
  const roundEnds: number[] = [];
  let runs = 0;
  for (;;) {
    for (let run = 0; run < RUNS_A_ROUND && (run === 0 || elapsedMs() < limitMs); run++, runs++)
      for (const timer of random.uniform() < 0.5 ? timers : timers.toReversed()) await timer.single(runs);
    for (const timer of random.uniform() < 0.5 ? timers : timers.toReversed()) await timer.batch();
    roundEnds.push(runs);
    if (elapsedMs() >= limitMs) return { roundEnds, stopped: 'time' };
    if (!LOOKS.includes(runs)) continue;
    sink.progress({ stage: 'timing the models', done: runs, of: LOOKS.at(-1) ?? runs });
    if (runs === LOOKS.at(-1)) return { roundEnds, stopped: 'enough' };
    if (isDecided(evidenceSoFar(timers, roundEnds), budgets))
      return { roundEnds, stopped: declared ? 'decided' : 'enough' };
  }
}

function evidenceSoFar(timers: readonly Timer[], roundEnds: readonly number[]): PerformanceEvidence {
  const [candidate, champion] = timers.map((timer): TimedModel => ({ ...timer.times(), loadMs: new Float64Array(0) }));
  if (candidate === undefined) throw new Error('there is nothing to time');
  return {
    candidate,
    ...(champion === undefined ? {} : { champion }),
    singleRows: 0,
    rounds: roundEnds.length,
    roundEnds: Int32Array.from(roundEnds),
    stopped: 'enough',
  };
}

/** Milliseconds of several loads of each model, by turns; each is closed again. More, while a declared budget is undecided. */
async function loadByTurns(
  models: readonly ModelJob[],
  { budgets: { loadMs: budget }, answerLimitMs }: Job,
): Promise<readonly Float64Array[]> {
  const limitMs = budget === undefined ? UNDECLARED_MS * LOADING_SHARE : answerLimitMs * SHARE_FOR_BUDGETS;
  const loads = models.map((): number[] => []);
  const started = performance.now();
  const isEnough = (count: number): boolean => {
    if (count > 0 && performance.now() - started >= limitMs) return true;
    if (budget === undefined) return count >= LOADS;
    if (count >= MOST_LOADS) return true;
    const isLook = count >= LOADS_FOR_BUDGET && Number.isInteger(Math.log2(count));
    return isLook && loadVerdict(Float64Array.from(loads[0] ?? []), budget).verdict !== 'inconclusive';
  };
  for (let count = 0; !isEnough(count); count++)
    for (const [at, model] of models.entries()) {
      const fit = await openModel(model);
      const { session } = fit.kind === 'model' ? fit.model : fit;
      loads[at]?.push(session.loadMs);
      await session.close();
    }
  return loads.map((values) => Float64Array.from(values));
}
