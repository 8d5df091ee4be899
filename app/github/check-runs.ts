import type { CheckConclusion } from '../../checks/report/report.ts';
import { findOrCreate } from './find-or-create.ts';
import { allPages } from './pages.ts';
import { hasStatus } from './request.ts';
import type { Repository } from './request.ts';

/** GitHub's limits on one check run. */
export const checkRunLimits = {
  textLength: 65_535,
  titleLength: 255,
  annotationsPerCall: 50,
  annotationCalls: 4,
  actions: 3,
  actionLabelLength: 20,
  actionDescriptionLength: 40,
  actionIdentifierLength: 20,
} as const;

export interface CheckRun {
  readonly id: number;
  readonly name: string;
  readonly headSha: string;
  readonly externalId: string;
  readonly status: string;
  readonly conclusion?: string;
  readonly url?: string;
  readonly title?: string;
  readonly summary?: string;
  readonly text?: string;
}

export interface CheckRunOutput {
  /** `cancelled` for work that a newer commit made useless. */
  readonly conclusion: CheckConclusion | 'cancelled';
  readonly title: string;
  readonly summary: string;
  readonly text?: string;
  readonly annotations: readonly Annotation[];
  readonly actions: readonly CheckRunAction[];
  /** Where the full report is shown. */
  readonly detailsUrl?: string;
}

export interface Annotation {
  readonly path: string;
  readonly line: number;
  readonly level: 'failure' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
}

export interface CheckRunAction {
  readonly label: string;
  readonly description: string;
  readonly identifier: string;
}

const pageLimit = 20;

/** The newest check runs of this App at a commit, one a name. */
export async function listCheckRuns(
  repository: Repository,
  headSha: string,
  appId: number,
  signal?: AbortSignal,
): Promise<readonly CheckRun[]> {
  const { owner, repo, request } = repository;
  const runs = await allPages(async (page) => {
    const { data } = await request('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', {
      owner,
      repo,
      ref: headSha,
      app_id: appId,
      filter: 'all',
      ...page,
      request: { signal },
    });
    return data.check_runs;
  }, pageLimit);
  const newestByName = new Map<string, CheckRun>();
  for (const run of runs.map(checkRunOf).toSorted((a, b) => a.id - b.id)) newestByName.set(run.name, run);
  return [...newestByName.values()];
}

/** Undefined when there is no such check run (any more). */
export async function readCheckRun(
  repository: Repository,
  id: number,
  signal?: AbortSignal,
): Promise<CheckRun | undefined> {
  const { owner, repo, request } = repository;
  try {
    const { data } = await request('GET /repos/{owner}/{repo}/check-runs/{check_run_id}', {
      owner,
      repo,
      check_run_id: id,
      request: { signal },
    });
    return checkRunOf(data);
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}

/** Opens a check run as in progress; one that is there under this external id is taken instead. */
export async function openCheckRun(
  repository: Repository,
  run: {
    readonly name: string;
    readonly headSha: string;
    readonly externalId: string;
    readonly appId: number;
    readonly detailsUrl?: string;
  },
  signal?: AbortSignal,
): Promise<CheckRun> {
  const { owner, repo, request } = repository;
  let first = true;
  return findOrCreate(
    async () => {
      // The caller has just listed what is there; only after a lost answer is it worth looking again.
      const look = !first;
      first = false;
      if (!look) return undefined;
      const there = await listCheckRuns(repository, run.headSha, run.appId, signal);
      return there.find(({ externalId }) => externalId === run.externalId);
    },
    async () => {
      const { data } = await request('POST /repos/{owner}/{repo}/check-runs', {
        owner,
        repo,
        name: run.name,
        head_sha: run.headSha,
        external_id: run.externalId,
        status: 'in_progress',
        started_at: new Date().toISOString(),
        ...(run.detailsUrl === undefined ? {} : { details_url: run.detailsUrl }),
        request: { signal },
      });
      return checkRunOf(data);
    },
  );
}

/** Closes a check run with its result; annotations go in calls of 50, the conclusion with the first of them. */
export async function closeCheckRun(
  repository: Repository,
  id: number,
  output: CheckRunOutput,
  signal?: AbortSignal,
): Promise<void> {
  const { owner, repo, request } = repository;
  const [first = [], ...others] = chunksOf(output.annotations, checkRunLimits.annotationsPerCall).slice(
    0,
    checkRunLimits.annotationCalls,
  );
  const title = cut(output.title, checkRunLimits.titleLength);
  const summary = cut(output.summary, checkRunLimits.textLength);
  const target = { owner, repo, check_run_id: id, request: { signal } };
  await request('PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}', {
    ...target,
    status: 'completed',
    conclusion: output.conclusion,
    completed_at: new Date().toISOString(),
    ...(output.detailsUrl === undefined ? {} : { details_url: output.detailsUrl }),
    actions: output.actions.slice(0, checkRunLimits.actions).map((action) => ({ ...action })),
    output: {
      title,
      summary,
      ...(output.text === undefined ? {} : { text: cut(output.text, checkRunLimits.textLength) }),
      annotations: first.map(annotationOf),
    },
  });
  for (const annotations of others)
    await request('PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}', {
      ...target,
      output: { title, summary, annotations: annotations.map(annotationOf) },
    });
}

const cutNote = '\n\n… (cut: GitHub shows no more here; the full report is on the dashboard)';

/** Cuts at a line's end, so that no table row or tag is left half open more often than must be. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const note = length > 10 * cutNote.length ? cutNote : '…';
  const room = text.slice(0, length - note.length);
  const lineEnd = room.lastIndexOf('\n');
  return (lineEnd > room.length / 2 ? room.slice(0, lineEnd) : room) + note;
}

function chunksOf<T>(entries: readonly T[], size: number): readonly (readonly T[])[] {
  const chunks: T[][] = [];
  for (let start = 0; start < entries.length; start += size) chunks.push(entries.slice(start, start + size));
  return chunks;
}

function annotationOf(annotation: Annotation) {
  return {
    path: annotation.path,
    start_line: annotation.line,
    end_line: annotation.line,
    annotation_level: annotation.level,
    title: cut(annotation.title, checkRunLimits.titleLength),
    message: cut(annotation.message, checkRunLimits.textLength),
  };
}

interface GithubCheckRun {
  /** Octokit reads numbers past 2^53 as bigint; GitHub's ids are far from that. */
  readonly id: number | bigint;
  readonly name: string;
  readonly head_sha: string;
  readonly external_id: string | null;
  readonly status: string;
  readonly conclusion: string | null;
  readonly html_url: string | null;
  readonly output: { readonly title: string | null; readonly summary: string | null; readonly text: string | null };
}

function checkRunOf(run: GithubCheckRun): CheckRun {
  return {
    id: Number(run.id),
    name: run.name,
    headSha: run.head_sha,
    externalId: run.external_id ?? '',
    status: run.status,
    ...(run.conclusion === null ? {} : { conclusion: run.conclusion }),
    ...(run.html_url === null ? {} : { url: run.html_url }),
    ...(run.output.title === null ? {} : { title: run.output.title }),
    ...(run.output.summary === null ? {} : { summary: run.output.summary }),
    ...(run.output.text === null ? {} : { text: run.output.text }),
  };
}
