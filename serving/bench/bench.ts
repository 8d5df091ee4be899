import { mkdtemp, rm } from 'node:fs/promises';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loansFiles, loansRevision } from '../daemon/loans.fixture.ts';
import { localDriver } from '../drivers/local.ts';
import type { Action } from '../fleet.ts';
import { openSession } from '../model/session.ts';
import type { Tensor } from '../model/tensor.ts';
import { startFleet } from '../start-fleet.ts';
import { runLoad } from './autocannon.ts';

/**
 * `node serving/bench/bench.ts [--seconds 3] [--connections 1,8,64] [--no-log]`: requests a second that one replica answers (V2 JSON, one row,
 * the load from another process on the same machine), beside what the model alone does in this process. Compare ratios of one run, not
 * figures of two.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '1,8,64' },
    'no-log': { type: 'boolean', default: false },
  },
});

const MODEL = 'v2_better';
const revision = loansRevision('1.0.0', MODEL);
const LIMIT_MS = 120_000;
const signal = AbortSignal.timeout(LIMIT_MS + 60_000 * Number(values.seconds));

const FEEDS: readonly (readonly [name: string, tensor: Tensor])[] = [
  ['age', { datatype: 'FP32', shape: [1, 1], data: Float32Array.of(41) }],
  ['income', { datatype: 'FP32', shape: [1, 1], data: Float32Array.of(52_000) }],
  ['debt_ratio', { datatype: 'FP32', shape: [1, 1], data: Float32Array.of(0.31) }],
  ['employment_years', { datatype: 'FP32', shape: [1, 1], data: Float32Array.of(6.5) }],
  ['region', { datatype: 'BYTES', shape: [1, 1], data: ['west'] }],
  ['group', { datatype: 'BYTES', shape: [1, 1], data: ['A'] }],
];
const BODY = JSON.stringify({
  inputs: FEEDS.map(([name, { datatype, shape, data }]) => ({ name, datatype, shape, data: [...data] })),
});

/** Runs of the model a second, one row each, and rows a second in batches of 64. */
async function bare(): Promise<{ readonly single: number; readonly batched: number }> {
  const model = await readFile(new URL(`../../fixtures/loans/models/${MODEL}.onnx`, import.meta.url));
  const session = await openSession({ model });
  const single = await runsPerSecond(session, new Map(FEEDS));
  const rows = 64;
  const batch = new Map(
    FEEDS.map(([name, { datatype, data }]): [string, Tensor] => {
      const values = Array.from({ length: rows }, () => data[0]);
      return [
        name,
        {
          datatype,
          shape: [rows, 1],
          data: datatype === 'BYTES' ? values.map(String) : Float32Array.from(values, Number),
        },
      ];
    }),
  );
  const batched = rows * (await runsPerSecond(session, batch));
  await session.close();
  return { single, batched };
}

async function runsPerSecond(
  session: Awaited<ReturnType<typeof openSession>>,
  feeds: ReadonlyMap<string, Tensor>,
): Promise<number> {
  const seconds = Math.min(2, Number(values.seconds));
  for (let k = 0; k < 200; k++) await session.run(feeds);
  const started = performance.now();
  let runs = 0;
  while (performance.now() - started < seconds * 1000) {
    await session.run(feeds);
    runs += 1;
  }
  return runs / ((performance.now() - started) / 1000);
}

async function main(): Promise<void> {
  const { single, batched } = await bare();
  console.log(
    `session.run alone: ${Math.round(single)} runs/s of one row, ${Math.round(batched)} rows/s in batches of 64`,
  );
  const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
  const fleet = await startFleet({ folder, port: 0, adminPort: 0, args: values['no-log'] ? ['--no-log'] : [] });
  try {
    const driver = localDriver({ adminUrl: fleet.adminUrl });
    const files = loansFiles();
    const apply = (action: Action) =>
      driver.apply(
        action,
        async (sha256) =>
          (async function* () {
            yield files.get(sha256) ?? new Uint8Array();
          })(),
        signal,
      );
    for (const sha256 of Object.values(revision.files)) await apply({ kind: 'put-artifact', sha256, sizeBytes: 0 });
    await apply({ kind: 'put-revision', target: revision });
    const target = {
      arms: [{ revision: revision.revision, weight: 100 }],
      salt: 'bench',
      replicas: { min: 1, max: 1, target: 4 },
    };
    await apply({ kind: 'put-model', model: 'loans', generation: 0, target });
    while ((await driver.observe(signal)).models[0]?.revisions[0]?.state !== 'ready')
      await new Promise((resolve) => setTimeout(resolve, 50));
    const url = `${fleet.url}/v2/models/loans/infer`;
    await runLoad({ url, body: BODY, connections: 8, seconds: 1 });
    for (const connections of values.connections.split(',').map(Number)) {
      const result = await runLoad({ url, body: BODY, connections, seconds: Number(values.seconds) });
      const share = ((100 * result.requestsPerSecond) / single).toFixed(0);
      console.log(
        `${String(connections).padStart(3)} connections: ${Math.round(result.requestsPerSecond)} requests/s (${share} % of session.run), p50 ${result.p50Ms} ms, p99 ${result.p99Ms} ms, ${result.errors + result.non2xx} failed`,
      );
    }
  } finally {
    await fleet.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
