import type { Governance } from '../../checks/evidence/governance.ts';
import { readCommitChecks } from '../github/commit-checks.ts';
import { contributorsOf, readApprovals } from '../github/pull-requests.ts';
import type { PullRequest } from '../github/pull-requests.ts';
import type { Repository } from '../github/request.ts';
import type { GithubSnapshot } from '../github/snapshot.ts';
import type { LedgerLine } from '../ledger/ledger.ts';

/**
 * What people and other programs say of a pull request's head, now. It changes without a commit, so it is asked for with each judgement and is no
 * part of what is cached with the evidence.
 */
export async function governanceOfPull(
  { repository, appId }: { readonly repository: Repository; readonly appId: number },
  pull: PullRequest,
  base: GithubSnapshot,
  signal: AbortSignal,
): Promise<Governance> {
  const [approvals, contributors, continuousIntegration, codeOwners] = await Promise.all([
    readApprovals(repository, pull, signal),
    contributorsOf(repository, pull, signal),
    readCommitChecks(repository, pull.headSha, appId, signal),
    hasCodeOwners(base, signal),
  ]);
  return {
    // Who wrote a part of it does not approve it.
    approvals: approvals.filter(({ by }) => !contributors.has(by)),
    continuousIntegration,
    review: { url: pull.url, codeOwners },
  };
}

/** Where GitHub looks for it; it counts from the base branch alone. */
const codeOwnersPaths = ['.github/CODEOWNERS', 'CODEOWNERS', 'docs/CODEOWNERS'];

async function hasCodeOwners(base: GithubSnapshot, signal: AbortSignal): Promise<boolean> {
  const found = await Promise.all(codeOwnersPaths.map((path) => base.objectAt(path, signal)));
  return found.some((object) => object !== undefined);
}

type Rollout = NonNullable<Governance['rollouts']>[number];

/** How this model's versions got to production and away from it, newest first, as the ledger tells it. */
export function rolloutsOf(lines: readonly LedgerLine[], model: string): readonly Rollout[] {
  /** Revisions that had a share of the traffic beside another since their rollout started. */
  const canaried = new Set<string>();
  const ended: Rollout[] = [];
  const end = (line: LedgerLine, outcome: Rollout['outcome'], revision: string, version: string): void => {
    ended.push({ version, outcome, at: line.at, canaried: canaried.has(revision) });
  };
  for (const line of lines) {
    if (line.model !== model) continue;
    const { kind, revision, version, data } = line;
    if (kind === 'rolled-back') {
      const [from, fromRevision] = [data?.['from'], data?.['fromRevision']];
      if (typeof from === 'string' && typeof fromRevision === 'string') end(line, 'rolled-back', fromRevision, from);
      continue;
    }
    if (revision === undefined || version === undefined) continue;
    if (kind === 'rollout-started') canaried.delete(revision);
    if (kind === 'rollout-step' && data?.['kind'] === 'weight') canaried.add(revision);
    if (kind === 'promoted' || kind === 'aborted') end(line, kind, revision, version);
  }
  return ended.toReversed();
}
