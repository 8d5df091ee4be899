import { readFile } from 'node:fs/promises';
import { takeRows } from '../../serving/model/rows.ts';
import type { ScoreMapping } from '../../serving/model/score.ts';
import type { ColumnType } from '../../serving/model/signature.ts';
import type { Column, Table } from '../../serving/model/table.ts';
import { readTable, tableProblemText, type TableProblem } from '../data/read-table.ts';
import type { EvaluationData, Labels, Missing, Part } from './evidence.ts';
import type { DataJob } from './job.ts';
import { gathered, missing } from './missing.ts';

/** Problems of a data file that are told in one reason; the rest would say the same again. */
const PROBLEMS_TOLD = 3;

export interface DataTypes {
  readonly types: ReadonlyMap<string, ColumnType>;
  readonly required: readonly string[];
}

/** A data file as a table; every problem names the file, the row, the line and the column. */
export async function readData(job: DataJob, { types, required }: DataTypes): Promise<Part<Table>> {
  const read = await readTable(await readFile(job.file), { name: job.name, types, required });
  if (read.kind === 'refused') return refusalOf(job, read.problems);
  return gathered(job.time === undefined ? read.table : inOrderOf(read.table, job.time));
}

/** What is wrong with a file, as a part that is not there. */
export function refusalOf({ name }: DataJob, problems: readonly TableProblem[]): Missing {
  const told = problems.slice(0, PROBLEMS_TOLD).map((problem) => tableProblemText(name, problem));
  const rest = problems.length - told.length;
  return missing('manifest', `${told.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`);
}

/** Evaluation rows with their labels and groups. `mapping` is the candidate's: it says what the labels should be. */
export function evaluationDataOf(job: DataJob, table: Table, mapping: ScoreMapping): Part<EvaluationData> {
  const column = table.columns.get(job.label);
  if (column === undefined) return missing('manifest', `${job.name}: no label column "${job.label}"`);
  const labels = labelsOf(column, mapping, job.name);
  if (labels.kind === 'missing') return labels;
  const key = job.key === undefined ? undefined : table.columns.get(job.key);
  if (job.key !== undefined && key === undefined) return missing('manifest', `${job.name}: no key column "${job.key}"`);
  return gathered({
    table,
    labels: labels.value,
    ...(key === undefined ? {} : { groups: groupsOf(key, table.rows) }),
  });
}

/** A column's values as labels of the task; a value that is no class, or is missing, is refused with its row. */
export function labelsOf(column: Column, mapping: Pick<ScoreMapping, 'task' | 'classes'>, name: string): Part<Labels> {
  const at = (row: number): string => `${name}, row ${row + 1}, column "${column.name}"`;
  if (mapping.task === 'regression') {
    if (column.kind !== 'number')
      return missing(
        'manifest',
        `${name}, column "${column.name}": a regression's label must be numbers, found a ${column.kind} column`,
      );
    const gap = column.values.findIndex((value) => !Number.isFinite(value));
    return gap === -1
      ? gathered({ kind: 'values', values: column.values })
      : missing('manifest', `${at(gap)}: the label is missing or not finite`);
  }
  const { classes } = mapping;
  const codeOf = new Map(classes.map((value, code) => [String(value), code]));
  const codes = new Int32Array(rowsOf(column));
  for (let row = 0; row < codes.length; row++) {
    const text = textAt(column, row);
    const code = text === undefined ? undefined : codeOf.get(text);
    if (code === undefined)
      return missing(
        'manifest',
        text === undefined
          ? `${at(row)}: the label is missing`
          : `${at(row)}: found ${JSON.stringify(text)}, expected one of the classes ${classes.join(', ')} (outputs.classes)`,
      );
    codes[row] = code;
  }
  return gathered({ kind: 'classes', classes, codes });
}

function rowsOf(column: Column): number {
  return column.kind === 'category' ? column.codes.length : column.values.length;
}

/** A cell as text that tells equal values; undefined where it is missing. */
function textAt(column: Column, row: number): string | undefined {
  switch (column.kind) {
    case 'number': {
      const value = column.values[row];
      return value === undefined || Number.isNaN(value) ? undefined : String(value);
    }
    case 'integer':
      return column.missing[row] === 1 ? undefined : String(column.values[row]);
    case 'category':
      return column.dictionary[column.codes[row] ?? -1];
    case 'list':
      return column.values[row]?.join(',');
  }
}

/** Rows with equal keys get equal numbers, dense from 0; rows without a key are each a group of their own. */
function groupsOf(key: Column, rows: number): Int32Array {
  const numbers = new Map<string, number>();
  const groups = new Int32Array(rows);
  let next = 0;
  for (let row = 0; row < rows; row++) {
    const text = textAt(key, row);
    const known = text === undefined ? undefined : numbers.get(text);
    groups[row] = known ?? next;
    if (known !== undefined) continue;
    if (text !== undefined) numbers.set(text, next);
    next += 1;
  }
  return groups;
}

function inOrderOf(table: Table, time: string): Table {
  const column = table.columns.get(time);
  if (column === undefined || column.kind === 'list') return table;
  const value = (row: number): string | number | bigint => {
    if (column.kind === 'category') return column.dictionary[column.codes[row] ?? -1] ?? '';
    return column.values[row] ?? 0;
  };
  const rows = Array.from({ length: table.rows }, (_, row) => row);
  rows.sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    return x < y ? -1 : x > y ? 1 : a - b;
  });
  return takeRows(table, rows);
}
