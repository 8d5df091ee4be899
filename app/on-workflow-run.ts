import type { Intake, PlacePayload } from './intake.ts';
import { placeOf } from './intake.ts';
import { RETRAIN_WORKFLOW } from './retraining/retraining.ts';

interface Payload extends PlacePayload {
  readonly workflow_run: { readonly path: string; readonly head_sha: string };
}

/** A training that was asked for has ended; which run it was, and how, is looked up. */
export function onWorkflowRun(payload: Payload, intake: Pick<Intake, 'trained'>): void {
  const { path, head_sha: headSha } = payload.workflow_run;
  // GitHub writes `.github/workflows/x.yml`, with `@ref` behind it where another workflow called it.
  if (path.split('@')[0]?.endsWith(`/${RETRAIN_WORKFLOW}`) === true) intake.trained(placeOf(payload), headSha);
}
