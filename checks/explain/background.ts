import { recordAt } from '../../serving/model/record-at.ts';
import { spreadRows } from '../../serving/model/rows.ts';
import type { SignatureColumn } from '../../serving/model/signature.ts';
import type { Row, Table } from '../../serving/model/table.ts';

/**
 * Rows that stand for "not knowing" a column when single answers are explained: a sample of the evaluation data, handed to a fleet with the
 * revision. They hold the columns that the model takes and nothing else, so neither the label nor a column that is only judged by.
 */
export interface Background {
  readonly rows: readonly Row[];
  /** Rows of the data that they were taken from. */
  readonly dataRows: number;
}

/** Under which a revision's files hold it; no file of a manifest has such an address. */
export const BACKGROUND_FILE = 'slipway:background.json';

/** A fleet keeps one for each revision, and a replica reads it when somebody asks: text enough for 100 rows of some hundred columns. */
export const MOST_BACKGROUND_BYTES = 1_048_576;

/**
 * At most `count` rows of a table, spread evenly over it, with the columns that are named, as bytes of JSON; fewer where they would be more than MOST_BACKGROUND_BYTES, and
 * undefined where not even two fit. `isAskable` leaves out rows that the model would refuse.
 */
export function backgroundBytes(
  table: Table,
  columns: readonly Pick<SignatureColumn, 'name' | 'type'>[],
  count: number,
  isAskable: (record: Row) => boolean = () => true,
): Uint8Array | undefined {
  const signature = { columns: columns.map((column) => ({ ...column, domain: {} })) };
  for (let wanted = Math.min(count, table.rows); wanted >= FEWEST_ROWS; wanted = Math.floor(wanted / 2)) {
    const rows = [...spreadRows(table.rows, wanted)]
      .map((row) => recordAt(table, row, signature))
      .filter((record) => isAskable(record));
    if (rows.length < FEWEST_ROWS) return undefined;
    const background: Background = { rows, dataRows: table.rows };
    const bytes = Buffer.from(JSON.stringify(background));
    if (bytes.length <= MOST_BACKGROUND_BYTES) return bytes;
  }
  return undefined;
}

/** One row has no mean to lie away from. */
const FEWEST_ROWS = 2;

/** Throws where the bytes are no background. */
export function parseBackground(bytes: Uint8Array): Background {
  const parsed: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
  if (!isBackground(parsed)) throw new Error('expected {"rows": [{column: value}, …], "dataRows": N}');
  return parsed;
}

function isBackground(value: unknown): value is Background {
  return (
    typeof value === 'object' &&
    value !== null &&
    'rows' in value &&
    Array.isArray(value.rows) &&
    value.rows.length > 0 &&
    'dataRows' in value &&
    typeof value.dataRows === 'number'
  );
}
