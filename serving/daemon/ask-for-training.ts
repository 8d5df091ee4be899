import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import type { TrainingRequest } from '../fleet.ts';
import { parseJson } from '../protocol/lossless.ts';
import { Refusal, described } from '../protocol/refusal.ts';
import { newIdentifier } from '../replica/identifier.ts';
import type { FleetDaemon } from './fleet-daemon.ts';

/** A wish that was taken so lately is the same one: a model is not trained by every caller's retry. */
const SAME_WISH_MS = 600_000;
const MOST_CHARACTERS = 500;

/**
 * `POST /v1/models/{model}:retrain`: writes the wish down, where the control plane finds it at its next look and starts the model's own workflow. The fleet
 * itself trains nothing. Asked again within ten minutes it is the same wish. Throws a Refusal: 404 for an unknown model, 422 where its manifest names no
 * workflow.
 */
export async function askForTraining(
  daemon: FleetDaemon,
  model: string,
  text: string,
  nowMs: number,
): Promise<unknown> {
  const because = reasonOf(text);
  const stored = daemon.modelOf(model);
  const [stable] = stored?.target?.arms ?? [];
  if (stored === undefined || stable === undefined)
    throw new Refusal(404, `Request for unknown model: '${model}' is not found`);
  const revision = stored.revisions.find(({ target }) => target.revision === stable.revision)?.target;
  const parsed = parseManifest(revision?.manifest ?? '', `models/${model}/model.yaml`);
  const workflow = parsed.kind === 'parsed' ? parsed.loaded.manifest.lifetime?.retrain?.workflow : undefined;
  if (workflow === undefined)
    throw new Refusal(
      422,
      `the manifest of ${model} ${revision?.version ?? ''} names no workflow to train it by: it needs lifetime: { retrain: { workflow: FILE.yml } }`,
    );
  const before = stored.retrain;
  const isSame = before !== undefined && nowMs - Date.parse(before.at) < SAME_WISH_MS;
  const request: TrainingRequest = isSame
    ? before
    : {
        id: newIdentifier(nowMs),
        at: new Date(nowMs).toISOString(),
        ...(because === undefined ? {} : { because }),
      };
  if (!isSame) await daemon.noteTraining(model, request);
  const repository = revision?.provenance.repository;
  return { ...request, model, workflow, ...(repository === undefined ? {} : { repository }) };
}

function reasonOf(text: string): string | undefined {
  const body = text.trim() === '' ? {} : parseJson(text, 'the request body');
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Refusal(400, `the request body must be {"because": "…"} or empty, found ${described(body)}`);
  const unknown = Object.keys(body).filter((key) => key !== 'because');
  if (unknown.length > 0) throw new Refusal(400, `the request holds "${unknown.join('", "')}"; known: because`);
  const because: unknown = 'because' in body ? body.because : undefined;
  if (because === undefined) return undefined;
  if (typeof because !== 'string' || because.trim() === '' || because.length > MOST_CHARACTERS)
    throw new Refusal(
      400,
      `because must be text of at most ${MOST_CHARACTERS} characters, found ${described(because)}`,
    );
  return because;
}
