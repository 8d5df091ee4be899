import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { Bucket, type BucketOptions } from './bucket.ts';
import { type LogFiles, filesOfBucket, filesOfFolder } from './log-files.ts';
import { type Feedback, LONGEST_SEGMENT_MS } from './log-writer.ts';
import { FEEDBACK_COLUMN } from './own-columns.ts';
import type { LogColumn, LogRows, LogType, LogValue } from './log-column.ts';

export interface LogQuery {
  readonly folder: string;
  /** Where closed segments go; what lies there and no longer in the folder is read as well. */
  readonly bucket?: BucketOptions;
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

/** How long after its first row a segment may still get rows: its longest age, a flush, and the longest answer. */
const SPREAD_MS = LONGEST_SEGMENT_MS + 30_000;
const ANSWERED_BELOW = 400;

/**
 * Recorded rows between two instants, newest first, at most `limit`; with the label that was fed back later, where one was. Columns are those
 * of every revision that has rows among them.
 */
export async function readLog(query: LogQuery): Promise<LogRows> {
  const { folder, bucket, limit, id } = query;
  const found: FoundRow[] = [];
  const seen = new Set<string>();
  const sources = [filesOfFolder(folder), ...(bucket === undefined ? [] : [filesOfBucket(new Bucket(bucket))])];
  // What is newest lies in the folder, so the bucket is asked only for what that does not hold.
  for (const source of sources) {
    for (const name of await segmentsOf(source, query)) {
      // Segments come newest first, yet may overlap: stop only once nothing older can be newer than what there is.
      if (found.length >= limit * OVERSHOOT) break;
      if (seen.has(name)) continue;
      seen.add(name);
      // One by one: a call takes no more arguments than the stack holds.
      for (const row of await rowsIn(source, name, query)) found.push(row);
    }
    if (found.length >= limit * OVERSHOOT || (id !== undefined && found.length > 0)) break;
  }
  const newest = found.toSorted((a, b) => millisecondsOf(b.row) - millisecondsOf(a.row)).slice(0, limit);
  return columnsOf(newest, await feedbackOf(sources, query));
}

interface FoundRow {
  readonly row: Row;
  readonly columns: readonly LogColumn[];
}

async function rowsIn(source: LogFiles, name: string, query: LogQuery): Promise<readonly FoundRow[]> {
  const bytes = await source.read(name);
  if (bytes === undefined) return [];
  const { columns, rows } = await readSegment(bytes);
  const names = new Set(columns.map((column) => column.name));
  const own = (column: string): string => (names.has(`slipway_${column}`) ? `slipway_${column}` : column);
  return rows.filter((row) => isWanted(row, own, query)).map((row) => ({ row, columns }));
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

/** Names of the segments that may hold rows of the span, newest first. */
async function segmentsOf(source: LogFiles, { model, fromMs, toMs }: LogQuery): Promise<readonly string[]> {
  const found: { readonly openedAtMs: number; readonly name: string }[] = [];
  for (const folder of foldersOf(model, fromMs, toMs))
    for (const name of await source.list(folder)) {
      const openedAtMs = Number(/\/(\d+)-[0-9a-f]+\.parquet$/.exec(name)?.[1] ?? Number.NaN);
      if (openedAtMs >= fromMs - SPREAD_MS && openedAtMs < toMs + SPREAD_MS) found.push({ openedAtMs, name });
    }
  return found.toSorted((a, b) => b.openedAtMs - a.openedAtMs).map(({ name }) => name);
}

/** A folder a day where these are few, so that looking one prediction up does not list a year. */
function foldersOf(model: string, fromMs: number, toMs: number): readonly string[] {
  const first = Math.floor((fromMs - SPREAD_MS) / DAY_MS);
  const last = Math.floor((toMs + SPREAD_MS) / DAY_MS);
  if (!(last - first < MOST_DAYS)) return [`model=${model}`];
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const day = new Date((first + index) * DAY_MS).toISOString().slice(0, 10);
    return `model=${model}/day=${day}`;
  });
}

const DAY_MS = 86_400_000;
const MOST_DAYS = 8;

async function readSegment(
  bytes: Uint8Array,
): Promise<{ readonly columns: readonly LogColumn[]; readonly rows: readonly Row[] }> {
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

function columnsOf(found: readonly FoundRow[], feedback: ReadonlyMap<string, string>): LogRows {
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
async function feedbackOf(
  sources: readonly LogFiles[],
  { model, fromMs }: LogQuery,
): Promise<ReadonlyMap<string, string>> {
  const first = new Date(Math.max(0, fromMs)).toISOString().slice(0, 10);
  const latest = new Map<string, Feedback>();
  const seen = new Set<string>();
  for (const source of sources)
    for (const name of await source.list(`feedback/model=${model}`)) {
      const day = /\/(\d{4}-\d\d-\d\d)[^/]*\.jsonl$/.exec(name)?.[1];
      if (day === undefined || day < first || seen.has(name)) continue;
      seen.add(name);
      for (const line of Buffer.from((await source.read(name)) ?? [])
        .toString()
        .split('\n')) {
        if (line === '') continue;
        // Written by the log's writer.
        const said = JSON.parse(line) as Feedback;
        const key = feedbackKey(said.id, said.row);
        const before = latest.get(key);
        if (before === undefined || before.at <= said.at) latest.set(key, said);
      }
    }
  return new Map([...latest].map(([key, { label }]) => [key, String(label)]));
}
