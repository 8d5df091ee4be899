import type { Column, Table } from '../../serving/model/table.ts';
import type { TableProblem } from './read-table.ts';

/** Columns that come one at a time, so that no more than one needs to be held. */
export interface ColumnSource {
  readonly rows: number;
  /** In the order of the file. */
  readonly names: readonly string[];
  /** These columns, in this order. */
  columns(names: readonly string[]): AsyncGenerator<ColumnRead>;
}

export type ColumnRead =
  | {
      readonly kind: 'column';
      readonly column: Column;
      /** Values of some rows, the same rows in every column: where the column itself no longer knows which value belongs to which row. */
      readonly sample?: Column;
    }
  /** A column of what no table column can hold, and why it was left out. */
  | { readonly kind: 'left'; readonly column: string; readonly why: string }
  | { readonly kind: 'problem'; readonly problem: TableProblem };

export function tableSource({ rows, columns }: Table): ColumnSource {
  return {
    rows,
    names: [...columns.keys()],
    columns: async function* (names) {
      for (const name of names) {
        const column = await Promise.resolve(columns.get(name));
        if (column === undefined) throw new Error(`there is no column "${name}"`);
        yield { kind: 'column', column };
      }
    },
  };
}
