import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { hasStatus } from './request.ts';
import type { Repository } from './request.ts';
import { sizeLimit } from './size-limit.ts';

/** One run of a workflow of the repository's own Actions. */
export interface WorkflowRun {
  readonly id: number;
  readonly url: string;
  readonly headSha: string;
  /** ISO date-time. */
  readonly createdAt: string;
  /** `run-name` with its inputs filled in. */
  readonly title: string;
  readonly status: string;
  /** Undefined while it runs. */
  readonly conclusion?: string;
}

export interface Artifact {
  readonly id: number;
  readonly name: string;
  readonly sizeBytes: number;
  readonly expired: boolean;
}

export type Dispatched =
  | { readonly kind: 'dispatched'; readonly url: string }
  /** The default branch has no such workflow, or the repository no Actions. */
  | { readonly kind: 'absent' }
  /** The App may not, or the workflow cannot be dispatched so; GitHub's words. */
  | { readonly kind: 'refused'; readonly reason: string };

const runsShown = 30;

/** Has a workflow run on a branch of this repository. Asked twice it runs twice: look at `listRuns` first. */
export async function dispatchWorkflow(
  { owner, repo, request }: Repository,
  wanted: { readonly workflow: string; readonly ref: string; readonly inputs: Readonly<Record<string, string>> },
  signal?: AbortSignal,
): Promise<Dispatched> {
  try {
    const { data } = await request('POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches', {
      owner,
      repo,
      workflow_id: wanted.workflow,
      ref: wanted.ref,
      inputs: { ...wanted.inputs },
      return_run_details: true,
      request: { signal },
    });
    return { kind: 'dispatched', url: urlOf(data) ?? `https://github.com/${owner}/${repo}/actions` };
  } catch (error) {
    if (hasStatus(error, 404)) return { kind: 'absent' };
    if (hasStatus(error, 403, 422)) return { kind: 'refused', reason: messageOf(error) };
    throw error;
  }
}

/** The newest runs of a workflow that were dispatched, of one commit or of all; none where there is no such workflow or the App may not look. */
export async function listRuns(
  { owner, repo, request }: Repository,
  asked: { readonly workflow: string; readonly headSha?: string },
  signal?: AbortSignal,
): Promise<readonly WorkflowRun[]> {
  try {
    const { data } = await request('GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs', {
      owner,
      repo,
      workflow_id: asked.workflow,
      event: 'workflow_dispatch',
      ...(asked.headSha === undefined ? {} : { head_sha: asked.headSha }),
      per_page: runsShown,
      request: { signal },
    });
    return data.workflow_runs.map((run) => ({
      id: Number(run.id),
      url: run.html_url,
      headSha: run.head_sha,
      createdAt: run.created_at,
      title: run.display_title,
      status: run.status ?? '',
      ...(run.conclusion === null ? {} : { conclusion: run.conclusion }),
    }));
  } catch (error) {
    if (hasStatus(error, 403, 404)) return [];
    throw error;
  }
}

/** What a run left under a name. */
export async function listArtifacts(
  { owner, repo, request }: Repository,
  run: number,
  name: string,
  signal?: AbortSignal,
): Promise<readonly Artifact[]> {
  const { data } = await request('GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts', {
    owner,
    repo,
    run_id: run,
    name,
    request: { signal },
  });
  return data.artifacts.map(({ id, name: found, size_in_bytes: sizeBytes, expired }) => ({
    id,
    name: found,
    sizeBytes,
    expired,
  }));
}

/**
 * Writes an artifact's zip to a file. GitHub redirects to an address of its storage, which sees no token of ours.
 *
 * @throws when there are more than `limitBytes`
 */
export async function downloadArtifact(
  { owner, repo, request }: Repository,
  wanted: { readonly id: number; readonly file: string; readonly limitBytes: number },
  signal?: AbortSignal,
): Promise<void> {
  const { data } = await request('GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}', {
    owner,
    repo,
    artifact_id: wanted.id,
    archive_format: 'zip',
    request: { signal, parseSuccessResponseBody: false },
  });
  // As for blobs: `parseSuccessResponseBody: false` gives the body itself.
  const body = Readable.fromWeb(data as unknown as Parameters<typeof Readable.fromWeb>[0]);
  const counted = sizeLimit(wanted.limitBytes, `artifact ${wanted.id}`);
  await pipeline(body, counted, createWriteStream(wanted.file), ...(signal === undefined ? [] : [{ signal }]));
}

function urlOf(data: unknown): string | undefined {
  return typeof data === 'object' && data !== null && 'html_url' in data && typeof data.html_url === 'string'
    ? data.html_url
    : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
