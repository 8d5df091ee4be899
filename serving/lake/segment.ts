import { randomUUID } from 'node:crypto';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type Scores, decisionOf, scoresAs } from '../model/score.ts';
import type { LogSchema } from './entry.ts';
import type { EntryCursor } from './entry-bytes.ts';
import { LOG_TYPES, type LogColumn } from './log-column.ts';
import { OWN_COLUMNS, type OwnColumn } from './own-columns.ts';
import { parquetFile } from './parquet-file.ts';
import { QuickInputs } from './quick-inputs.ts';
import { HashedColumn, withHashed } from './hashed-column.ts';
import { inputsOf } from './row-reader.ts';
import type { TypedColumn } from './column-page.ts';
import { BytesColumn, ConstantColumn } from './text-columns.ts';
import { typedColumn } from './typed-column.ts';
import { unusedInputsOf } from './unused-inputs.ts';

/**
 * A *segment* is one Parquet file of one revision's rows: `model=<model>/day=<UTC day>/<first row's milliseconds>-<unique>.parquet`. While it
 * is open it is written when asked for, each time whole and renamed into its place, and once more when it is closed.
 */
export class Segment {
  readonly schema: LogSchema;
  readonly path: string;
  readonly openedAtMs: number;
  readonly #quick: QuickInputs;
  readonly #own: OwnValues;
  readonly #inputs: readonly TypedColumn[];
  /** What callers sent besides: a request may carry what only the next revision takes. */
  readonly #unused = new Map<string, TypedColumn>();
  readonly #taken: Set<string>;
  /** No more rows: it is written once more, and then it is as it will stay. */
  isClosed = false;
  #rows = 0;
  #writtenRows = 0;
  #sizeBytes = 0;

  /** `hashKey`: of the columns that are written as hashes. */
  constructor(folder: string, said: LogSchema, openedAtMs: number, hashKey: Uint8Array) {
    const schema = withHashed(said);
    this.schema = schema;
    this.openedAtMs = openedAtMs;
    this.#quick = new QuickInputs(schema);
    this.#own = new OwnValues(schema);
    const hashed = new Set(schema.hashed);
    this.#inputs = schema.columns.map(({ name, type }) =>
      hashed.has(name) ? new HashedColumn(name, hashKey) : typedColumn({ name, type: LOG_TYPES[type] }),
    );
    this.#taken = new Set([...Object.values(logNamesOf(schema)), ...schema.columns.map(({ name }) => name)]);
    const day = new Date(openedAtMs).toISOString().slice(0, 10);
    this.path = join(
      folder,
      `model=${schema.model}`,
      `day=${day}`,
      `${openedAtMs}-${randomUUID().slice(0, 8)}.parquet`,
    );
  }

  get rows(): number {
    return this.#rows;
  }

  /** Rows that the file does not have yet. */
  get unwrittenRows(): number {
    return this.#rows - this.#writtenRows;
  }

  /** Of what came in, which its columns in memory are about as large as. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  add(entry: EntryCursor): void {
    const rows = Math.max(1, entry.rows);
    if (this.#quick.read(entry, rows)) {
      this.#quick.write(this.#inputs);
      for (const column of this.#unused.values()) for (let row = 0; row < rows; row++) column.push(null);
    } else this.#addSlowly(entry, rows);
    this.#own.add(entry, rows);
    this.#rows += rows;
    this.#sizeBytes += entry.length + rows * OWN_BYTES;
  }

  #addSlowly(cursor: EntryCursor, rows: number): void {
    const entry = { ...cursor.entry(), rows };
    const inputs = inputsOf(entry, this.schema);
    for (const column of this.#inputs) for (const value of inputs.get(column.name) ?? []) column.push(value);
    const sent = new Map(unusedInputsOf(entry, this.schema).map((input) => [input.name, input] as const));
    for (const { name, type } of sent.values()) {
      if (this.#taken.has(name) || this.#unused.has(name) || this.#unused.size >= MOST_UNUSED) continue;
      const column = typedColumn({ name, type });
      for (let row = 0; row < this.#rows; row++) column.push(null);
      this.#unused.set(name, column);
    }
    for (const [name, column] of this.#unused) {
      const input = sent.get(name);
      for (let row = 0; row < rows; row++)
        column.push(input?.type === column.type ? (input.values[row] ?? null) : null);
    }
  }

  /** Writes what it holds into its place, if that has changed. */
  async write(): Promise<void> {
    if (this.unwrittenRows === 0) return;
    const bytes = this.#file();
    const rows = this.#rows;
    const folder = join(this.path, '..');
    await mkdir(folder, { recursive: true });
    const incoming = join(folder, `.${randomUUID()}.tmp`);
    const file = await open(incoming, 'w');
    try {
      await file.writeFile(bytes);
    } finally {
      await file.close();
    }
    await rename(incoming, this.path);
    this.#writtenRows = rows;
  }

  #file(): Uint8Array {
    const columns: readonly TypedColumn[] = [...this.#inputs, ...this.#unused.values()];
    return parquetFile(
      [
        ...this.#own.pages(this.#rows),
        ...columns.map((column) => ({ name: column.name, type: column.type, page: column.page() })),
      ],
      this.#rows,
    );
  }
}

/** A caller who invents names must not make a segment grow without bound. */
const MOST_UNUSED = 256;
/** Our own columns take about so much a row. */
const OWN_BYTES = 128;

/** The names of our own columns: an input column of the same name keeps it, and ours is then called `slipway_…`. */
export function logNamesOf({ columns }: Pick<LogSchema, 'columns'>): Readonly<Record<OwnColumn, string>> {
  const taken = new Set(columns.map(({ name }) => name));
  const named = Object.keys(OWN_COLUMNS).map((name) => [name, taken.has(name) ? `slipway_${name}` : name]);
  return Object.fromEntries(named) as Record<OwnColumn, string>;
}

/** The log's own columns of a segment: what is the same in every row is kept once. */
class OwnValues {
  readonly #schema: LogSchema;
  readonly #names: Readonly<Record<OwnColumn, string>>;
  readonly #constants: Readonly<Partial<Record<OwnColumn, ConstantColumn>>>;
  readonly #id: BytesColumn;
  readonly #columns: Readonly<
    Record<Exclude<OwnColumn, 'id' | 'model' | 'version' | 'revision' | 'digest'>, TypedColumn>
  >;
  readonly #labels: readonly (string | number)[];

  constructor(schema: LogSchema) {
    this.#schema = schema;
    const names = logNamesOf(schema);
    this.#names = names;
    const { model, version, revision, digest, score } = schema;
    this.#constants = {
      model: new ConstantColumn(names.model, model),
      version: new ConstantColumn(names.version, version),
      revision: new ConstantColumn(names.revision, revision),
      digest: new ConstantColumn(names.digest, digest),
    };
    this.#id = new BytesColumn(names.id);
    const column = (own: OwnColumn): TypedColumn => typedColumn({ name: names[own], type: OWN_COLUMNS[own] });
    // Classes are written as their labels are: integers as integers.
    const classes = score?.classes ?? [];
    const integers = score !== undefined && classes.every((label) => Number.isSafeInteger(label));
    this.#labels = integers ? classes : classes.map(String);
    this.#columns = {
      time: column('time'),
      row: column('row'),
      arm: column('arm'),
      shadow: column('shadow'),
      status: column('status'),
      latency_ms: column('latency_ms'),
      score: column('score'),
      class: typedColumn({ name: names.class, type: integers ? 'INT64' : 'STRING' }),
      flags: column('flags'),
      input_bytes: column('input_bytes'),
      input_digest: column('input_digest'),
      input_shape: column('input_shape'),
    };
  }

  add(entry: EntryCursor, rows: number): void {
    const columns = this.#columns;
    const { scores, instead, arm, isShadow } = entry;
    const mapping = this.#schema.score;
    const answers = scores === undefined || mapping === undefined ? undefined : scoresAs(mapping, scores, entry.rows);
    const flags = this.#flagsOf(entry);
    for (let row = 0; row < rows; row++) {
      columns.time.pushNumber(entry.at);
      this.#id.pushBytes(entry.bytes, entry.idStart, entry.idEnd);
      columns.row.pushNumber(row);
      columns.arm.push(arm);
      columns.shadow.push(isShadow);
      columns.status.pushNumber(entry.status);
      columns.latency_ms.pushNumber(entry.latencyMs);
      this.#addDecision(answers, row);
      columns.flags.push(flags);
      columns.input_bytes.pushNumber(entry.bodyBytes);
      columns.input_digest.push(instead === undefined || instead.digest === '' ? null : instead.digest);
      columns.input_shape.push(instead?.shape ?? null);
    }
  }

  /** Of several classes, the score is that of the decided one. */
  #addDecision(answers: Scores | undefined, row: number): void {
    const { score, class: decision } = this.#columns;
    if (answers === undefined || row >= answers.rows) {
      score.push(null);
      decision.push(null);
      return;
    }
    const decided = decisionOf(answers, row);
    const width = answers.task === 'multiclass' ? answers.classes.length : 1;
    score.pushNumber(answers.scores[width === 1 ? row : row * width + Math.max(0, decided)] ?? NaN);
    decision.push(this.#labels[decided] ?? null);
  }

  /** Answers from a status on carry a message that may quote what the caller sent. */
  #flagsOf(entry: EntryCursor): string {
    const { withheld = [] } = this.#schema;
    return entry.status >= REFUSED && withheld.length > 0 ? WITHHELD_MESSAGE : entry.flags.join('; ');
  }

  /** In the order of `OWN_COLUMNS`. */
  pages(rows: number): readonly (LogColumn & { readonly page: ReturnType<TypedColumn['page']> })[] {
    const varying: Readonly<Partial<Record<OwnColumn, TypedColumn>>> = { ...this.#columns, id: this.#id };
    return Object.keys(OWN_COLUMNS).flatMap((key) => {
      const own = key as OwnColumn;
      const constant = this.#constants[own];
      if (constant !== undefined) return [{ name: this.#names[own], type: constant.type, page: constant.pageOf(rows) }];
      const column = varying[own];
      return column === undefined ? [] : [{ name: column.name, type: column.type, page: column.page() }];
    });
  }
}

const REFUSED = 400;
const WITHHELD_MESSAGE = 'refused; the message is not kept, since the model has private columns';
