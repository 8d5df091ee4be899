import type { Intake, PlacePayload } from './intake.ts';
import { placeOf } from './intake.ts';
import { actions } from './proposals/check-run-output.ts';
import { pullRequestOfRun } from './proposals/proposal-runs.ts';

interface Payload extends PlacePayload {
  readonly action: string;
  readonly check_run: { readonly id: number; readonly name: string; readonly external_id: string | null };
  readonly requested_action?: { readonly identifier?: string } | undefined;
  readonly sender: { readonly login: string };
}

/** Re-run from GitHub's own page, or one of the buttons that Slipway puts on a check run. */
export function onCheckRun(payload: Payload, intake: Pick<Intake, 'proposal' | 'button'>): void {
  const place = placeOf(payload);
  const { id, name, external_id } = payload.check_run;
  const pullRequest = pullRequestOfRun(external_id ?? '');
  if (pullRequest === undefined) return;
  if (payload.action === 'rerequested') return intake.proposal(place, pullRequest, 'fresh');
  if (payload.action !== 'requested_action') return;
  const identifier = payload.requested_action?.identifier;
  if (identifier === actions.reRun.identifier) return intake.proposal(place, pullRequest, 'fresh');
  if (identifier === actions.waive.identifier || identifier === actions.explain.identifier)
    intake.button(place, { identifier, pullRequest, checkRun: id, name, by: payload.sender.login });
}
