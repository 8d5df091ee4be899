import type { LoadJob } from './load-job.ts';
import { runJob } from './load-run.ts';
import type { LoadMessage } from './load-generator.ts';

/** The load generator as a process of its own: takes jobs from its parent, one at a time, and ends with it. */
const tell = (message: LoadMessage): void => {
  process.send?.(message);
};
const ended = new AbortController();
process.on('disconnect', () => ended.abort(new Error('the parent has gone')));
process.on('message', (job: LoadJob) => {
  runJob(job, () => tell({ kind: 'measuring' }), ended.signal).then(
    (result) => tell({ kind: 'result', result }),
    (error: unknown) => tell({ kind: 'failed', reason: reasonOf(error) }),
  );
});
tell({ kind: 'ready' });

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
