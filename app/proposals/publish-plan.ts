import { putComment } from '../github/comments.ts';
import { listOpenPullRequests } from '../github/pull-requests.ts';
import type { Repository } from '../github/request.ts';
import { checkedOf } from '../ledger/checked.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { modelNameOf } from './changed-models.ts';
import type { Outcome } from './check-proposal.ts';
import type { Proposal } from './look-at-proposal.ts';
import { planComment } from './model-plan.ts';
import type { PlannedModel } from './model-plan.ts';
import { decidingTitle, passedTitle } from './summary.ts';

export const planKey = 'plan';

/** Writes the model plan as the pull request's one comment. A pull request that changes no model gets none. */
export async function publishPlan(
  parts: { readonly repository: Repository; readonly ledger: Ledger },
  proposal: Proposal,
  told: {
    readonly outcomes: readonly Outcome[];
    /** Who approves its head, without those who wrote a part of it. */
    readonly approvals: readonly string[];
    readonly detailsUrl: string | undefined;
  },
  signal: AbortSignal,
): Promise<void> {
  const { pull, policy, changed, base } = proposal;
  if (changed.length === 0) return;
  const { outcomes, approvals, detailsUrl } = told;
  const rivals = await rivalsOf(parts, pull.number, pull.baseRef, signal);
  const judged = outcomes.map(({ verdict, judgement }): PlannedModel => {
    const against = judgement?.production?.version;
    return {
      model: verdict.model,
      ...(verdict.version === undefined ? {} : { version: verdict.version }),
      ...(against === undefined ? {} : { against }),
      rows: judgement?.rows ?? [],
      conclusion: verdict.conclusion,
      title: decidingTitle(verdict) ?? passedTitle(verdict),
      others: rivals.get(verdict.model) ?? [],
    };
  });
  const removed = changed
    .filter(({ kind }) => kind === 'removed')
    .map(({ path }): PlannedModel => {
      const model = modelNameOf(path);
      return { model, rows: [], conclusion: 'success', title: '', others: rivals.get(model) ?? [], removed: true };
    });
  const body = planComment({
    models: [...judged, ...removed],
    headSha: pull.headSha,
    base: base.label,
    approvals,
    ...(detailsUrl === undefined ? {} : { detailsUrl }),
    waivedBy: policy.permissions['waive'] ?? 'nobody',
  });
  await putComment(parts.repository, { issue: pull.number, key: planKey, body }, signal);
}

/** Model -> other open proposals that change it, as far as they were judged. */
export async function rivalsOf(
  parts: { readonly repository: Repository; readonly ledger: Ledger },
  self: number,
  branch: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const [{ lines }, open] = await Promise.all([
    parts.ledger.read(signal),
    listOpenPullRequests(parts.repository, branch, signal),
  ]);
  const heads = new Map(open.map(({ number, headSha }) => [number, headSha]));
  const rivals = new Map<string, Set<number>>();
  for (const { model, pullRequest, commit } of lines.flatMap((line) => checkedOf(line) ?? [])) {
    if (pullRequest === undefined || pullRequest === self || heads.get(pullRequest) !== commit) continue;
    rivals.set(model, (rivals.get(model) ?? new Set()).add(pullRequest));
  }
  return new Map([...rivals].map(([model, numbers]) => [model, [...numbers].toSorted((a, b) => a - b)]));
}
