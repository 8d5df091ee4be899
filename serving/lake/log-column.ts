import { zstdCompressSync } from 'node:zlib';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
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

type SchemaElement = NonNullable<Parameters<typeof parquetWriteBuffer>[0]['schema']>[number];

/** The rows as a Parquet file: zstd, every column nullable, lists in the standard three levels. */
export function parquetOf({ columns, values }: LogRows): Uint8Array {
  const elements = columns.flatMap(elementsOf);
  const columnData: ColumnSource[] = columns.map(({ name }) => ({ name, data: [...(values.get(name) ?? [])] }));
  return new Uint8Array(
    parquetWriteBuffer({
      schema: [{ name: 'root', num_children: columns.length }, ...elements],
      columnData,
      codec: 'ZSTD',
      compressors: { ZSTD: (bytes) => zstdCompressSync(bytes) },
      createdBy: 'slipway',
    }),
  );
}

function elementsOf({ name, type }: LogColumn): readonly SchemaElement[] {
  const optional = { name, repetition_type: 'OPTIONAL' } as const;
  switch (type) {
    case 'TIMESTAMP':
      return [{ ...optional, type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' }];
    case 'STRING':
      return [{ ...optional, type: 'BYTE_ARRAY', converted_type: 'UTF8' }];
    case 'INT32':
    case 'INT64':
    case 'DOUBLE':
    case 'BOOLEAN':
      return [{ ...optional, type }];
    case 'LIST':
      return [
        { ...optional, num_children: 1, converted_type: 'LIST' },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', type: 'DOUBLE', repetition_type: 'OPTIONAL' },
      ];
  }
}
