import { problemText } from '../../serving/model/feeds.ts';
import { tableOfRecords } from '../../serving/model/records.ts';
import { spreadRows, takeRows } from '../../serving/model/rows.ts';
import type { ColumnType } from '../../serving/model/signature.ts';
import type { Table } from '../../serving/model/table.ts';
import { explainRow } from '../explain/explain-row.ts';
import { type DataTypes, evaluationDataOf, readData } from './evaluation-data.ts';
import type { DataJob, Job } from './job.ts';
import { explainModels } from './explain-models.ts';
import type { ExplainedPart, ExplainQuestion } from './explain-job.ts';
import { gathered, missing } from './missing.ts';
import { answer, type Fit, openModel, type OpenModel, RowsRefused } from './open-model.ts';
import { rowCostMs } from './row-cost.ts';

/** One decision is explained while somebody waits for it. */
const ROW_BUDGET = { rows: 500_000, timeMs: 10_000 } as const;

/** Answers one question about one model; runs in the limited child. Throws only where the world fails. */
export async function answerExplainQuestion(job: Job, question: ExplainQuestion): Promise<ExplainedPart> {
  if (job.evaluation === undefined) return missing('manifest', 'there are no rows to explain with');
  let fit: Fit;
  try {
    fit = await openModel(job.candidate);
  } catch (error) {
    return missing(
      'artifact',
      `the serving runtime cannot load it: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (fit.kind === 'misfit') {
    const [problem] = fit.problems;
    return {
      ...missing('artifact', problem?.reason ?? 'it does not fit its manifest'),
      ...(problem?.next === undefined ? {} : { next: problem.next }),
    };
  }
  const { model } = fit;
  const types = typesOf(job, model);
  const table = await readData(job.evaluation, types);
  if (table.kind === 'missing') return table;
  try {
    return question.kind === 'global'
      ? await globalAnswer(job, job.evaluation, model, table.value)
      : await rowAnswer(job, job.evaluation, model, table.value, question);
  } catch (error) {
    if (error instanceof RowsRefused) return missing('manifest', `${job.evaluation.name}: ${error.message}`);
    throw error;
  }
}

function typesOf(job: Job, { signature }: OpenModel): DataTypes {
  const types = new Map<string, ColumnType>(Object.entries(job.types));
  for (const { name, type } of signature.columns) types.set(name, type);
  return { types, required: signature.columns.map(({ name }) => name) };
}

async function globalAnswer(job: Job, data: DataJob, model: OpenModel, table: Table): Promise<ExplainedPart> {
  const evaluation = evaluationDataOf(data, table, model.mapping);
  if (evaluation.kind === 'missing') return evaluation;
  const rowMs = await rowCostMs(model, table, 0);
  const { answerLimitMs, metrics } = job;
  const limits = { answerLimitMs, rowMs, ...(metrics === undefined ? {} : { metrics }) };
  const evidence = await explainModels(model, undefined, evaluation.value, limits);
  return evidence.kind === 'missing' ? evidence : gathered({ kind: 'global', evidence: evidence.value });
}

async function rowAnswer(
  job: Job,
  data: DataJob,
  model: OpenModel,
  table: Table,
  question: Exclude<ExplainQuestion, { readonly kind: 'global' }>,
): Promise<ExplainedPart> {
  if (question.kind === 'row' && question.row >= table.rows)
    return missing('manifest', `${data.name} has ${table.rows} rows, and row ${question.row + 1} was asked for`);
  const others =
    question.kind === 'record'
      ? spreadRows(table.rows, job.background)
      : spreadRows(table.rows, job.background + 1).filter((row) => row !== question.row);
  const background = takeRows(table, others.slice(0, job.background));
  if (background.rows === 0) return missing('manifest', `${data.name} has no other rows to explain this one against`);
  let own: Table;
  if (question.kind === 'row') own = takeRows(table, [question.row]);
  else {
    const read = tableOfRecords(model.signature, [question.record]);
    if (read.kind === 'refused')
      return missing(
        'manifest',
        `the record: ${read.problems.map(({ column, found, expected }) => problemText({ column, found, expected })).join('; ')}`,
      );
    own = read.table;
  }
  const explanation = await explainRow((asked) => answer(model, asked), model.signature, {
    background,
    row: own,
    budget: ROW_BUDGET,
  });
  return Number.isFinite(explanation.score)
    ? gathered({ kind: 'row', explanation: { ...explanation, dataRows: table.rows } })
    : missing('golden', 'its score is not a finite number, which cannot be explained');
}
