import type { ColumnType } from '../model/signature.ts';

/** A column of the log, with a type that every reader of Parquet knows. */
export interface LogColumn {
  readonly name: string;
  readonly type: LogType;
}
export type LogType = 'TIMESTAMP' | 'STRING' | 'INT32' | 'INT64' | 'DOUBLE' | 'BOOLEAN' | 'LIST';
export type LogValue = Date | string | number | bigint | boolean | readonly (number | null)[] | null;

export const LOG_TYPES = {
  number: 'DOUBLE',
  integer: 'INT64',
  boolean: 'BOOLEAN',
  category: 'STRING',
  text: 'STRING',
  list: 'LIST',
} as const satisfies Record<ColumnType, LogType>;

/** Rows by column: `values.get(column.name)[row]`. */
export interface LogRows {
  readonly columns: readonly LogColumn[];
  readonly values: ReadonlyMap<string, readonly LogValue[]>;
  readonly rows: number;
}
