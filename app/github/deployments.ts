import { findOrCreate } from './find-or-create.ts';
import type { Repository } from './request.ts';

export interface DeploymentStatus {
  /** `production/income` */
  readonly environment: string;
  /** The rollout's id; kept in the payload, by which the deployment is found again. */
  readonly key: string;
  /** The commit that brought the revision. */
  readonly ref: string;
  readonly production: boolean;
  readonly payload: Readonly<Record<string, string>>;
  readonly state: 'queued' | 'in_progress' | 'success' | 'failure' | 'inactive';
  readonly description: string;
  /** Where the rollout can be watched. */
  readonly logUrl?: string;
}

/** Deployments of one environment that are looked through for a key, newest first: rollouts are not that many apart. */
const lookedThrough = 100;
/** Of those, how many may still be active when a newer one succeeds. */
const mayBeActive = 10;
const activeStates = new Set(['success', 'in_progress', 'queued', 'pending']);

/**
 * Tells GitHub where a rollout stands: its deployment is looked up by key and made when it is not there, and a status is added
 * unless the newest already says the same. A success makes the environment's other deployments inactive: GitHub would do that
 * by itself only for environments that are not production.
 */
export async function putDeploymentStatus(
  repository: Repository,
  status: DeploymentStatus,
  signal?: AbortSignal,
): Promise<void> {
  const { environment, key } = status;
  const listed = await listDeployments(repository, environment, signal);
  const deployment = await findOrCreate(
    async () => (await listDeployments(repository, environment, signal)).find((each) => each.key === key),
    () => createDeployment(repository, status, signal),
  );
  const newest = await newestStatus(repository, deployment.id, signal);
  if (newest?.state !== status.state || newest.description !== status.description) {
    await addStatus(repository, deployment.id, status, signal);
  }
  if (status.state !== 'success') return;
  for (const other of listed.filter((each) => each.key !== key).slice(0, mayBeActive)) {
    const last = await newestStatus(repository, other.id, signal);
    if (last === undefined || !activeStates.has(last.state)) continue;
    await addStatus(repository, other.id, { environment, state: 'inactive', description: 'replaced' }, signal);
  }
}

interface Deployment {
  readonly id: number;
  readonly key: string | undefined;
}

async function listDeployments(
  repository: Repository,
  environment: string,
  signal?: AbortSignal,
): Promise<readonly Deployment[]> {
  const { owner, repo, request } = repository;
  const { data } = await request('GET /repos/{owner}/{repo}/deployments', {
    owner,
    repo,
    environment,
    per_page: lookedThrough,
    request: { signal },
  });
  return data.map(({ id, payload }) => ({ id: Number(id), key: keyOf(payload) }));
}

/** GitHub gives a payload as it was sent, or as JSON text. */
function keyOf(payload: unknown): string | undefined {
  const value: unknown = typeof payload === 'string' && payload.startsWith('{') ? JSON.parse(payload) : payload;
  return typeof value === 'object' && value !== null && 'key' in value && typeof value.key === 'string'
    ? value.key
    : undefined;
}

async function createDeployment(
  repository: Repository,
  status: DeploymentStatus,
  signal?: AbortSignal,
): Promise<Deployment> {
  const { owner, repo, request } = repository;
  const { data } = await request('POST /repos/{owner}/{repo}/deployments', {
    owner,
    repo,
    ref: status.ref,
    environment: status.environment,
    auto_merge: false,
    required_contexts: [],
    production_environment: status.production,
    description: status.description,
    payload: { ...status.payload, key: status.key },
    request: { signal },
  });
  // With auto_merge off, GitHub never answers with a merge (202) instead of a deployment.
  if (!('id' in data))
    throw new Error(
      `GitHub made no deployment of ${status.ref} to ${status.environment}: ${data.message ?? 'no reason given'}`,
    );
  return { id: Number(data.id), key: status.key };
}

async function newestStatus(
  repository: Repository,
  deployment: number,
  signal?: AbortSignal,
): Promise<{ readonly state: string; readonly description: string } | undefined> {
  const { owner, repo, request } = repository;
  const { data } = await request('GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', {
    owner,
    repo,
    deployment_id: deployment,
    per_page: 1,
    request: { signal },
  });
  return data[0];
}

async function addStatus(
  repository: Repository,
  deployment: number,
  {
    environment,
    state,
    description,
    logUrl,
  }: Pick<DeploymentStatus, 'environment' | 'state' | 'description' | 'logUrl'>,
  signal?: AbortSignal,
): Promise<void> {
  const { owner, repo, request } = repository;
  await request('POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', {
    owner,
    repo,
    deployment_id: deployment,
    state,
    description,
    environment,
    auto_inactive: false,
    ...(logUrl === undefined ? {} : { log_url: logUrl }),
    request: { signal },
  });
}
