import { tensorsOf, problemText } from '../../serving/model/feeds.ts';
import { openPipeline } from '../../serving/model/pipeline.ts';
import { takeRows } from '../../serving/model/rows.ts';
import { joinScores, scoreMappingOf, scoresOf, type ScoreMapping, type Scores } from '../../serving/model/score.ts';
import type { ModelSession, SessionOptions } from '../../serving/model/session.ts';
import { signatureOf, type FitProblem, type Signature } from '../../serving/model/signature.ts';
import type { Table } from '../../serving/model/table.ts';
import type { ModelJob } from './job.ts';

/** A model that is loaded and fits its manifest: it answers tables. */
export interface OpenModel {
  readonly label: string;
  readonly session: ModelSession;
  readonly signature: Signature;
  readonly mapping: ScoreMapping;
  /** Rows a run takes at most: `serving.maxBatch`, or 1 where the graph's batch dimension is fixed. */
  readonly batch: number;
}

/** Rows that a model cannot take: the data are at fault, not the model. */
export class RowsRefused extends Error {
  override readonly name = 'RowsRefused';
}

export type Fit =
  | { readonly kind: 'model'; readonly model: OpenModel }
  | { readonly kind: 'misfit'; readonly session: ModelSession; readonly problems: readonly FitProblem[] };

/** Loads a model and fits it to its manifest. Throws when it does not load. */
export async function openModel(job: ModelJob, options: Partial<SessionOptions> = {}): Promise<Fit> {
  const session = await openPipeline(
    { ...options, model: job.model },
    job.features === undefined ? undefined : { ...options, model: job.features },
  );
  const { signature, problems } = signatureOf(job.specification, session.inputs);
  const score = scoreMappingOf(job.specification.outputs, session.outputs);
  if (score.kind === 'problem') return { kind: 'misfit', session, problems: [...problems, score.problem] };
  if (problems.length > 0) return { kind: 'misfit', session, problems };
  const batch = signature.fixedBatch ?? Math.max(1, job.specification.serving.maxBatch);
  return { kind: 'model', model: { label: job.label, session, signature, mapping: score.mapping, batch } };
}

/** What a model answers on every row, in batches. `afterBatch` may throw to stop it. Throws RowsRefused where a row cannot be fed. */
export async function answer(
  model: OpenModel,
  table: Table,
  options: { readonly batch?: number; readonly afterBatch?: (rowsDone: number) => void } = {},
): Promise<Scores> {
  const batch = Math.min(model.batch, options.batch ?? model.batch);
  const parts: Scores[] = [];
  for (let from = 0; from < table.rows; from += batch) {
    const to = Math.min(table.rows, from + batch);
    parts.push(await answerBatch(model, table, from, to));
    options.afterBatch?.(to);
  }
  return joinScores(parts);
}

/** As many rows as a run takes at most; rows come again where there are fewer. */
export function fullBatch(table: Table, batch: number): Table {
  return takeRows(
    table,
    Int32Array.from({ length: batch }, (_, i) => i % table.rows),
  );
}

/** One run on rows [from, to). */
export async function answerBatch(model: OpenModel, table: Table, from: number, to: number): Promise<Scores> {
  const feeds = tensorsOf(model.signature, table, from, to);
  if (feeds.kind === 'refused') {
    const [first] = feeds.problems;
    throw new RowsRefused(
      first === undefined
        ? 'rows cannot be fed'
        : problemText({ ...first, ...(first.row === undefined ? {} : { row: first.row + 1 }) }),
    );
  }
  return scoresOf(model.mapping, await model.session.run(feeds.feeds, [model.mapping.output]), to - from);
}
