import { closeCheckRun, listCheckRuns, openCheckRun } from '../github/check-runs.ts';
import type { CheckRun, CheckRunOutput } from '../github/check-runs.ts';
import type { Repository } from '../github/request.ts';
import type { OpenRuns } from './open-runs.ts';

/**
 * The check runs of one proposal's head. Whatever was opened is closed in the end: `closeRest` takes what is left, and
 * what a crash left open is taken up again by the next look, since an unfinished run of the same name is used, not doubled.
 *
 * Writes of one run go one after the other; those of different runs side by side.
 */
export interface ProposalRuns {
  /** Shows that a check is running. */
  open(name: string): void;
  close(name: string, output: CheckRunOutput): void;
  /** Closes whatever is open and has no result. */
  closeRest(output: CheckRunOutput): void;
  /** Resolves when everything has been written; throws what failed. */
  written(): Promise<void>;
}

export interface ProposalHead {
  readonly repository: Repository;
  readonly appId: number;
  readonly pullRequest: number;
  readonly headSha: string;
  /** Judged again from the cache: runs stay as they are until a result differs. */
  readonly quiet: boolean;
  readonly openRuns: OpenRuns;
  /** Where the proposal is shown. */
  readonly detailsUrl?: string;
}

export async function proposalRuns(head: ProposalHead, signal: AbortSignal): Promise<ProposalRuns> {
  const { repository, appId, headSha, pullRequest } = head;
  const there = new Map<string, CheckRun>();
  for (const run of await listCheckRuns(repository, headSha, appId, signal)) there.set(run.name, run);
  const opened = new Map<string, Promise<CheckRun>>();
  const writes: Promise<void>[] = [];
  const failures: unknown[] = [];
  const track = (write: Promise<unknown>) =>
    writes.push(
      write.then(
        () => undefined,
        (error: unknown) => void failures.push(error),
      ),
    );

  const begin = (name: string): Promise<CheckRun> => {
    const known = opened.get(name);
    if (known !== undefined) return known;
    const run = beginRun(name);
    opened.set(name, run);
    track(run);
    return run;
  };
  const beginRun = async (name: string): Promise<CheckRun> => {
    const last = there.get(name);
    if (last !== undefined && last.status !== 'completed') return last;
    const externalId = `${pullRequest}/${name}/${attemptOf(last) + 1}`;
    const link = head.detailsUrl === undefined ? {} : { detailsUrl: head.detailsUrl };
    const limit = AbortSignal.timeout(writeLimitMs);
    const run = await openCheckRun(repository, { name, headSha, externalId, appId, ...link }, limit);
    await head.openRuns.opened({ id: run.id, pullRequest, headSha });
    return run;
  };
  const end = async (name: string, output: CheckRunOutput): Promise<void> => {
    const { id } = await begin(name);
    await closeCheckRun(repository, id, output, AbortSignal.timeout(writeLimitMs));
    await head.openRuns.closed(id);
  };
  const finished = new Set<string>();
  const close = (name: string, output: CheckRunOutput) => {
    finished.add(name);
    const last = there.get(name);
    if (head.quiet && !opened.has(name) && last !== undefined && saysTheSame(last, output)) return;
    track(end(name, output));
  };

  return {
    open(name) {
      const last = there.get(name);
      if (!head.quiet || last === undefined || last.status !== 'completed') void begin(name);
    },
    close,
    closeRest(output) {
      for (const name of opened.keys()) if (!finished.has(name)) close(name, output);
    },
    async written() {
      await Promise.all(writes);
      const [cause] = failures;
      if (cause !== undefined) throw new Error(`Writing the check runs of ${headSha} failed`, { cause });
    },
  };
}

/** Writes do not stop with the work that asked for them: what was opened is closed also when the work was called off. */
const writeLimitMs = 120_000;

/** The pull request that a check run of this App belongs to: the head of its external id, `12/baseline/3`. */
export function pullRequestOfRun(externalId: string): number | undefined {
  const found = /^([1-9]\d{0,9})\/.+\/\d+$/.exec(externalId)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** The count at the end of `12/baseline/3`. */
function attemptOf(run: CheckRun | undefined): number {
  const attempt = Number(run?.externalId.split('/').at(-1));
  return Number.isSafeInteger(attempt) ? attempt : 0;
}

function saysTheSame(run: CheckRun, output: CheckRunOutput): boolean {
  return run.conclusion === output.conclusion && run.title === output.title && run.summary === output.summary;
}
