import type { Policy } from '../../checks/manifest/policy.ts';
import { textOfProblem } from '../../checks/manifest/problem.ts';
import type { Problem } from '../../checks/manifest/problem.ts';
import { readDefaultBranch } from '../github/default-branch.ts';
import { githubHistory } from '../github/history.ts';
import type { GithubHistory, HistoryMemory } from '../github/history.ts';
import type { ObjectStore } from '../github/object-store.ts';
import { readPolicy } from '../github/policy.ts';
import { mergeBaseOf, readPullRequest } from '../github/pull-requests.ts';
import type { PullRequest } from '../github/pull-requests.ts';
import type { Repository } from '../github/request.ts';
import { githubSnapshot } from '../github/snapshot.ts';
import type { GithubSnapshot } from '../github/snapshot.ts';
import { changedModels, manifestPathOf } from './changed-models.ts';
import type { ChangedModel } from './changed-models.ts';

export interface LookParts {
  readonly repository: Repository;
  readonly store: ObjectStore;
  readonly history: HistoryMemory;
}

/** A proposal as GitHub has it now, and what it changes. */
export interface Proposal {
  readonly pull: PullRequest;
  readonly head: GithubSnapshot;
  /** The default branch. */
  readonly base: GithubSnapshot;
  readonly policy: Policy;
  readonly history: GithubHistory;
  readonly changed: readonly ChangedModel[];
}

export type Look =
  | { readonly kind: 'proposal'; readonly proposal: Proposal }
  /** Why nothing in it can be judged, as Markdown. */
  | { readonly kind: 'unclear'; readonly reason: string };

/** Reads what a pull request would change: its head against the place where it left the default branch. */
export async function lookAtProposal(parts: LookParts, pull: PullRequest, signal: AbortSignal): Promise<Look> {
  const { repository, store } = parts;
  const main = await readDefaultBranch(repository, signal);
  if (main === undefined) return { kind: 'unclear', reason: 'The default branch has no commit.' };
  const forkedAt = await mergeBaseOf(repository, main.sha, pull.headSha, signal);
  const head = githubSnapshot(repository, pull.headSha, store, `#${pull.number}@${pull.headSha.slice(0, 7)}`);
  const base = githubSnapshot(repository, main.sha, store, `${main.name}@${main.sha.slice(0, 7)}`);
  const before = forkedAt === main.sha ? base : githubSnapshot(repository, forkedAt, store);
  const { policy, problems } = await readPolicy(base, signal);
  const changed = await changedModels(before, head, policy.models, signal);
  if (problems.length > 0 && changed.length > 0) return { kind: 'unclear', reason: brokenPolicy(problems) };
  const history = githubHistory(repository, {
    tip: main.sha,
    pathOf: (model) => manifestPathOf(policy.models, model),
    memory: parts.history,
    store,
  });
  return { kind: 'proposal', proposal: { pull, head, base, policy, history, changed } };
}

/** The pull request when it is an open one into the default branch: others deploy nothing. */
export async function readProposal(
  repository: Repository,
  number: number,
  signal: AbortSignal,
): Promise<PullRequest | undefined> {
  const [pull, main] = await Promise.all([
    readPullRequest(repository, number, signal),
    readDefaultBranch(repository, signal),
  ]);
  return pull?.state === 'open' && pull.baseRef === main?.name ? pull : undefined;
}

function brokenPolicy(problems: readonly Problem[]): string {
  const list = problems.map((problem) => `- ${textOfProblem(problem)}`).join('\n');
  return `The policy on the default branch cannot be read, so nobody can say what it requires:\n\n${list}`;
}
