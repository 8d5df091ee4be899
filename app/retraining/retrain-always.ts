import type { BoundedSet } from '../bounded-set.ts';
import type { PullRequest } from '../github/pull-requests.ts';
import type { Repository } from '../github/request.ts';
import type { Outcome } from '../proposals/check-proposal.ts';
import { forkOf } from './ask-for-retraining.ts';
import { retrainable, runOf, startRetraining } from './retraining.ts';

/**
 * Starts the training of each model whose manifest says `retrain: always`, once a commit. Where it cannot start, `reproducibility` goes on to say
 * that a second training lacks, and `/retrain` says why.
 */
export async function retrainAlways(
  {
    repository,
    retrainingsAsked: asked,
  }: { readonly repository: Repository; readonly retrainingsAsked: BoundedSet<string> },
  pull: PullRequest,
  outcomes: readonly Outcome[],
  signal: AbortSignal,
): Promise<void> {
  if (forkOf(pull, repository) !== undefined) return;
  for (const { judgement } of outcomes) {
    const training = judgement === undefined ? undefined : retrainable(judgement.loaded);
    if (judgement === undefined || training?.retrain !== 'always') continue;
    const { loaded } = judgement;
    const key = `${pull.headSha} ${loaded.manifest.name}`;
    if (asked.has(key)) continue;
    const before = await runOf(repository, pull.headSha, loaded.manifest.name, signal);
    if (before === undefined) {
      const started = await startRetraining(repository, pull, loaded, training, signal);
      if (started.kind !== 'dispatched') continue;
    }
    asked.add(key);
  }
}
