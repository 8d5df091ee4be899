import { readFile } from 'node:fs/promises';
import type { Table } from '../../serving/model/table.ts';
import { areRequestLines, readRequestLines } from '../data/request-lines.ts';
import { readData, refusalOf, type DataTypes } from './evaluation-data.ts';
import type { Part } from './evidence.ts';
import type { DataJob } from './job.ts';
import { gathered } from './missing.ts';

/** What production recorded: rows (Parquet, CSV) or requests (JSON lines). */
export async function readWindow(job: DataJob, types: DataTypes): Promise<Part<Table>> {
  const bytes = await readFile(job.file);
  if (!areRequestLines(bytes)) return readData(job, types);
  const read = readRequestLines(bytes, types.types);
  return read.kind === 'refused' ? refusalOf(job, read.problems) : gathered(read.table);
}
