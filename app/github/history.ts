import type { VersionBinding, VersionHistory } from '../../checks/check-model.ts';
import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import { firstParentSteps } from './first-parents.ts';
import type { ObjectStore } from './object-store.ts';
import { allPages } from './pages.ts';
import { hasStatus } from './request.ts';
import type { Repository } from './request.ts';
import { githubSnapshot } from './snapshot.ts';
import type { GithubSnapshot } from './snapshot.ts';

/** 50,000 commits on a default branch; past that, reading them all is not the way. */
const pageLimit = 500;
const pageSize = 100;

/** What was learnt of a repository's commits stays true: kept between looks, and only what is new is asked for. */
export interface HistoryMemory {
  readonly parents: Map<string, readonly string[]>;
  /** `commit path` -> the version that stood there, undefined for none that could be read. */
  readonly versions: Map<string, { readonly version: string; readonly revision: string } | undefined>;
}

export function historyMemory(): HistoryMemory {
  return { parents: new Map(), versions: new Map() };
}

export interface GithubHistory extends VersionHistory {
  snapshot(commit: string): GithubSnapshot;
  /** The default branch as it was before the last step that changed a path; undefined when its first commit did. */
  before(path: string, signal?: AbortSignal): Promise<GithubSnapshot | undefined>;
}

/** The versions that stood on the default branch up to `tip`, by first parents. */
export function githubHistory(
  repository: Repository,
  parts: {
    readonly tip: string;
    /** Where a model's manifest stands. */
    readonly pathOf: (model: string) => string;
    readonly memory: HistoryMemory;
    readonly store: ObjectStore;
  },
): GithubHistory {
  const { tip, memory, store } = parts;
  /** Newest first. */
  const stepsTouching = async (path: string, signal?: AbortSignal) => {
    await learnCommits(repository, tip, memory, signal);
    const touching = await commitsTouching(repository, tip, path, signal);
    return firstParentSteps(memory.parents, tip)
      .filter(({ commit, brought }) => touching.has(commit) || [...brought].some((side) => touching.has(side)))
      .toReversed();
  };
  return {
    async bindings(model, signal) {
      const path = parts.pathOf(model);
      const bindings: VersionBinding[] = [];
      for (const { commit } of await stepsTouching(path, signal)) {
        const found = await versionAt(repository, commit, path, memory, signal);
        const isKnown = bindings.some(
          ({ version, revision }) => version === found?.version && revision === found.revision,
        );
        if (found !== undefined && !isKnown) bindings.push({ model, ...found, commit });
      }
      return bindings;
    },
    snapshot: (commit) => githubSnapshot(repository, commit, store),
    async before(path, signal) {
      const [last] = await stepsTouching(path, signal);
      const parent = last === undefined ? undefined : memory.parents.get(last.commit)?.[0];
      return parent === undefined ? undefined : githubSnapshot(repository, parent, store);
    },
  };
}

/** Reads commits, newest first, until every parent of every one is known. */
async function learnCommits(repository: Repository, tip: string, memory: HistoryMemory, signal?: AbortSignal) {
  const { owner, repo, request } = repository;
  const { parents } = memory;
  const missing = new Set(parents.has(tip) ? [] : [tip]);
  for (let page = 1; missing.size > 0; page += 1) {
    if (page > pageLimit)
      throw new Error(
        `${owner}/${repo} has more than ${pageLimit * pageSize} commits, which is more than Slipway reads`,
      );
    const { data } = await request('GET /repos/{owner}/{repo}/commits', {
      owner,
      repo,
      sha: tip,
      per_page: pageSize,
      page,
      request: { signal },
    });
    for (const commit of data) {
      const above = commit.parents.map(({ sha }) => sha);
      parents.set(commit.sha, above);
      missing.delete(commit.sha);
      for (const sha of above) if (!parents.has(sha)) missing.add(sha);
    }
    // A shallow or grafted history names parents that nobody has.
    if (data.length < pageSize) return;
  }
}

async function commitsTouching(
  repository: Repository,
  tip: string,
  path: string,
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  const { owner, repo, request } = repository;
  const commits = await allPages(async (page) => {
    const { data } = await request('GET /repos/{owner}/{repo}/commits', {
      owner,
      repo,
      sha: tip,
      path,
      ...page,
      request: { signal },
    });
    return data;
  }, pageLimit);
  return new Set(commits.map(({ sha }) => sha));
}

async function versionAt(
  repository: Repository,
  commit: string,
  path: string,
  memory: HistoryMemory,
  signal?: AbortSignal,
) {
  const key = `${commit} ${path}`;
  if (memory.versions.has(key)) return memory.versions.get(key);
  const source = await readText(repository, commit, path, signal);
  const parsed = source === undefined ? undefined : parseManifest(source, path);
  const found =
    parsed?.kind === 'parsed'
      ? { version: parsed.loaded.manifest.version, revision: parsed.loaded.revision }
      : undefined;
  memory.versions.set(key, found);
  return found;
}

/** A small file's text at a commit, without reading the commit's whole tree. */
async function readText(
  repository: Repository,
  commit: string,
  path: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { owner, repo, request } = repository;
  try {
    const { data } = await request('GET /repos/{owner}/{repo}/contents/{path}', {
      owner,
      repo,
      path,
      ref: commit,
      request: { signal },
    });
    if (Array.isArray(data) || data.type !== 'file' || !('content' in data)) return undefined;
    return Buffer.from(data.content, 'base64').toString('utf8');
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}
