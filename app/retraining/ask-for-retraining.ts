import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import type { LoadedManifest } from '../../checks/manifest/manifest.ts';
import type { PullRequest } from '../github/pull-requests.ts';
import type { Repository } from '../github/request.ts';
import { lookAtProposal, readProposal } from '../proposals/look-at-proposal.ts';
import type { LookParts, Proposal } from '../proposals/look-at-proposal.ts';
import type { Outcome } from '../rollouts/rollouts.ts';
import { RETRAIN_WORKFLOW, retrainable, runOf, startRetraining } from './retraining.ts';

/** `/retrain MODEL` under a proposal. */
export async function askForRetraining(
  parts: LookParts,
  asked: { readonly number: number; readonly model: string },
  signal: AbortSignal,
): Promise<Outcome> {
  const pull = await readProposal(parts.repository, asked.number, signal);
  if (pull === undefined) return refused('`/retrain` is for an open pull request into the default branch.');
  const fork = forkOf(pull, parts.repository);
  if (fork !== undefined) return refused(forkText(fork));
  const look = await lookAtProposal(parts, pull, signal);
  if (look.kind === 'unclear') return refused(look.reason);
  const found = await proposedModels(look.proposal, signal);
  const loaded = found.find(({ manifest }) => manifest.name === asked.model);
  if (loaded === undefined) {
    const names = found.map(({ manifest }) => `\`${manifest.name}\``).join(', ');
    return refused(
      `This pull request changes no model \`${asked.model}\` that can be read${names === '' ? '' : `; it changes ${names}`}.`,
    );
  }
  const training = retrainable(loaded);
  if (training === undefined)
    return refused(
      `\`${loaded.path}\` does not say how: it needs \`reproducibility.training.command\`, and \`retrain\` other than \`never\`.`,
    );
  const before = await runOf(parts.repository, pull.headSha, asked.model, signal);
  if (before !== undefined && before.status !== 'completed')
    return refused(`${asked.model} is [being trained](${before.url}) at this commit already.`);
  const started = await startRetraining(parts.repository, pull, loaded, training, signal);
  switch (started.kind) {
    case 'dispatched':
      return {
        kind: 'done',
        text: `${asked.model} is [trained again](${started.url}) in this repository’s Actions; when that has succeeded \`reproducibility\` compares what came out with the artifact.`,
      };
    case 'absent':
      return refused(
        `This repository has no \`.github/workflows/${RETRAIN_WORKFLOW}\` on its default branch, or no Actions. docs/github.md holds one to copy.`,
      );
    case 'refused':
      return refused(`GitHub does not start the training: ${started.reason}`);
  }
}

/** The other repository that a proposal comes from; undefined for a branch of this one. */
export function forkOf({ headRepository }: PullRequest, { owner, repo }: Repository): string | undefined {
  return headRepository?.toLowerCase() === `${owner}/${repo}`.toLowerCase()
    ? undefined
    : (headRepository ?? 'a repository that is gone');
}

function forkText(fork: string): string {
  return `This proposal comes from a fork (${fork}). Training runs with this repository’s own secrets, so it runs only for branches of this repository: push the branch here, or compare by hand with \`slipway check --retrained FILE\`.`;
}

/** The manifests of a proposal that can be read. */
export async function proposedModels(
  { changed, head, policy }: Proposal,
  signal: AbortSignal,
): Promise<readonly LoadedManifest[]> {
  const found: LoadedManifest[] = [];
  for (const { path, kind } of changed) {
    const source = kind === 'removed' ? undefined : await head.read(path, signal);
    if (source === undefined) continue;
    const parsed = parseManifest(Buffer.from(source).toString('utf8'), path, policy);
    if (parsed.kind === 'parsed') found.push(parsed.loaded);
  }
  return found;
}

function refused(text: string): Outcome {
  return { kind: 'refused', text };
}
