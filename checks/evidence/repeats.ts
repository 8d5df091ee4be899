import { spreadRows, takeRows } from '../../serving/model/rows.ts';
import type { Table } from '../../serving/model/table.ts';
import { compareAnswers } from './compare-answers.ts';
import type { Answers, Repeat } from './evidence.ts';
import type { Job, ModelJob, Tolerance } from './job.ts';
import { answer, openModel, type OpenModel } from './open-model.ts';

/** Rows that are asked again at most: enough to meet every leaf that matters, few enough for a slow model. */
export const ROWS_REPEATED = 300;
/** Rows that a batch of another size takes: a prime, so that it divides no usual batch. */
const OTHER_BATCH = 7;
const OTHER_THREADS = 2;

export interface Repeated {
  readonly repeats: readonly Repeat[];
  readonly rows: Int32Array;
  readonly answers: Answers;
}

/**
 * Asks the candidate again under other conditions. Two fresh sessions of one process give the same first answers even for an unseeded random graph
 * (its seed is the process's), so the same session is asked three times, and new processes are started elsewhere.
 */
export async function repeat(
  model: OpenModel,
  { candidate: job, tolerance, random }: Pick<Job, 'candidate' | 'tolerance' | 'random'>,
  table: Table,
  rowsRepeated: number,
): Promise<Repeated> {
  const rows = spreadRows(table.rows, rowsRepeated);
  const sample = takeRows(table, rows);
  const first = await answer(model, sample);
  const against = (condition: Repeat['condition'], others: readonly Answers[]): Repeat =>
    repeatOf(condition, first, others, tolerance);

  const repeats: Repeat[] = [against('same session', [await answer(model, sample), await answer(model, sample)])];
  // Of a graph that draws random numbers every condition would say the same again.
  if (random && repeats.some(({ beyondTolerance }) => beyondTolerance > 0)) return { repeats, rows, answers: first };
  if (model.batch > 1 && sample.rows > OTHER_BATCH)
    repeats.push(against('other batch size', [await answer(model, sample, { batch: OTHER_BATCH })]));
  for (const [condition, options] of [
    ['other threads', { threads: OTHER_THREADS }],
    ['no graph optimisation', { optimisation: 'disabled' }],
  ] as const) {
    repeats.push(await underOtherSession(condition, job, options, sample, against));
  }
  return { repeats, rows, answers: first };
}

async function underOtherSession(
  condition: Repeat['condition'],
  job: ModelJob,
  options: { readonly threads?: number; readonly optimisation?: 'disabled' },
  sample: Table,
  against: (condition: Repeat['condition'], others: readonly Answers[]) => Repeat,
): Promise<Repeat> {
  try {
    const fit = await openModel(job, options);
    if (fit.kind === 'misfit') throw new Error('it declares other inputs or outputs then');
    const answers = await answer(fit.model, sample);
    await fit.model.session.close();
    return against(condition, [answers]);
  } catch (error) {
    return {
      condition,
      rows: sample.rows,
      bitEqual: false,
      maxAbsolute: 0,
      maxRelative: 0,
      beyondTolerance: 0,
      flips: 0,
      error: error instanceof Error ? error.message : String(error),
    };
  }
}

/** The worst of several repetitions under one condition. */
export function repeatOf(
  condition: Repeat['condition'],
  first: Answers,
  others: readonly Answers[],
  tolerance: Tolerance,
): Repeat {
  const differences = others.map((other) => compareAnswers(first, other, tolerance));
  const worst = (of: (difference: (typeof differences)[number]) => number): number =>
    Math.max(0, ...differences.map(of));
  return {
    condition,
    rows: first.rows,
    bitEqual: differences.every(({ bitEqual }) => bitEqual),
    maxAbsolute: worst(({ maxAbsolute }) => maxAbsolute),
    maxRelative: worst(({ maxRelative }) => maxRelative),
    beyondTolerance: worst(({ beyondTolerance }) => beyondTolerance),
    flips: worst(({ flips }) => flips),
  };
}
