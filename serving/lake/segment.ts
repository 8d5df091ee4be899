import { randomUUID } from 'node:crypto';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type ScoreMapping, decisionOf, scoresAs } from '../model/score.ts';
import type { LogEntry, LogSchema } from './entry.ts';
import { type LogColumn, LOG_TYPES, type LogRows, type LogType, type LogValue, parquetOf } from './log-column.ts';
import { OWN_COLUMNS, type OwnColumn } from './own-columns.ts';
import { inputsOf } from './row-reader.ts';
import { unusedInputsOf } from './unused-inputs.ts';

/**
 * A *segment* is one Parquet file of one revision's rows: `model=<model>/day=<UTC day>/<first row's milliseconds>-<unique>.parquet`. It is
 * written anew with each flush while it is open, each time whole and renamed into its place, and closed when it has enough rows or is old
 * enough: so recent rows are soon readable, and files stay few.
 */
export class Segment {
  readonly schema: LogSchema;
  readonly path: string;
  readonly openedAtMs: number;
  /** The revision's own columns, and those that callers sent besides: a request may carry what only the next revision takes. */
  readonly #columns: LogColumn[];
  readonly #names: ReturnType<typeof logNamesOf>;
  readonly #values: Map<string, LogValue[]>;
  readonly #unused = new Map<string, LogType>();
  #rows = 0;
  #dirty = false;

  constructor(folder: string, schema: LogSchema, openedAtMs: number) {
    this.schema = schema;
    this.openedAtMs = openedAtMs;
    this.#names = logNamesOf(schema);
    this.#columns = [...logColumnsOf(schema)];
    this.#values = new Map(this.#columns.map(({ name }) => [name, []]));
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

  add(entry: LogEntry): void {
    const rows = Math.max(1, entry.rows);
    const inputs = inputsOf({ ...entry, rows }, this.schema);
    // One by one: a call takes no more arguments than the stack holds, and a request may be millions of rows.
    for (const [name, values] of inputs) {
      const column = this.#column(name);
      for (const value of values) column.push(value);
    }
    this.#addUnused({ ...entry, rows });
    const decisions = decisionsOf(entry, this.schema.score);
    for (let row = 0; row < rows; row++) {
      const own = ownValues(entry, this.schema, row, decisions[row]);
      for (const [key, name] of Object.entries(this.#names)) this.#column(name).push(own[key as OwnColumn]);
    }
    this.#rows += rows;
    this.#dirty = true;
  }

  #addUnused(entry: LogEntry): void {
    const sent = new Map(unusedInputsOf(entry, this.schema).map((input) => [input.name, input] as const));
    for (const { name, type } of sent.values()) {
      if (this.#values.has(name) || this.#unused.size >= MOST_UNUSED) continue;
      this.#unused.set(name, type);
      this.#columns.push({ name, type });
      this.#values.set(
        name,
        Array.from({ length: this.#rows }, () => null),
      );
    }
    for (const [name, type] of this.#unused) {
      const input = sent.get(name);
      const values = input?.type === type ? input.values : Array.from({ length: entry.rows }, () => null);
      const column = this.#column(name);
      for (const value of values) column.push(value);
    }
  }

  /** Writes what it holds into its place, if that has changed. */
  async write(): Promise<void> {
    if (!this.#dirty) return;
    this.#dirty = false;
    const folder = join(this.path, '..');
    await mkdir(folder, { recursive: true });
    const incoming = join(folder, `.${randomUUID()}.tmp`);
    const file = await open(incoming, 'w');
    try {
      await file.writeFile(parquetOf(this.#content()));
    } finally {
      await file.close();
    }
    await rename(incoming, this.path);
  }

  #content(): LogRows {
    return { columns: this.#columns, values: this.#values, rows: this.#rows };
  }

  #column(name: string): LogValue[] {
    const values = this.#values.get(name);
    if (values === undefined) throw new Error(`the log has no column "${name}"`);
    return values;
  }
}

/** A caller who invents names must not make a segment grow without bound. */
const MOST_UNUSED = 256;

/** The names of our own columns: an input column of the same name keeps it, and ours is then called `slipway_…`. */
export function logNamesOf({ columns }: Pick<LogSchema, 'columns'>): Readonly<Record<OwnColumn, string>> {
  const taken = new Set(columns.map(({ name }) => name));
  const named = Object.keys(OWN_COLUMNS).map((name) => [name, taken.has(name) ? `slipway_${name}` : name]);
  return Object.fromEntries(named) as Record<OwnColumn, string>;
}

function logColumnsOf(schema: LogSchema): readonly LogColumn[] {
  const names = logNamesOf(schema);
  // Classes are written as their labels are: integers as integers.
  const integers = schema.score?.classes.every((label) => Number.isSafeInteger(label)) ?? false;
  const own = Object.entries(OWN_COLUMNS).map(([key, type]) => ({
    name: names[key as OwnColumn],
    type: key === 'class' && integers ? ('INT64' as const) : type,
  }));
  return [...own, ...schema.columns.map(({ name, type }) => ({ name, type: LOG_TYPES[type] }))];
}

function ownValues(
  entry: LogEntry,
  { model, version, revision, digest, withheld = [] }: LogSchema,
  row: number,
  decision: Decision | undefined,
): Readonly<Record<OwnColumn, LogValue>> {
  return {
    time: new Date(entry.at),
    id: entry.id,
    row,
    model,
    version,
    revision,
    digest,
    arm: entry.arm,
    shadow: entry.shadow ?? false,
    status: entry.status,
    latency_ms: entry.latencyMs,
    score: decision?.score ?? null,
    class: decision?.class ?? null,
    flags: entry.status >= REFUSED && withheld.length > 0 ? WITHHELD_MESSAGE : entry.flags.join('; '),
    input_bytes: entry.bodyBytes,
    input_digest: entry.bodyDigest ?? null,
  };
}

/** Answers from this status on carry a message that may quote what the caller sent. */
const REFUSED = 400;
const WITHHELD_MESSAGE = 'refused; the message is not kept, since the model has private columns';

interface Decision {
  readonly score: number | null;
  readonly class: string | bigint | null;
}

/** Of several classes, the score is that of the decided one. */
function decisionsOf({ scores, rows }: LogEntry, mapping: ScoreMapping | undefined): readonly Decision[] {
  if (scores === undefined || mapping === undefined) return [];
  const answers = scoresAs(mapping, scores, rows);
  const width = mapping.task === 'multiclass' ? mapping.classes.length : 1;
  const integers = mapping.classes.every((label) => Number.isSafeInteger(label));
  return Array.from({ length: rows }, (_, row) => {
    const decided = decisionOf(answers, row);
    const label = mapping.classes[decided];
    const score = scores[width === 1 ? row : row * width + Math.max(0, decided)] ?? NaN;
    return {
      score: Number.isFinite(score) ? score : null,
      class: label === undefined ? null : integers ? BigInt(label) : String(label),
    };
  });
}
