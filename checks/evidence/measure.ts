import { ModelRefused } from '../../serving/model/session.ts';
import { takeRows } from '../../serving/model/rows.ts';
import type { ColumnType } from '../../serving/model/signature.ts';
import { tryCorners } from './corners.ts';
import { driftSideOf } from './drift-side.ts';
import { evaluationDataOf, readData, type DataTypes } from './evaluation-data.ts';
import type { Answers, EvaluationData, Missing, Part } from './evidence.ts';
import { answerGoldens } from './goldens.ts';
import type { DataJob, Job, ModelJob, PartName, Parts, ProgressLine } from './job.ts';
import { measureLater } from './later-parts.ts';
import { gathered, missing } from './missing.ts';
import { answer, openModel, RowsRefused, type Fit, type OpenModel } from './open-model.ts';
import { repeat, ROWS_REPEATED } from './repeats.ts';

export interface Sink {
  put<P extends PartName>(part: P, value: NonNullable<Parts[P]>): void;
  progress(line: ProgressLine): void;
}

/**
 * Gathers everything that needs the models to run, part by part, so that a crash in one leaves the others. Runs in the limited child, and
 * nowhere else: a graph may abort the process that runs it.
 */
export async function measure(job: Job, sink: Sink): Promise<void> {
  const candidate = await openCandidate(job, sink);
  if (candidate === undefined) return;
  const champion = job.champion === undefined ? undefined : await openChampion(job.champion, sink);
  const types = dataTypesOf(job, candidate);
  sink.progress({ stage: 'reading the evaluation data', done: 0, of: 1 });
  const evaluation = await evaluationOf(job.evaluation, candidate, types);
  sink.put('evaluation', evaluation);

  const timed = await candidateAnswers(job, candidate, evaluation, sink);
  let ofChampion: Part<Answers> | undefined;
  const answers: Part<Answers> = timed.kind === 'missing' ? timed : gathered(timed.value.answers);
  sink.put('candidate', answers);
  if (champion !== undefined) {
    sink.progress({ stage: 'asking the champion', done: 0, of: 1 });
    ofChampion = await championAnswers(champion, evaluation);
    sink.put('champion', ofChampion);
    if (job.baseRows !== undefined) sink.put('baseRows', await onBaseRows(job.baseRows, candidate, champion, types));
  }
  if (job.goldens !== undefined) {
    sink.progress({ stage: 'asking goldens', done: 0, of: 1 });
    sink.put('goldens', await answerGoldens(job.goldens, candidate));
  }
  const why = evaluation.kind === 'missing' ? evaluation : timed.kind === 'missing' ? timed : undefined;
  if (why !== undefined) for (const part of ['corners', 'repeats'] as const) sink.put(part, why);
  if (evaluation.kind === 'gathered' && timed.kind === 'gathered' && !job.answersOnly)
    await tryOnRows(job, candidate, evaluation.value, timed.value, sink);
  sink.progress({ stage: 'comparing with what production sees', done: 0, of: 1 });
  const championModel = champion?.kind === 'model' ? champion.model : undefined;
  const drift = await driftSideOf(job, types, candidate, championModel);
  sink.put('drift', drift);
  if (evaluation.kind === 'gathered' && timed.kind === 'gathered' && !job.answersOnly)
    await measureLater(
      {
        job,
        types,
        candidate,
        ...(championModel === undefined ? {} : { champion: championModel }),
        evaluation: evaluation.value,
        drift,
        ...timed.value,
        ...(ofChampion?.kind === 'gathered' ? { championAnswers: ofChampion.value } : {}),
      },
      sink,
    );
}

/** The candidate's answers on the repeat rows, in a process of its own. */
export async function answerAgain(job: Job, rows: Int32Array): Promise<Answers> {
  const fit = await openModel(job.candidate);
  if (fit.kind === 'misfit' || job.evaluation === undefined)
    throw new Error('the model fitted before and does not now');
  const table = await readData(job.evaluation, dataTypesOf(job, fit.model));
  if (table.kind === 'missing') throw new Error(table.reason);
  return answer(fit.model, takeRows(table.value, rows));
}

async function openCandidate(job: Job, sink: Sink): Promise<OpenModel | undefined> {
  sink.progress({ stage: 'loading the model', done: 0, of: 1 });
  let fit: Fit;
  try {
    fit = await openModel(job.candidate);
  } catch (error) {
    sink.put('session', {
      ...missing('artifact', loadFailure(error)),
      ...(error instanceof ModelRefused && error.next !== undefined ? { next: error.next } : {}),
    });
    return undefined;
  }
  const { session } = fit.kind === 'model' ? fit.model : fit;
  sink.put(
    'session',
    gathered({ inputs: session.inputs, outputs: session.outputs, declared: session.inputs, loadMs: session.loadMs }),
  );
  sink.put('fit', fit.kind === 'misfit' ? fit.problems : []);
  return fit.kind === 'model' ? fit.model : undefined;
}

function loadFailure(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof ModelRefused ? message : `the serving runtime cannot load it: ${withoutBuildPaths(message)}`;
}

/** ONNX Runtime's messages name its build machine's folders and functions, which help nobody here. */
function withoutBuildPaths(message: string): string {
  return message
    .replace(/^Load model from \S+ failed:/, '')
    .replace(/\/onnxruntime_src\/\S+:\d+ .*?\) /, '')
    .replace(/^(Fatal error|Invalid model\.|This is an invalid model\.)[: ]*/, '')
    .trim();
}

type OpenChampion = Fit | Missing;

async function openChampion(job: ModelJob, sink: Sink): Promise<OpenChampion> {
  try {
    const fit = await openModel(job);
    const { session } = fit.kind === 'model' ? fit.model : fit;
    sink.put('championSession', gathered({ inputs: session.inputs, outputs: session.outputs, loadMs: session.loadMs }));
    return fit;
  } catch (error) {
    const failed = missing('baseline', `${job.label}, the baseline, does not load: ${loadFailure(error)}`);
    sink.put('championSession', failed);
    return failed;
  }
}

/** The manifest's types for all columns, the graph's for the candidate's inputs. */
function dataTypesOf(job: Job, candidate: OpenModel): DataTypes {
  const types = new Map<string, ColumnType>(Object.entries(job.types));
  for (const { name, type } of candidate.signature.columns) types.set(name, type);
  return { types, required: candidate.signature.columns.map(({ name }) => name) };
}

async function evaluationOf(
  data: DataJob | undefined,
  candidate: OpenModel,
  types: DataTypes,
): Promise<Part<EvaluationData>> {
  if (data === undefined) return missing('manifest', 'the evaluation data are not there');
  const table = await readData(data, { types: types.types, required: [...types.required, data.label] });
  return table.kind === 'missing' ? table : evaluationDataOf(data, table.value, candidate.mapping);
}

/** Progress lines a stage: enough for a bar, few enough for a slow terminal. */
const PROGRESS_STEPS = 20;
/** The first batches pay for warming up. */
const BATCHES_BEFORE_JUDGING = 2;

/** Of the time that answering may take: trying corners and asking again may each take about as much. */
const SHARE_FOR_CORNERS = 0.5;
/** How often each repeated row is asked: first, again twice, other batch, threads, no optimisation, two processes. */
const TIMES_REPEATED = 8;

interface TimedAnswers {
  readonly answers: Answers;
  readonly rowMs: number;
}

class TooSlow extends Error {}

async function candidateAnswers(
  job: Job,
  candidate: OpenModel,
  evaluation: Part<EvaluationData>,
  sink: Sink,
): Promise<Part<TimedAnswers>> {
  if (evaluation.kind === 'missing') return evaluation;
  const { table } = evaluation.value;
  const started = performance.now();
  let batches = 0;
  let told = 0;
  const afterBatch = (done: number): void => {
    batches += 1;
    const elapsedMs = performance.now() - started;
    if (batches >= BATCHES_BEFORE_JUDGING && (elapsedMs / done) * table.rows > job.answerLimitMs)
      throw new TooSlow(
        `it is too slow to be judged: ${(elapsedMs / done / 1000).toPrecision(2)} s a row, so ${table.rows} evaluation rows would take ` +
          `${minutesText((elapsedMs / done) * table.rows)}; at most ${minutesText(job.answerLimitMs)} may go into them (a part of the policy's limits.checkMinutes)`,
      );
    if (done < told + table.rows / PROGRESS_STEPS) return;
    told = done;
    sink.progress({ stage: 'asking the candidate', done, of: table.rows });
  };
  try {
    const answers = await answer(candidate, table, { afterBatch });
    return gathered({ answers, rowMs: (performance.now() - started) / table.rows });
  } catch (error) {
    if (error instanceof RowsRefused)
      return missing('manifest', `${job.evaluation?.name ?? 'evaluation data'}: ${error.message}`);
    if (error instanceof TooSlow) return missing('artifact', error.message);
    return missing(
      'artifact',
      `it fails on evaluation rows: ${withoutBuildPaths(error instanceof Error ? error.message : String(error))}`,
    );
  }
}

function minutesText(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes < 1) return `${Math.round(ms / 1000)} s`;
  return minutes < 120 ? `${minutes.toPrecision(2)} min` : `${(minutes / 60).toPrecision(2)} h`;
}

async function championAnswers(champion: OpenChampion, evaluation: Part<EvaluationData>): Promise<Part<Answers>> {
  if (champion.kind === 'missing') return champion;
  if (evaluation.kind === 'missing') return evaluation;
  if (champion.kind === 'misfit')
    return missing('baseline', `the baseline does not fit its own manifest: ${champion.problems[0]?.reason ?? ''}`);
  const { model } = champion;
  const lacking = model.signature.columns.filter(({ name }) => !evaluation.value.table.columns.has(name));
  if (lacking.length > 0)
    return missing(
      'manifest',
      `the evaluation data lack ${lacking.map(({ name }) => `"${name}"`).join(', ')}, which ${model.label} takes, so the two cannot be compared on the same rows`,
    );
  try {
    return gathered(await answer(model, evaluation.value.table));
  } catch (error) {
    return missing(
      'baseline',
      `${model.label}, the baseline, cannot answer the evaluation rows: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

async function onBaseRows(
  data: DataJob,
  candidate: OpenModel,
  champion: OpenChampion,
  types: DataTypes,
): Promise<Parts['baseRows']> {
  const evaluation = await evaluationOf(data, candidate, types);
  if (evaluation.kind === 'missing') return evaluation;
  const answers = await championAnswers(champion, evaluation);
  if (answers.kind === 'missing') return answers;
  try {
    return gathered({
      data: evaluation.value,
      candidate: await answer(candidate, evaluation.value.table),
      champion: answers.value,
    });
  } catch (error) {
    return missing(
      'artifact',
      `the candidate cannot answer the default branch's evaluation rows: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

async function tryOnRows(
  job: Job,
  candidate: OpenModel,
  evaluation: EvaluationData,
  { answers, rowMs }: TimedAnswers,
  sink: Sink,
): Promise<void> {
  const { table } = evaluation;
  // A slow model is asked fewer rows, so that it is judged at all within the time that a check may take.
  const affordable = Math.max(1, Math.floor((job.answerLimitMs * SHARE_FOR_CORNERS) / rowMs));
  if (job.corners) {
    sink.progress({ stage: 'trying corner cases', done: 0, of: 1 });
    sink.put('corners', gathered(await tryCorners(candidate, table, answers, { ...job, affordable })));
  }
  sink.progress({ stage: 'asking again', done: 0, of: 1 });
  const rows = Math.min(ROWS_REPEATED, Math.max(1, Math.floor(affordable / TIMES_REPEATED)));
  const repeated = await repeat(candidate, job, table, rows);
  sink.put('repeats', gathered(repeated.repeats));
  sink.put('repeatAnswers', { rows: repeated.rows, answers: repeated.answers });
}
