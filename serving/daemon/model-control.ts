import type { ObservedModel } from '../fleet.ts';
import { parseJson } from '../protocol/lossless.ts';
import { Refusal, described } from '../protocol/refusal.ts';
import type { Question, Told } from '../replica/messages.ts';
import type { FleetDaemon } from './fleet-daemon.ts';

/**
 * Loading and unloading by callers, as Triton's model repository extension has it
 * (https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_repository.md), for fleets that were started with
 * `--model-control`. What can be loaded is what the fleet knows: models come by the admin API. An unloaded model gets no request and takes no memory;
 * a restart does not bring it back. Resolves when the model can be asked, or no replica has it any more.
 */
export async function controlModel(
  daemon: FleetDaemon,
  { action, model, body }: Extract<Question, { readonly kind: 'control' }>,
): Promise<Told> {
  const parameters = parametersOf(body);
  const known = daemon.modelOf(model)?.target !== undefined;
  if (action === 'unload') {
    const unknown = Object.keys(parameters).filter((name) => name !== 'unload_dependents');
    if (unknown.length > 0)
      throw new Refusal(400, `unload takes the parameter unload_dependents, found ${unknown.join(', ')}`);
    // As Triton: what is not there is unloaded already.
    if (known) await daemon.setLoaded(model, false, undefined);
    return DONE;
  }
  if (!known) throw new Refusal(500, `failed to load '${model}', failed to poll from model repository`);
  const failure = await daemon.setLoaded(model, true, versionOf(model, parameters, daemon));
  if (failure !== undefined) throw new Refusal(500, `failed to load '${model}', ${failure}`);
  return DONE;
}

/** How far a model has come that is being loaded or unloaded. `failure`: why one of its arms never will. */
export function loadingOf(model: ObservedModel | undefined): {
  readonly failure: string | undefined;
  readonly isReady: boolean;
  readonly isAsked: boolean;
} {
  const { effective = [], arms = [], revisions = [] } = model ?? {};
  const found = arms.map(({ revision, weight }) => ({
    weight,
    observed: revisions.find((each) => each.revision === revision),
  }));
  return {
    failure: found.find(({ observed }) => observed?.state === 'failed')?.observed?.reason,
    isReady: found.every(({ weight, observed }) => weight === 0 || observed?.state === 'ready'),
    isAsked: effective.some(({ weight }) => weight > 0),
  };
}

const DONE: Told = { status: 200, contentType: 'application/json', body: '' };

type Parameters = Readonly<Record<string, unknown>>;

function parametersOf(body: string): Parameters {
  if (body.trim() === '') return {};
  const parsed = parseJson(body, 'the request body');
  const parameters = isRecord(parsed) ? (parsed['parameters'] ?? {}) : undefined;
  if (!isRecord(parameters))
    throw new Refusal(400, `the request body must be {"parameters": {…}}, found ${described(parsed)}`);
  return parameters;
}

/**
 * The revision of the one version that `config` names in its version policy, which then gets every request; undefined: the arms stay as they are. Nothing else
 * of a configuration can be changed by a caller: the manifest has it.
 */
function versionOf(model: string, parameters: Parameters, daemon: FleetDaemon): string | undefined {
  const other = Object.keys(parameters).filter((name) => name !== 'config');
  if (other.length > 0)
    throw new Refusal(400, `load takes the parameter config, found ${other.join(', ')}: files come by the admin API`);
  const { config } = parameters;
  if (config === undefined) return undefined;
  const parsed = typeof config === 'string' ? parseJson(config, 'the parameter config') : undefined;
  const version =
    isRecord(parsed) && Object.keys(parsed).length === 1 ? onlyVersionOf(parsed['version_policy']) : undefined;
  if (version === undefined)
    throw new Refusal(
      400,
      `the parameter config may say which version is served, {"version_policy":{"specific":{"versions":["1.0.0"]}}}, and nothing else`,
    );
  const found = daemon.modelOf(model)?.revisions.findLast(({ target }) => target.version === version);
  if (found === undefined)
    throw new Refusal(
      400,
      `at least one version must be available under the version policy of model '${model}': ${version} is not known here`,
    );
  return found.target.revision;
}

function onlyVersionOf(policy: unknown): string | undefined {
  const specific = isRecord(policy) ? policy['specific'] : undefined;
  const versions = isRecord(specific) ? specific['versions'] : undefined;
  if (!Array.isArray(versions) || versions.length !== 1) return undefined;
  const version: unknown = versions[0];
  return typeof version === 'string' || typeof version === 'number' ? String(version) : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
