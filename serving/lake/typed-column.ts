import type { TypedColumn } from './column-page.ts';
import type { LogColumn } from './log-column.ts';
import { BooleanColumn, DoubleColumn, IntegerColumn, ListColumn, LongColumn } from './number-columns.ts';
import { TextColumn } from './text-columns.ts';

/** An empty column of a type. */
export function typedColumn({ name, type }: LogColumn): TypedColumn {
  switch (type) {
    case 'DOUBLE':
      return new DoubleColumn(name);
    case 'INT32':
      return new IntegerColumn(name, type);
    case 'INT64':
    case 'TIMESTAMP':
      return new LongColumn(name, type);
    case 'BOOLEAN':
      return new BooleanColumn(name);
    case 'STRING':
      return new TextColumn(name);
    case 'LIST':
      return new ListColumn(name);
  }
}
