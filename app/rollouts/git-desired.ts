import type { Policy } from '../../checks/manifest/policy.ts';
import type { Provenance } from '../../serving/fleet.ts';
import { readPolicy } from '../github/policy.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { desiredAt, type DesiredModel, type DesiredModels, desiredModels } from './desired-models.ts';
import type { GitSide } from './github-side.ts';
import type { Past } from './past.ts';

export interface GitDesiredParts {
  readonly repository: string;
  readonly github: GitSide;
  readonly ledger: Ledger;
  readonly clock: () => Date;
  readonly log: (message: string, error?: unknown) => void;
}

/** What git names, now and at earlier times. */
export interface GitDesired {
  /** The default branch's models; undefined for an empty repository. Parsed once a commit. */
  now(signal: AbortSignal): Promise<DesiredModels | undefined>;
  /** As of the last look. */
  known(): DesiredModels | undefined;
  provenanceOf(
    desired: DesiredModel,
    checks: Pick<Provenance, 'checks' | 'unchecked'>,
    signal: AbortSignal,
  ): Promise<Provenance>;
  /** A revision that was production once, read from the commit that brought it; undefined when git has it no longer. */
  ofPast(
    past: Past,
    model: string,
    policy: Policy,
    signal: AbortSignal,
  ): Promise<(DesiredModel & { readonly provenance: Provenance }) | undefined>;
  /** Manifests that are there when the App first looks are taken as they are, and recorded as unchecked; happens once. */
  adopt(desired: DesiredModels, signal: AbortSignal): Promise<void>;
}

export function createGitDesired({ repository, github, ledger, clock, log }: GitDesiredParts): GitDesired {
  let known: DesiredModels | undefined;
  let isAdopted = false;

  const provenanceOf: GitDesired['provenanceOf'] = async (desired, checks, signal) => {
    const branch = await github.defaultBranch(signal);
    if (branch === undefined) throw new Error(`${repository} has no default branch any more`);
    const origin = await github.originOf(desired.loaded.folder, branch.sha, signal);
    return {
      repository,
      commit: origin.commit,
      ...(origin.pullRequest === undefined ? {} : { pullRequest: origin.pullRequest.number }),
      approvals: origin.pullRequest?.approvals ?? [],
      ...checks,
    };
  };

  const writeAdoption = async (desired: DesiredModels, signal: AbortSignal): Promise<void> => {
    const { lines } = await ledger.read(signal);
    const key = `adopted/${repository}`;
    if (lines.some((line) => line.key === key)) return;
    const at = clock().toISOString();
    // One that was proposed and judged meanwhile is not unchecked.
    const isJudged = ({ tree }: DesiredModel) =>
      lines.some((line) => line.kind === 'checked' && line.data?.['tree'] === tree);
    const models = [...desired.models.values()].filter((model) => !isJudged(model));
    const events = await Promise.all(
      models.map(async (model) => {
        const { commit } = await provenanceOf(model, { checks: [] }, signal);
        const { manifest, revision } = model.loaded;
        return {
          kind: 'adopted' as const,
          key: `${key}/${manifest.name}`,
          at,
          actor: 'slipway',
          model: manifest.name,
          version: manifest.version,
          revision,
          ...(commit === undefined ? {} : { commit }),
          because: 'it was on the default branch when Slipway was installed; nothing was checked',
          data: { tree: model.tree },
        };
      }),
    );
    const marker = { kind: 'adopted' as const, key, at, actor: 'slipway', commit: desired.commit };
    await ledger.append([...events, { ...marker, data: { models: models.length } }], signal);
  };

  return {
    provenanceOf,
    known: () => known,
    async now(signal) {
      const branch = await github.defaultBranch(signal);
      if (branch === undefined) return undefined;
      if (known?.commit === branch.sha) return known;
      const snapshot = github.snapshot(branch.sha);
      const { policy, problems } = await readPolicy(snapshot, signal);
      for (const { reason } of problems) log(`the policy at ${branch.sha} is not taken: ${reason}`);
      known = await desiredModels(snapshot, policy, signal);
      for (const reason of known.unreadable.values()) log(`not taken from ${branch.sha}: ${reason}`);
      return known;
    },
    async ofPast(past, model, policy, signal) {
      const path = known?.models.get(model)?.loaded.path ?? `models/${model}/model.yaml`;
      const found = await desiredAt(github.snapshot(past.commit), path, policy, signal);
      if (found === undefined || typeof found === 'string' || found.loaded.revision !== past.revision) return undefined;
      const provenance: Provenance = {
        repository,
        commit: past.commit,
        ...(past.pullRequest === undefined ? {} : { pullRequest: past.pullRequest }),
        approvals: [],
        checks: [],
      };
      return { ...found, provenance };
    },
    async adopt(desired, signal) {
      if (isAdopted) return;
      await writeAdoption(desired, signal);
      isAdopted = true;
    },
  };
}
