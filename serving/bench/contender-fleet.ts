import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import { localDriver } from '../drivers/local.ts';
import type { Action, ModelTarget, RevisionTarget } from '../fleet.ts';
import { type StartedFleet, startFleet } from '../start-fleet.ts';
import type { Contender, Served, Started } from './contender.ts';

export interface FleetSettings {
  readonly replicas: number;
  readonly log: boolean;
}

/** A fleet that is up, with what a bench or a soak does to it. */
export interface BenchFleet extends Started {
  readonly url: string;
  readonly adminUrl: string;
  readonly driver: ReturnType<typeof localDriver>;
  /** Gives a model's arms these shares (version -> percentage), the first being the stable one. */
  turn(model: string, shares: Readonly<Record<string, number>>): Promise<void>;
}

const READY_LIMIT_MS = 180_000;
const LOOK_AGAIN_MS = 50;
export const VERSIONS = ['1.0.0', '2.0.0'] as const;
const SHARES = { '1.0.0': 90, '2.0.0': 10 } as const;

/**
 * Our fleet as it is served in earnest: metrics on, two revisions of each model that share its callers 90 to 10 by the header `x-user-id`, gRPC on.
 * Both compute the same, so that every answer can be checked.
 */
export function fleetContender(name: string, settings: FleetSettings): Contender {
  return { name, start: (served) => startBenchFleet(served, settings) };
}

export async function startBenchFleet(served: readonly Served[], settings: FleetSettings): Promise<BenchFleet> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-fleet-'));
  const fleet = await startFleet({
    folder,
    port: 0,
    adminPort: 0,
    grpcPort: 0,
    args: settings.log ? [] : ['--no-log'],
  });
  const stop = async (): Promise<void> => {
    await fleet.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { ...(await filled(fleet, served, settings)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function filled(
  fleet: StartedFleet,
  served: readonly Served[],
  { replicas }: FleetSettings,
): Promise<Omit<BenchFleet, 'stop'>> {
  const driver = localDriver({ adminUrl: fleet.adminUrl });
  const revisions = served.map((each) => ({ each, targets: VERSIONS.map((version) => revisionOf(each, version)) }));
  const apply = async (action: Action, bytes: Uint8Array = new Uint8Array()): Promise<void> => {
    const source = async () =>
      (async function* () {
        yield bytes;
      })();
    const applied = await driver.apply(action, source, AbortSignal.timeout(READY_LIMIT_MS));
    if (applied.kind !== 'applied')
      throw new Error(`the fleet did not take ${action.kind}: ${JSON.stringify(applied)}`);
  };
  const turn = async (model: string, shares: Readonly<Record<string, number>>): Promise<void> => {
    const { targets } = revisions.find(({ each }) => each.name === model) ?? { targets: [] };
    const observed = (await driver.observe(AbortSignal.timeout(READY_LIMIT_MS))).models.find(
      (each) => each.model === model,
    );
    const target: ModelTarget = {
      arms: Object.entries(shares).map(([version, weight]) => ({
        revision: targets.find((each) => each.version === version)?.revision ?? '',
        weight,
      })),
      salt: 'bench',
      sticky: { header: 'x-user-id' },
      replicas: { min: replicas, max: replicas, target: 4 },
    };
    await apply({ kind: 'put-model', model, generation: observed?.generation ?? 0, target });
    await settled(driver, model, shares, replicas);
  };
  for (const { each, targets } of revisions) {
    await apply({ kind: 'put-artifact', sha256: sha256Of(each.bytes), sizeBytes: each.bytes.length }, each.bytes);
    for (const target of targets) await apply({ kind: 'put-revision', target });
    await turn(each.name, SHARES);
  }
  const url = new URL(fleet.url);
  const [host = '', port = ''] = fleet.grpc?.split(':') ?? [];
  return {
    pid: fleet.pid,
    url: fleet.url,
    adminUrl: fleet.adminUrl,
    driver,
    http: { host: url.hostname, port: Number(url.port) },
    grpc: { host, port: Number(port) },
    turn,
  };
}

async function settled(
  driver: ReturnType<typeof localDriver>,
  model: string,
  shares: Readonly<Record<string, number>>,
  replicas: number,
): Promise<void> {
  const limit = performance.now() + READY_LIMIT_MS;
  for (;;) {
    const observed = await driver.observe(AbortSignal.timeout(READY_LIMIT_MS));
    const found = observed.models.find((each) => each.model === model);
    const failed = found?.revisions.find(({ state }) => state === 'failed');
    if (failed !== undefined) throw new Error(`${model} ${failed.version} cannot be served: ${failed.reason}`);
    const ready = observed.replicas.filter(({ state, role }) => state === 'ready' && role === 'public').length;
    const turned = Object.entries(shares).every(([version, weight]) => {
      const revision = found?.revisions.find((each) => each.version === version);
      const effective = found?.effective.find((each) => each.revision === revision?.revision)?.weight ?? 0;
      const everywhere = weight === 0 || (revision?.replicas.length ?? 0) >= replicas;
      return Math.abs(effective - weight) < 0.01 && everywhere;
    });
    if (found !== undefined && turned && ready >= replicas) return;
    if (performance.now() > limit) throw new Error(`${model} was not ready within ${READY_LIMIT_MS} ms`);
    await sleep(LOOK_AGAIN_MS);
  }
}

/** Versions differ in whether unknown inputs are refused, and nobody sends any: another revision of the same file. */
function revisionOf({ model, name, bytes }: Served, version: (typeof VERSIONS)[number]): RevisionTarget {
  const manifest = `apiVersion: slipway/v1
kind: Model
name: ${name}
version: ${version}
artifact: { uri: model.onnx, sha256: ${sha256Of(bytes)} }
${inputsOf(model.input)}outputs: { ${outputsOf(model.output)} }
serving: { maxBatch: ${name === 'mlp' || name === 'trees' ? 64 : 4}${version === VERSIONS[0] ? '' : ', strictInputs: true'} }
evaluation:
  data: { uri: evaluation.parquet, sha256: ${'ab'.repeat(32)} }
  label: y
`;
  const parsed = parseManifest(manifest, `models/${name}/model.yaml`);
  if (parsed.kind === 'refused') throw new Error(parsed.problems.map(({ reason }) => reason).join('; '));
  const { artifact } = parsed.loaded.specification;
  return {
    model: name,
    version,
    revision: parsed.loaded.revision,
    manifest,
    files: { [artifact.uri]: artifact.sha256 },
    selfTests: [],
    provenance: { approvals: [], checks: [], unchecked: true },
  };
}

/** Numbers of a row as columns of their own, as tables have them, so that records can be sent, too. */
export function columnsOf({ datatype, shape: [size, ...more] }: Served['model']['input']): readonly string[] {
  if (datatype !== 'FP32' || more.length > 0) return [];
  return Array.from({ length: size ?? 0 }, (_, index) => `c${index}`);
}

function inputsOf(input: Served['model']['input']): string {
  const columns = columnsOf(input);
  return columns.length === 0 ? '' : `inputs: [{ name: ${input.name}, columns: [${columns.join(', ')}] }]\n`;
}

function outputsOf({ name, size }: Served['model']['output']): string {
  if (size === 1) return `task: regression, score: { output: ${name} }`;
  if (size === 2) return `task: binary, score: { output: ${name}, index: 1 }`;
  return `task: multiclass, score: { output: ${name} }, classes: [${Array.from({ length: size }, (_, k) => k).join(', ')}]`;
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
