import { readDefaultBranch } from '../github/default-branch.ts';
import { readPolicy } from '../github/policy.ts';
import { githubSnapshot } from '../github/snapshot.ts';
import type { Project } from '../project.ts';
import type { SourceProject } from './create-dashboard-source.ts';

/** Who may waive when there is no default branch to read a policy from. */
const nobody = 'admin';

/** A project, as narrow as the dashboard needs it. */
export function sourceProjectOf({ repository, ledger, rollouts, proposals }: Project): SourceProject {
  return {
    repository,
    ledger,
    rollouts,
    async waivedBy(signal) {
      const branch = await readDefaultBranch(repository, signal);
      if (branch === undefined) return nobody;
      const { policy } = await readPolicy(githubSnapshot(repository, branch.sha, proposals.store), signal);
      return policy.permissions['waive'] ?? nobody;
    },
  };
}
