import type { Policy } from '../../checks/manifest/policy.ts';
import type { ObservedModel } from '../../serving/fleet.ts';
import type { FleetWriter } from './fleet-writer.ts';
import type { GithubSide } from './github-side.ts';
import { stateOf } from './model-state.ts';

/** Between two looks at an open revert: at first often, since people wait for it. */
const LOOK_MS = 2_000;
const SLOW_LOOK_MS = 30_000;
const SLOW_AFTER_MS = 300_000;

export type RevertWatch = (
  model: string,
  observed: ObservedModel | undefined,
  policy: Pick<Policy, 'revert'>,
  signal: AbortSignal,
) => Promise<boolean>;

/**
 * Looks at the pull request that a hold waits for. Merges it once it is green, where the policy says `merge` (`auto-merge` acts as
 * `propose`); notices when somebody merged or closed it, and says what closing means. True when the state changed.
 */
export function createRevertWatch(parts: {
  readonly github: Pick<GithubSide, 'pullRequest' | 'mergeWhenGreen' | 'comment'>;
  readonly writer: FleetWriter;
  readonly clock: () => Date;
}): RevertWatch {
  const { github, writer, clock } = parts;
  const lookedAt = new Map<string, number>();
  return async (model, observed, policy, signal) => {
    const hold = stateOf(observed)?.hold;
    const revert = hold?.revert;
    if (hold === undefined || revert?.state !== 'open') return false;
    const now = clock().getTime();
    const intervalMs = now - Date.parse(hold.since) > SLOW_AFTER_MS ? SLOW_LOOK_MS : LOOK_MS;
    if (now - (lookedAt.get(model) ?? 0) < intervalMs) return false;
    lookedAt.set(model, now);
    const found = await github.pullRequest(revert.number, signal);
    if (found?.state === 'open') {
      if (policy.revert !== 'merge') return false;
      return (await github.mergeWhenGreen({ number: revert.number, headSha: found.headSha }, signal)) === 'merged';
    }
    const state = found?.state === 'merged' ? 'merged' : 'closed';
    if (state === 'closed')
      await github.comment(revert.number, `${model}/${hold.since}/revert-closed`, closedText(model), signal);
    await writer.rewrite(
      model,
      (kept) => (kept.hold === undefined ? kept : { ...kept, hold: { ...kept.hold, revert: { ...revert, state } } }),
      signal,
    );
    return true;
  };
}

function closedText(model: string): string {
  return `Closed unmerged: **${model}** stays held, and git and the fleet differ. The hold ends when git names what runs, or something newer that passes its checks; \`/unhold ${model} because …\` rolls git's version out again.`;
}
