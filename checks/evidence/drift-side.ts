import type { Table } from '../../serving/model/table.ts';
import { answer, type OpenModel } from './open-model.ts';
import { labelsOf, readData } from './evaluation-data.ts';
import type { DriftSide, Part } from './evidence.ts';
import type { DataJob, Job, Parts } from './job.ts';
import { gathered, missing } from './missing.ts';
import { readWindow } from './read-window.ts';
import type { DataTypes } from './evaluation-data.ts';

/** Fewer recorded rows say too little; the reference is asked instead. */
const FEWEST_WINDOW_ROWS = 200;

/** The other side of the drift check: the recorded window when it has rows enough, else the manifest's reference. */
export async function driftSideOf(
  job: Pick<Job, 'window' | 'reference'>,
  { types }: DataTypes,
  candidate: OpenModel,
  champion: OpenModel | undefined,
): Promise<Parts['drift']> {
  // Rows that lack a column are still rows: which columns production records is itself evidence.
  const anyColumns: DataTypes = { types, required: [] };
  let why = 'nothing was recorded in production';
  if (job.window !== undefined) {
    const table = await readWindow(job.window, anyColumns);
    if (table.kind === 'gathered' && table.value.rows >= FEWEST_WINDOW_ROWS)
      return {
        against: 'window',
        why: job.window.name,
        data: await sideOf(job.window, table.value, candidate, champion),
      };
    if (table.kind === 'missing' && job.reference === undefined)
      return { against: 'window', why: job.window.name, data: { ...table, owner: 'drift' } };
    why =
      table.kind === 'gathered'
        ? `the recorded window holds ${table.value.rows} rows, at least ${FEWEST_WINDOW_ROWS} are needed`
        : `the recorded window cannot be read: ${table.reason}`;
  }
  if (job.reference === undefined)
    return { against: 'none', why: `${why}, and the manifest names no drift.reference`, data: missing('drift', why) };
  const table = await readData(job.reference, anyColumns);
  return {
    against: 'reference',
    why: `${job.reference.name} (${why})`,
    data: table.kind === 'missing' ? table : await sideOf(job.reference, table.value, candidate, champion),
  };
}

async function sideOf(
  job: DataJob,
  table: Table,
  candidate: OpenModel,
  champion: OpenModel | undefined,
): Promise<Part<DriftSide>> {
  const label = table.columns.get(job.label);
  const labels = label === undefined ? undefined : labelsOf(label, candidate.mapping, job.name);
  const left = candidate.signature.columns
    .filter(({ name }) => !table.columns.has(name))
    .map(({ name }) => ({ column: name, why: `${job.name} does not hold it` }));
  const answers = await answersOf(candidate, champion, table);
  return gathered({
    table,
    ...(labels?.kind === 'gathered' ? { labels: labels.value } : {}),
    ...answers,
    left: labels?.kind === 'missing' ? [...left, { column: job.label, why: labels.reason }] : left,
  });
}

/** The candidate's answers; where the rows lack a column of its, the champion's. */
async function answersOf(
  candidate: OpenModel,
  champion: OpenModel | undefined,
  table: Table,
): Promise<Pick<DriftSide, 'answers' | 'answeredBy'>> {
  for (const [answeredBy, model] of [
    ['candidate', candidate],
    ['champion', champion],
  ] as const) {
    if (model === undefined || !model.signature.columns.every(({ name }) => table.columns.has(name))) continue;
    try {
      return { answers: await answer(model, table), answeredBy };
    } catch {
      // Rows that were recorded before a column's type changed, or a run that fails on one of them (replay tells which): the next may take them.
    }
  }
  return { answeredBy: 'nobody' };
}
