import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Column } from '../../serving/model/table.ts';
import type { ColumnTask, MeasuredColumn } from './measure-column.ts';

/** A second processor for columns of large files. What it is given is gone here: values change hands without a copy. */
export interface ColumnThread {
  /** Columns it was given and has not measured yet. */
  readonly waiting: number;
  measure(task: ColumnTask): Promise<MeasuredColumn>;
  close(): Promise<void>;
}

const WORKER = join(import.meta.dirname, `column-worker${extname(import.meta.filename)}`);

export function startColumnThread(): ColumnThread {
  const worker = new Worker(WORKER);
  const asked: { readonly resolve: (column: MeasuredColumn) => void; readonly reject: (error: Error) => void }[] = [];
  let failure: Error | undefined;
  const fail = (error: Error): void => {
    failure ??= error;
    for (const { reject } of asked.splice(0)) reject(failure);
  };
  worker.on('message', (column: MeasuredColumn) => asked.shift()?.resolve(column));
  worker.on('error', fail);
  worker.on('exit', () => fail(new Error('the measuring thread ended')));
  return {
    get waiting() {
      return asked.length;
    },
    measure: (task) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure);
        asked.push({ resolve, reject });
        worker.postMessage(task, [...new Set([...buffersOf(task.reference), ...buffersOf(task.window)])]);
      }),
    close: async () => {
      await worker.terminate();
    },
  };
}

function buffersOf(column: Column): readonly ArrayBuffer[] {
  const arrays =
    column.kind === 'category'
      ? [column.codes]
      : column.kind === 'integer'
        ? [column.values, column.missing]
        : column.kind === 'number'
          ? [column.values]
          : [];
  return arrays.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : []));
}
