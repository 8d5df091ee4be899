import { spreadRows, takeRows } from '../../serving/model/rows.ts';
import type { Table } from '../../serving/model/table.ts';
import { answer, type OpenModel } from './open-model.ts';

/** Enough for a clock that counts in microseconds, and asked twice: the first runs pay for warming up. */
const ROWS = 256;
/** A model that takes this long for them is as slow as the wall says. */
const SLOW_MS = 500;

/**
 * Milliseconds of computing that a row costs a model in full batches. What a part of the evidence can afford should not follow from what else the machine
 * does meanwhile: the same proposal would be measured on fewer rows on a busy day. `wallMs` is what a row took by the clock.
 */
export async function rowCostMs(model: OpenModel, table: Table, wallMs: number): Promise<number> {
  const some = takeRows(table, spreadRows(table.rows, ROWS));
  if (some.rows === 0 || wallMs * some.rows > SLOW_MS) return wallMs;
  await answer(model, some);
  const before = process.cpuUsage();
  await answer(model, some);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / some.rows;
}
