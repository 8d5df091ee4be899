import { Refusal } from '../protocol/refusal.ts';
import { type DescribedModel, configOf, metadataOf } from '../protocol/model-description.ts';
import { stableArm } from './assign.ts';
import { remoteDescription } from './remote-description.ts';
import { servedVersions } from './serve-call.ts';
import type { LoadedRevision } from './load-revision.ts';
import type { Arm, Table } from './table.ts';

type Tables = ReadonlyMap<string, Table>;

/** The arm that a question about a model means: the one of its version, else the stable one. Throws a Refusal where there is none. */
export function describedArm(
  tables: Tables,
  model: string,
  version: string | undefined,
): { readonly arm: Arm; readonly table: Table } {
  const table = tables.get(model);
  if (table === undefined) throw new Refusal(404, `Request for unknown model: '${model}' is not found`);
  if (version !== undefined && !table.arms.some((candidate) => candidate.version === version))
    throw new Refusal(
      404,
      `Request for unknown model: '${model}' version ${version} is not found; served: ${servedVersions(table).join(', ') || 'none'}`,
    );
  const arm =
    version === undefined
      ? stableArm(table.arms)
      : table.arms.find((candidate) => candidate.version === version && candidate.available);
  if (arm === undefined) throw new Refusal(503, `model '${model}' is not ready`, { retryAfterSeconds: 1 });
  return { arm, table };
}

/** The protocol's metadata of a model, or Triton's configuration: of what this process runs, else as the process says that runs it. */
export async function descriptionOf(
  tables: Tables,
  model: string,
  version: string | undefined,
  what: 'metadata' | 'config',
): Promise<Readonly<Record<string, unknown>>> {
  const { arm, table } = describedArm(tables, model, version);
  if (arm.loaded !== undefined) {
    const described = describedModel(model, arm, arm.loaded, table);
    return what === 'config' ? configOf(described) : metadataOf(described);
  }
  const [socket] = table.order.arms.find(({ revision }) => revision === arm.revision)?.sockets ?? [];
  if (socket === undefined) throw new Refusal(503, `model '${model}' is not ready`, { retryAfterSeconds: 1 });
  const described = await remoteDescription(socket, model, what);
  return what === 'config' ? described : { ...described, versions: [...new Set(servedVersions(table))] };
}

function describedModel(model: string, arm: Arm, loaded: LoadedRevision, table: Table): DescribedModel {
  return {
    name: model,
    version: arm.version,
    revision: arm.revision,
    versions: [...new Set(servedVersions(table))],
    inputs: loaded.session.inputs,
    outputs: loaded.session.outputs,
    maxBatch: loaded.order.specification.serving.maxBatch,
  };
}

/** Models of which no stable arm can answer yet. */
export function waitingModels(tables: Tables): readonly string[] {
  return [...tables]
    .filter(([, { arms, order }]) => order.waits !== 'resting' && stableArm(arms) === undefined)
    .map(([model]) => model);
}

/** Whether a model, or a version of it, can be asked: one that rests can, since asking loads it. Throws a Refusal where it is unknown. */
export function isReady(tables: Tables, model: string, version: string | undefined): boolean {
  const order = tables.get(model)?.order;
  if (order?.waits === 'resting' && order.arms.some((arm) => version === undefined || arm.version === version))
    return true;
  return describedArm(tables, model, version).arm.available;
}
