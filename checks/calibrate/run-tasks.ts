import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { BlockResult, Task } from './cell.ts';

/**
 * Runs tasks in worker threads, each thread one after the other, until none is left or the signal says to stop: then what is being run is
 * dropped. A task that throws ends the run, with the task named.
 */
export async function runTasks(
  tasks: readonly Task[],
  workers: number,
  onDone: (task: Task, results: readonly BlockResult[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const queue = tasks.values();
  await Promise.all(Array.from({ length: Math.min(workers, tasks.length) }, () => runThread(queue, onDone, signal)));
}

async function runThread(
  queue: IterableIterator<Task>,
  onDone: (task: Task, results: readonly BlockResult[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const worker = new Worker(new URL('./calibrate-worker.ts', import.meta.url));
  try {
    for (const task of queue) {
      if (signal.aborted) return;
      const results = await answerOf(worker, task, signal);
      if (results === undefined) return;
      onDone(task, results);
    }
  } finally {
    await worker.terminate();
  }
}

/** Undefined when the signal came first. */
async function answerOf(worker: Worker, task: Task, signal: AbortSignal): Promise<readonly BlockResult[] | undefined> {
  worker.postMessage(task);
  try {
    const [results] = (await once(worker, 'message', { signal })) as [readonly BlockResult[]];
    return results;
  } catch (cause) {
    if (signal.aborted) return undefined;
    throw new Error(`block ${JSON.stringify(task)} failed`, { cause });
  }
}
