import { writeFile } from 'node:fs/promises';
import { feedbackStatsOf } from './feedback-stats.ts';
import type { LogRows, LogValue } from './log-column.ts';
import { parquetOf } from './parquet-rows.ts';
import { type LogQuery, readLog } from './read-log.ts';

/** One look into the log, in a process of its own: reading a week of rows must hold up neither those who serve nor the writer. */
export type QueryRequest = LogQuery & {
  readonly file: string;
  readonly format: 'parquet' | 'json' | 'feedback';
  /** Models to look at next, one after the other, until one has rows. */
  readonly others?: readonly string[];
};
export type QueryAnswer =
  | { readonly kind: 'read'; readonly rows: number }
  | { readonly kind: 'failed'; readonly reason: string };

process.once('message', (request: QueryRequest) => {
  answer(request)
    .catch(
      (error: unknown): QueryAnswer => ({
        kind: 'failed',
        reason: error instanceof Error ? error.message : String(error),
      }),
    )
    .then((told) => process.send?.(told, () => process.disconnect()))
    .catch(() => process.exit(1));
});

async function answer(request: QueryRequest): Promise<QueryAnswer> {
  let rows = await readLog(request);
  for (const model of request.others ?? []) {
    if (rows.rows > 0) break;
    rows = await readLog({ ...request, model });
  }
  await writeFile(request.file, WRITERS[request.format](rows));
  return { kind: 'read', rows: rows.rows };
}

const WRITERS = {
  parquet: parquetOf,
  json: jsonOf,
  feedback: (rows) => JSON.stringify(feedbackStatsOf(rows)),
} as const satisfies Record<QueryRequest['format'], (rows: LogRows) => string | Uint8Array>;

/** `{"rows": [{"time": …, …}, …]}`: integers beyond 2^53 as text of digits. */
function jsonOf({ columns, values, rows }: LogRows): string {
  const objects = Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(columns.map(({ name }) => [name, plain(values.get(name)?.[row] ?? null)])),
  );
  return JSON.stringify({ rows: objects });
}

function plain(value: LogValue): unknown {
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
}
