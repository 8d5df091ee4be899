import { parentPort } from 'node:worker_threads';
import { type ColumnTask, measureColumn } from './measure-column.ts';

/** The measuring thread's entry: a column in, what stays of it out, one after the other. */
parentPort?.on('message', (task: ColumnTask) => {
  parentPort?.postMessage(measureColumn(task));
});
