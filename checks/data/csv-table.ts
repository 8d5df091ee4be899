import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import type { ColumnType } from '../../serving/model/signature.ts';
import type { Column } from '../../serving/model/table.ts';
import { builderOf, numberOfText, type ColumnBuilder } from './column-builder.ts';
import type { TableOptions, TableProblem, TableRead } from './read-table.ts';

/** Enough to see a pattern; a wrong column would repeat itself on every row. */
const PROBLEMS_SHOWN = 20;

/**
 * Reads a CSV into columns, without keeping its cells. A column of unknown type is taken for numbers until a cell is none; when that comes after
 * numbers were seen, the file is read a second time with those columns as categories.
 */
export function readCsv(bytes: Uint8Array, options: TableOptions): TableRead {
  const first = readOnce(bytes, options.types ?? new Map());
  if (first.kind !== 'again') return first;
  const types = new Map<string, ColumnType>(options.types);
  for (const name of first.categories) types.set(name, 'category');
  const second = readOnce(bytes, types);
  if (second.kind === 'again') throw new Error(`${options.name}: column types did not settle in two readings`);
  return second;
}

type Once = TableRead | { readonly kind: 'again'; readonly categories: readonly string[] };

function readOnce(bytes: Uint8Array, types: ReadonlyMap<string, ColumnType>): Once {
  const reader = new CsvReader(types);
  try {
    parse(bytes, {
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      on_record: (cells: string[], { lines }) => {
        reader.take(cells, lines);
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { kind: 'refused', problems: [...reader.problems, csvProblemOf(error)] };
  }
  return reader.finish();
}

const CSV_REASONS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quoted cell is never closed',
  CSV_INVALID_CLOSING_QUOTE: 'a quote closes before its cell ends; a quote inside a quoted cell is written twice',
  INVALID_OPENING_QUOTE: 'a quote stands inside a cell that is not quoted',
};

function csvProblemOf(error: CsvError): TableProblem {
  const line: unknown = error['lines'];
  return {
    ...(typeof line === 'number' ? { line } : {}),
    reason: CSV_REASONS[error.code] ?? error.message,
  };
}

class CsvReader {
  readonly problems: TableProblem[] = [];
  readonly #types: ReadonlyMap<string, ColumnType>;
  #names: readonly string[] | undefined;
  #builders: ColumnBuilder[] = [];
  /** Columns whose type is a guess, by position: they have seen numbers only, or nothing yet. */
  #guessed = new Map<number, { seen: boolean }>();
  readonly #again: string[] = [];
  #rows = 0;
  /** Where the record before this one ended. */
  #line = 0;

  constructor(types: ReadonlyMap<string, ColumnType>) {
    this.#types = types;
  }

  take(cells: readonly string[], lastLine: number): void {
    const line = this.#line + 1;
    this.#line = lastLine;
    if (this.#names === undefined) {
      this.#takeHeader(cells);
      return;
    }
    this.#rows += 1;
    if (cells.length !== this.#names.length) {
      this.#report({
        row: this.#rows,
        line,
        reason: `${cells.length} cells, but the header names ${this.#names.length} columns`,
      });
      return;
    }
    for (let at = 0; at < cells.length; at++) this.#takeCell(at, cells[at] ?? '', line);
  }

  finish(): Once {
    if (this.#names === undefined) return { kind: 'refused', problems: [{ reason: 'no header line' }] };
    if (this.problems.length > 0) return { kind: 'refused', problems: this.problems };
    if (this.#rows === 0) return { kind: 'refused', problems: [{ reason: 'a header and no rows' }] };
    if (this.#again.length > 0) return { kind: 'again', categories: this.#again };
    const columns = new Map<string, Column>();
    for (const [at, name] of this.#names.entries()) {
      const column = this.#builders[at]?.build();
      if (column !== undefined) columns.set(name, column);
    }
    return { kind: 'table', table: { rows: this.#rows, columns }, left: [] };
  }

  #takeHeader(names: readonly string[]): void {
    const twice = names.find((name, at) => names.indexOf(name) !== at);
    if (twice !== undefined) this.#report({ line: 1, column: twice, reason: 'two columns of one name' });
    const [only] = names;
    if (names.length === 1 && only !== undefined && /[;\t]/.test(only))
      this.#report({ line: 1, reason: `one column named ${JSON.stringify(only)}: the separator must be a comma` });
    this.#names = names;
    this.#builders = names.map((name) => builderOf(name, this.#types.get(name) ?? 'number'));
    for (const [at, name] of names.entries()) if (!this.#types.has(name)) this.#guessed.set(at, { seen: false });
  }

  #takeCell(at: number, cell: string, line: number): void {
    const name = this.#names?.[at] ?? '';
    const guess = this.#guessed.get(at);
    if (guess !== undefined && cell !== '') {
      if (numberOfText(cell) === undefined) this.#becomeCategory(at, name, guess.seen);
      else guess.seen = true;
    }
    const expected = this.#builders[at]?.add(cell);
    if (expected !== undefined)
      this.#report({
        row: this.#rows,
        line,
        column: name,
        reason: `found ${JSON.stringify(cell.slice(0, 60))}, expected ${expected}`,
      });
  }

  /** Not numbers after all: start anew as categories when only empty cells went before, else read the file again. */
  #becomeCategory(at: number, name: string, numbersSeen: boolean): void {
    this.#guessed.delete(at);
    const builder = builderOf(name, 'category');
    for (let row = 1; row < this.#rows; row++) builder.add('');
    this.#builders[at] = builder;
    if (numbersSeen) this.#again.push(name);
  }

  #report(problem: TableProblem): void {
    if (this.problems.length < PROBLEMS_SHOWN) this.problems.push(problem);
  }
}
