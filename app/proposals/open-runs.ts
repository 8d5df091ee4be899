import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cancelledOutput } from './summary.ts';
import { closeCheckRun, readCheckRun } from '../github/check-runs.ts';
import type { Repository } from '../github/request.ts';
import { readProposal } from './look-at-proposal.ts';

/**
 * Which check runs this App has opened and not closed yet, on disk: a process that is killed leaves them running on GitHub, and
 * those of commits that nobody looks at any more would stay so for two weeks. A help, not a truth: without it GitHub itself
 * calls them stale in the end.
 */
export interface OpenRuns {
  opened(run: OpenRun): Promise<void>;
  closed(id: number): Promise<void>;
  list(): Promise<readonly OpenRun[]>;
}

export interface OpenRun {
  readonly id: number;
  readonly pullRequest: number;
  readonly headSha: string;
}

/** One small file a run. */
export function openRunsIn(folder: string): OpenRuns {
  const fileOf = (id: number) => join(folder, `${id}.json`);
  return {
    async opened(run) {
      await mkdir(folder, { recursive: true });
      await writeFile(fileOf(run.id), JSON.stringify(run));
    },
    closed: (id) => rm(fileOf(id), { force: true }),
    async list() {
      await mkdir(folder, { recursive: true });
      const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
      const runs = await Promise.all(names.map(async (name) => parseRun(await readFile(join(folder, name), 'utf8'))));
      return runs.flatMap((run) => run ?? []);
    },
  };
}

/** Undefined for a file that was being written when the process was killed. */
function parseRun(text: string): OpenRun | undefined {
  let run: unknown;
  try {
    run = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const { id, pullRequest, headSha } = typeof run === 'object' && run !== null ? { ...blank, ...run } : blank;
  return typeof id === 'number' && typeof pullRequest === 'number' && typeof headSha === 'string'
    ? { id, pullRequest, headSha }
    : undefined;
}

const blank: Readonly<Record<keyof OpenRun, unknown>> = { id: undefined, pullRequest: undefined, headSha: undefined };

/**
 * After a start: closes the runs that an earlier process left open on commits that are no open proposal's head any more. Those of
 * heads are taken up by the next judgement.
 */
export async function closeLeftRuns(repository: Repository, open: OpenRuns, signal: AbortSignal): Promise<void> {
  for (const { id, pullRequest, headSha } of await open.list()) {
    const now = await readProposal(repository, pullRequest, signal);
    if (now?.headSha === headSha) continue;
    const run = await readCheckRun(repository, id, signal);
    if (run !== undefined && run.status !== 'completed')
      await closeCheckRun(
        repository,
        id,
        cancelledOutput('Called off: Slipway was stopped, and this commit is no longer proposed'),
        signal,
      );
    await open.closed(id);
  }
}
