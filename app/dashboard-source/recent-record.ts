import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTable } from '../../checks/data/read-table.ts';
import type { FleetRecords } from '../../serving/fleet.ts';
import { ownColumnNames } from '../../serving/lake/own-columns.ts';
import type { Column } from '../../serving/model/table.ts';

const dayMs = 86_400_000;
/** Columns of the log that are not the caller's. */
const ownColumns: ReadonlySet<string> = new Set(ownColumnNames);

/** What a caller asked last, as a record of columns: an example that is known to work. Undefined when nothing was recorded for a day. */
export async function recentRecord(
  fleet: Pick<FleetRecords, 'predictions'>,
  model: string,
  now: Date,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-record-'));
  try {
    const file = join(folder, 'recent.parquet');
    const rows = await fleet.predictions(
      { model, from: new Date(now.getTime() - dayMs), to: now, limit: 1 },
      file,
      signal,
    );
    if (rows === 0) return undefined;
    const read = await readTable(await readFile(file), { name: 'recent.parquet' });
    if (read.kind === 'refused') return undefined;
    const cells = [...read.table.columns.values()]
      .filter(({ name }) => !ownColumns.has(name))
      .map((column) => [column.name, cellOf(column)] as const);
    const known = cells.filter(([, cell]) => cell !== undefined);
    return known.length === 0 ? undefined : Object.fromEntries(known);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function cellOf(column: Column): unknown {
  switch (column.kind) {
    case 'number': {
      const value = column.values[0];
      return value === undefined || Number.isNaN(value) ? undefined : value;
    }
    case 'integer':
      return column.missing[0] === 1 ? undefined : String(column.values[0]);
    case 'category':
      return column.dictionary[column.codes[0] ?? -1];
    case 'list': {
      const value = column.values[0];
      return value === undefined ? undefined : [...value];
    }
  }
}
