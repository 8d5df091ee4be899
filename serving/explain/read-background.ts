import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseBackground } from '../../checks/explain/background.ts';
import { tensorsOf } from '../model/feeds.ts';
import { tableOfRecords } from '../model/records.ts';
import { sliceRows, takeRows } from '../model/rows.ts';
import type { Signature } from '../model/signature.ts';
import type { Table } from '../model/table.ts';

/** Rows to explain against, as the revision takes them. */
export interface ReadBackground {
  readonly table: Table;
  readonly dataRows: number;
  /** `sha256:…` of the bytes that were handed over. */
  readonly digest: string;
}

/**
 * Reads a revision's background and verifies its digest; rows that the revision would refuse are left out. Throws, with what is wrong, where the
 * bytes are not what they should be or no row can be asked.
 */
export async function readBackground(
  { path, sha256 }: { readonly path: string; readonly sha256: string },
  signature: Signature,
): Promise<ReadBackground> {
  const bytes = await readFile(path);
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) throw new Error(`its sha256 is ${found}, it was delivered as ${sha256}`);
  const { rows, dataRows } = parseBackground(bytes);
  const read = tableOfRecords(signature, rows);
  const refused = new Set(read.kind === 'refused' ? read.problems.map(({ row }) => row) : []);
  const again =
    read.kind === 'table'
      ? read
      : tableOfRecords(
          signature,
          rows.filter((_, row) => !refused.has(row)),
        );
  if (again.kind === 'refused') throw new Error('none of its rows fits the columns that the model takes');
  const { table } = again;
  const fed = Array.from({ length: table.rows }, (_, row) => row).filter(
    (row) => tensorsOf(signature, sliceRows(table, row, row + 1)).kind === 'feeds',
  );
  if (fed.length === 0) throw new Error('none of its rows can be fed to the model');
  return { table: takeRows(table, fed), dataRows, digest: `sha256:${sha256}` };
}
