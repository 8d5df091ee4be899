import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { entryFile } from '../model/entry-file.ts';
import type { LoadJob, LoadResult } from './load-job.ts';

/** What the process says to its parent. */
export type LoadMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'measuring' }
  | { readonly kind: 'result'; readonly result: LoadResult }
  | { readonly kind: 'failed'; readonly reason: string };

/** A load generator in a process of its own. One for a whole bench: what its code was compiled to serves every contender alike. */
export interface LoadGenerator {
  /** Does a job; `measuring` is called when the warm-up is over. Rejects where the server cannot be reached. */
  run(job: LoadJob, measuring?: () => void): Promise<LoadResult>;
  stop(): Promise<void>;
}

const SPARE_MS = 30_000;

export async function startLoadGenerator(): Promise<LoadGenerator> {
  const child = fork(entryFile('load-main.ts', import.meta.url), [], {
    execArgv: ['--max-semi-space-size=32'],
    // Typed arrays and buffers travel as they are.
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  return {
    run: (job, measuring = () => {}) => runIn(child, job, measuring),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function runIn(child: ChildProcess, job: LoadJob, measuring: () => void): Promise<LoadResult> {
  const { promise, resolve, reject } = Promise.withResolvers<LoadResult>();
  const listen = (message: LoadMessage): void => {
    if (message.kind === 'measuring') measuring();
    if (message.kind === 'result') resolve(message.result);
    if (message.kind === 'failed') reject(new Error(message.reason));
  };
  const gone = (): void => reject(new Error('the load generator ended'));
  const limit = setTimeout(
    () => reject(new Error('the load generator did not end its job')),
    (job.warmUpSeconds + job.seconds) * 1000 + SPARE_MS,
  );
  child.on('message', listen);
  child.once('exit', gone);
  try {
    child.send(job);
    return await promise;
  } finally {
    clearTimeout(limit);
    child.off('message', listen);
    child.off('exit', gone);
  }
}
