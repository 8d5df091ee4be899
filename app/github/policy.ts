import type { Policy } from '../../checks/manifest/policy.ts';
import { defaultPolicy, parsePolicy, policyPath } from '../../checks/manifest/parse-policy.ts';
import type { Problem } from '../../checks/manifest/problem.ts';
import type { Snapshot } from '../../checks/snapshot.ts';

export interface ReadPolicy {
  /** The default policy when there is no file, or when the file has problems. */
  readonly policy: Policy;
  /** Why the file could not be taken: then nothing is let through by it, and people are told. */
  readonly problems: readonly Problem[];
}

/** The repository's policy. `base` is the default branch, never a proposal: nobody loosens a rule in the change it forbids. */
export async function readPolicy(base: Snapshot, signal?: AbortSignal): Promise<ReadPolicy> {
  const bytes = await base.read(policyPath, signal);
  if (bytes === undefined) return { policy: defaultPolicy, problems: [] };
  const parsed = parsePolicy(Buffer.from(bytes).toString('utf8'), policyPath);
  return parsed.kind === 'parsed'
    ? { policy: parsed.loaded.policy, problems: [] }
    : { policy: defaultPolicy, problems: parsed.problems };
}
