import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { Feedback } from './log-writer.ts';
import { FEEDBACK_COLUMN } from './own-columns.ts';
import type { LogColumn, LogRows, LogType, LogValue } from './log-column.ts';

export interface LogQuery {
  readonly folder: string;
  readonly model: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
  /** A revision, a version, `stable`, `candidate`, or `shadow`: only with it come answers to copies, which no caller saw. */
  readonly arm?: string;
  /** Rows that were refused or failed as well; else only answered ones. */
  readonly failures: boolean;
  /** Only the rows of one request. */
  readonly id?: string;
}

/** How long after its first row a segment may still get rows: SEGMENT_MS, a flush, and the longest answer. */
const SPREAD_MS = 90_000;
const ANSWERED_BELOW = 400;

/**
 * Recorded rows between two instants, newest first, at most `limit`; with the label that was fed back later, where one was. Columns are those
 * of every revision that has rows among them.
 */
export async function readLog(query: LogQuery): Promise<LogRows> {
  const found: { readonly row: Row; readonly columns: readonly LogColumn[] }[] = [];
  for (const path of await segmentsOf(query)) {
    const segment = await readSegment(path);
    if (segment === undefined) continue;
    const { columns } = segment;
    const names = new Set(columns.map(({ name }) => name));
    const own = (name: string): string => (names.has(`slipway_${name}`) ? `slipway_${name}` : name);
    const rows = segment.rows
      .filter((row) => isWanted(row, own, query))
      .toSorted((a, b) => timeOf(b, own) - timeOf(a, own));
    for (const row of rows) found.push({ row, columns });
    // Segments come newest first, yet may overlap: stop only once nothing older can be newer than what there is.
    if (found.length >= query.limit * OVERSHOOT) break;
  }
  return columnsOf(
    found.toSorted((a, b) => millisecondsOf(b.row) - millisecondsOf(a.row)).slice(0, query.limit),
    await feedbackOf(query),
  );
}

/** Revisions under a rollout write side by side, so some segments of the same time follow the first that fills the limit. */
const OVERSHOOT = 2;

type Row = Readonly<Record<string, unknown>>;

function millisecondsOf(row: Row): number {
  const time = row['slipway_time'] ?? row['time'];
  return time instanceof Date ? time.getTime() : 0;
}

function timeOf(row: Row, own: (name: string) => string): number {
  const time = row[own('time')];
  return time instanceof Date ? time.getTime() : 0;
}

function isWanted(row: Row, own: (name: string) => string, { fromMs, toMs, arm, failures, id }: LogQuery): boolean {
  const time = timeOf(row, own);
  if (time < fromMs || time >= toMs) return false;
  if (id !== undefined && row[own('id')] !== id) return false;
  if (!failures && Number(row[own('status')]) >= ANSWERED_BELOW) return false;
  const isShadow = row[own('shadow')] === true;
  if (arm === 'shadow' || isShadow) return arm === 'shadow' && isShadow;
  return arm === undefined || ['arm', 'revision', 'version'].some((name) => row[own(name)] === arm);
}

/** Paths of the segments that may hold rows of the span, newest first. */
async function segmentsOf({ folder, model, fromMs, toMs }: LogQuery): Promise<readonly string[]> {
  const root = join(folder, `model=${model}`);
  const found: { readonly openedAtMs: number; readonly path: string }[] = [];
  for (const day of await entriesOf(root))
    for (const name of await entriesOf(join(root, day))) {
      const openedAtMs = Number(/^(\d+)-[0-9a-f]+\.parquet$/.exec(name)?.[1] ?? Number.NaN);
      if (openedAtMs >= fromMs - SPREAD_MS && openedAtMs < toMs + SPREAD_MS)
        found.push({ openedAtMs, path: join(root, day, name) });
    }
  return found.toSorted((a, b) => b.openedAtMs - a.openedAtMs).map(({ path }) => path);
}

async function entriesOf(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    // Nothing recorded yet, or deleted as too old just now.
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

async function readSegment(
  path: string,
): Promise<{ readonly columns: readonly LogColumn[]; readonly rows: readonly Row[] } | undefined> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (bytes === undefined) return undefined;
  const file = new Uint8Array(bytes).buffer;
  const metadata = parquetMetadata(file);
  return { columns: columnsIn(metadata), rows: await parquetReadObjects({ file, metadata, compressors }) };
}

function columnsIn({ schema }: ReturnType<typeof parquetMetadata>): readonly LogColumn[] {
  const columns: LogColumn[] = [];
  for (let at = 1; at < schema.length; at++) {
    const element = schema[at];
    if (element === undefined) continue;
    columns.push({ name: element.name, type: typeOf(element) });
    // The two inner levels of a list follow it.
    if (element.converted_type === 'LIST') at += 2;
  }
  return columns;
}

function typeOf({ type, converted_type }: { type?: string; converted_type?: string }): LogType {
  if (converted_type === 'LIST') return 'LIST';
  if (converted_type === 'TIMESTAMP_MILLIS') return 'TIMESTAMP';
  if (type === 'INT32' || type === 'INT64' || type === 'DOUBLE' || type === 'BOOLEAN') return type;
  return 'STRING';
}

function columnsOf(
  found: readonly { readonly row: Row; readonly columns: readonly LogColumn[] }[],
  feedback: ReadonlyMap<string, string>,
): LogRows {
  const columns = new Map<string, LogColumn>();
  for (const each of new Set(found.map((row) => row.columns)))
    for (const column of each) {
      const before = columns.get(column.name);
      // Revisions may disagree about a column's type: text holds them all.
      if (before !== undefined && before.type !== column.type)
        columns.set(column.name, { name: column.name, type: 'STRING' });
      else columns.set(column.name, column);
    }
  const label = columns.has(FEEDBACK_COLUMN) ? `slipway_${FEEDBACK_COLUMN}` : FEEDBACK_COLUMN;
  const values = new Map<string, readonly LogValue[]>();
  for (const { name, type } of columns.values())
    values.set(
      name,
      found.map(({ row }) => asType(row[name], type)),
    );
  values.set(
    label,
    found.map(
      ({ row }) =>
        feedback.get(feedbackKey(String(row['slipway_id'] ?? row['id']), Number(row['slipway_row'] ?? row['row']))) ??
        null,
    ),
  );
  return { columns: [...columns.values(), { name: label, type: 'STRING' }], values, rows: found.length };
}

/** As it was written; only a type that two revisions disagree about needs another form. */
function asType(value: unknown, type: LogType): LogValue {
  if (value === null || value === undefined) return null;
  // Read from a segment, which holds nothing else.
  const known = value as LogValue;
  if (type !== 'STRING' || known === null || typeof known === 'string') return known;
  if (known instanceof Date) return known.toISOString();
  return typeof known === 'object' ? JSON.stringify(known) : String(known);
}

function feedbackKey(id: string, row: number): string {
  return `${id} ${row}`;
}

/** The latest label of each prediction. Labels come after their prediction, so days before the span hold none. */
async function feedbackOf({ folder, model, fromMs }: LogQuery): Promise<ReadonlyMap<string, string>> {
  const root = join(folder, 'feedback', `model=${model}`);
  const first = new Date(Math.max(0, fromMs)).toISOString().slice(0, 10);
  const labels = new Map<string, string>();
  for (const name of (await entriesOf(root)).toSorted()) {
    if (name < `${first}.jsonl`) continue;
    for (const line of (await readFile(join(root, name), 'utf8')).split('\n')) {
      if (line === '') continue;
      // Written by the log's writer.
      const { id, row, label } = JSON.parse(line) as Feedback;
      labels.set(feedbackKey(id, row), String(label));
    }
  }
  return labels;
}
