import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { localDriver } from '../drivers/local.ts';
import type { Action, Applied, Arm, ModelTarget, ObservedModel, RevisionTarget } from '../fleet.ts';
import { type FleetOptions, type StartedFleet, startFleet } from '../start-fleet.ts';

const LIMIT_MS = 60_000;
const LOOK_AGAIN_MS = 20;

/** A real fleet in a folder of its own, for tests: what a control plane does to it, in few words. */
export interface TestFleet {
  readonly driver: ReturnType<typeof localDriver>;
  readonly url: string;
  readonly adminUrl: string;
  readonly grpc: string | undefined;
  readonly folder: string;
  readonly pid: number;
  /** Brings revisions with their files. */
  bring(files: ReadonlyMap<string, Uint8Array>, ...revisions: readonly RevisionTarget[]): Promise<void>;
  /** Turns a model to these arms, whatever its generation. */
  turn(model: string, arms: readonly Arm[], more?: Partial<ModelTarget>): Promise<Applied>;
  apply(action: Action): Promise<Applied>;
  find(model: string): Promise<ObservedModel>;
  renew(model: string, seconds: number): Promise<Applied>;
  /** Looks again until it holds. */
  until(what: string, holds: () => Promise<boolean>): Promise<void>;
  ready(model: string, revision: string): Promise<void>;
  predict(model: string, record: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  infer(model: string, body: unknown): Promise<Response>;
  /** SIGKILL to the daemon. */
  kill(): Promise<void>;
  /** Starts the daemon anew on the same folder and ports. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function openTestFleet(options: Partial<FleetOptions> = {}): Promise<TestFleet> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-fleet-'));
  let started: StartedFleet = await startFleet({ folder, port: 0, adminPort: 0, ...options });
  const { url, adminUrl } = started;
  const driver = localDriver({ adminUrl, ...(options.adminToken === undefined ? {} : { token: options.adminToken }) });
  const signal = AbortSignal.timeout(4 * LIMIT_MS);
  const noBytes = async (sha256: string): Promise<AsyncIterable<Uint8Array>> => {
    throw new Error(`nobody has ${sha256}`);
  };
  const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(LIMIT_MS),
    });
  const fleet: TestFleet = {
    driver,
    url,
    adminUrl,
    grpc: started.grpc,
    folder,
    get pid() {
      return started.pid;
    },
    apply: (action) => driver.apply(action, noBytes, signal),
    async bring(files, ...revisions) {
      for (const target of revisions) {
        for (const sha256 of new Set(Object.values(target.files))) {
          const bytes = files.get(sha256);
          if (bytes === undefined) throw new Error(`no file ${sha256}`);
          const source = async () =>
            (async function* () {
              yield bytes;
            })();
          await expectApplied(driver.apply({ kind: 'put-artifact', sha256, sizeBytes: bytes.length }, source, signal));
        }
        await expectApplied(fleet.apply({ kind: 'put-revision', target }));
      }
    },
    async turn(model, arms, more = {}) {
      const observed = (await driver.observe(signal)).models.find((each) => each.model === model);
      const target: ModelTarget = { arms, salt: 'salt', replicas: { min: 1, max: 4, target: 4 }, ...more };
      return fleet.apply({ kind: 'put-model', model, generation: observed?.generation ?? 0, target });
    },
    async find(model) {
      const observed = (await driver.observe(signal)).models.find((each) => each.model === model);
      if (observed === undefined) throw new Error(`${model} is not observed`);
      return observed;
    },
    async renew(model, seconds) {
      const { generation } = await fleet.find(model);
      return fleet.apply({ kind: 'renew-lease', model, generation, seconds });
    },
    async until(what, holds) {
      const limit = performance.now() + LIMIT_MS;
      while (!(await holds())) {
        if (performance.now() > limit) throw new Error(`never true: ${what}`);
        await sleep(LOOK_AGAIN_MS);
      }
    },
    ready: (model, revision) =>
      fleet.until(`${revision} of ${model} is ready`, async () => {
        const found = (await fleet.find(model)).revisions.find((each) => each.revision === revision);
        if (found?.state === 'failed') throw new Error(`${revision} failed: ${found.reason}`);
        return found?.state === 'ready';
      }),
    predict: (model, record, headers) => post(`/v1/models/${model}:predict`, { instances: [record] }, headers),
    infer: (model, body) => post(`/v2/models/${model}/infer`, body),
    kill: () => started.kill(),
    async restart() {
      started = await startFleet({
        folder,
        ...options,
        port: Number(new URL(url).port),
        adminPort: Number(new URL(adminUrl).port),
      });
    },
    async close() {
      await started.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return fleet;
}

async function expectApplied(applying: Promise<Applied>): Promise<void> {
  const applied = await applying;
  if (applied.kind !== 'applied') throw new Error(JSON.stringify(applied));
}
