import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { benchModels } from './bench-models.ts';
import type { SoakResult } from './bench-report.ts';
import { casesOf, grpcRequests } from './bench-requests.ts';
import { type BenchFleet, startBenchFleet } from './contender-fleet.ts';
import type { Served } from './contender.ts';
import { type LoadGenerator, startLoadGenerator } from './load-generator.ts';
import type { LoadJob, LoadResult } from './load-job.ts';
import { REPLICA } from './measured.ts';
import { usageOf } from './process-usage.ts';
import { DATA, reportIn, writeDocument } from './report-files.ts';
import { soakSection } from './soak-document.ts';
import { MemoryWatch } from './soak-memory.ts';
import { mixedRequests } from './soak-requests.ts';

/**
 * `npm run soak -- [--minutes 20] [--share 0.8] [--replicas 2] [--calm] [--write]`
 *
 * A fleet under a mix of requests in an open loop at a share of its capacity, with a promotion, a rollback and the death of a replica in the first half (`--calm`: without
 * them). Exit status 1 when memory still climbs over the last half, or a request failed that should not have. `--write` writes docs/performance.md.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    share: { type: 'string', default: '0.8' },
    replicas: { type: 'string', default: '2' },
    calm: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const [MINUTES, SHARE, REPLICAS] = [Number(values.minutes), Number(values.share), Number(values.replicas)];

const CONNECTIONS = 64;
const WARM_UP_SECONDS = 5;
const CAPACITY_SECONDS = 10;
const LIMIT_MS = 10_000;
/** So that a replica that has come anew gets its share of the callers. */
const PER_CONNECTION = 1000;
/** gRPC is a small part of it, on connections of its own. */
const GRPC_SHARE = 0.02;
const LOOK_EVERY_MS = 2000;
const MS_PER_MINUTE = 60_000;
const MODEL = 'mlp';
const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function main(): Promise<void> {
  const model = benchModels[MODEL];
  const bytes = model.bytes();
  const served: Served = { model, name: MODEL, file: '', bytes, cases: await casesOf(model, bytes) };
  const fleet = await startBenchFleet([served], { replicas: REPLICAS, log: true });
  const generators = [await startLoadGenerator(), await startLoadGenerator()] as const;
  try {
    const soak = await soaked(fleet, served, generators);
    process.stdout.write(`${soakSection(soak).join('\n')}\n`);
    if (values.write) await writeDocument({ ...(await reportIn(DATA)), soak });
    if (soak.failed > 0 || soak.processes.some(({ climbs }) => climbs)) process.exitCode = 1;
  } finally {
    await Promise.all(generators.map((generator) => generator.stop()));
    await fleet.stop();
  }
}

async function soaked(
  fleet: BenchFleet,
  served: Served,
  [http, grpc]: readonly [LoadGenerator, LoadGenerator],
): Promise<SoakResult> {
  if (fleet.http === undefined || fleet.grpc === undefined)
    throw new Error('the fleet speaks HTTP and gRPC, or it cannot be soaked');
  const job: LoadJob = {
    protocol: 'http',
    ...fleet.http,
    requests: mixedRequests(served, fleet.http),
    connections: CONNECTIONS,
    inFlight: 1,
    perConnection: PER_CONNECTION,
    warmUpSeconds: WARM_UP_SECONDS,
    seconds: CAPACITY_SECONDS,
    limitMs: LIMIT_MS,
  };
  const capacity = await http.run(job);
  say(
    `capacity: ${Math.round(capacity.perSecond)} requests/s of the mix at ${CONNECTIONS} connections; ${told(capacity)}`,
  );
  const rate = Math.round(SHARE * capacity.perSecond);
  const at = new Date().toISOString();
  const watch = new MemoryWatch(fleet.pid, LOOK_EVERY_MS);
  const seconds = (MINUTES * MS_PER_MINUTE) / 1000;
  const grpcRate = Math.max(1, Math.round(GRPC_SHARE * rate));
  const long = { warmUpSeconds: 0, seconds };
  const [mixed, calls, happenings] = await Promise.all([
    http.run({ ...job, ...long, open: { perSecond: rate - grpcRate, seed: 1 } }),
    grpc.run({
      ...job,
      ...long,
      protocol: 'grpc',
      ...fleet.grpc,
      requests: grpcRequests(served.model, served.cases),
      connections: 2,
      inFlight: 8,
      open: { perSecond: grpcRate, seed: 2 },
    }),
    values.calm ? Promise.resolve([]) : happen(fleet),
  ]);
  const processes = await watch.judged();
  return {
    at,
    minutes: MINUTES,
    capacityPerSecond: capacity.perSecond,
    ratePerSecond: rate,
    happenings,
    processes,
    ...outcome(mixed, calls, happenings.length > 0),
  };
}

/** In the first half, so that the last shows what memory does once all of it is over. */
async function happen(fleet: BenchFleet): Promise<readonly string[]> {
  const told: string[] = [];
  const step = async (what: string, deed: () => Promise<unknown>): Promise<void> => {
    await sleep((MINUTES * MS_PER_MINUTE) / 10);
    const started = performance.now();
    await deed();
    const minute = (MINUTES * (told.length + 1)) / 10;
    told.push(`minute ${minute.toFixed(1)}: ${what}, in ${Math.round(performance.now() - started)} ms`);
    say(told.at(-1) ?? '');
  };
  await step('2.0.0 promoted', () => fleet.turn(MODEL, { '2.0.0': 100 }));
  await step('rolled back to 1.0.0', () => fleet.turn(MODEL, { '1.0.0': 100 }));
  await step('2.0.0 a candidate again with 10 %', () => fleet.turn(MODEL, { '1.0.0': 90, '2.0.0': 10 }));
  await step('a replica killed', async () => {
    const replica = (await usageOf(fleet.pid))?.processes.find(({ command }) => REPLICA.test(command));
    if (replica === undefined) throw new Error('there is no replica to kill');
    process.kill(replica.pid, 'SIGKILL');
  });
  return told;
}

/** Requests that were under way on a replica that was killed are lost with it, and no others. */
function outcome(
  mixed: LoadResult,
  calls: LoadResult,
  killed: boolean,
): Pick<SoakResult, 'answered' | 'failed' | 'failures' | 'p50Ms' | 'p99Ms' | 'lostWithReplica'> {
  const all = [mixed, calls].flatMap(({ errors }) => Object.entries(errors));
  const lost = all.filter(([kind]) => killed && kind === 'connection').reduce((sum, [, { count }]) => sum + count, 0);
  const allowed = Math.min(lost, CONNECTIONS + 16);
  const unsent = (mixed.unsent ?? 0) + (calls.unsent ?? 0);
  return {
    answered: mixed.answered + calls.answered,
    failed: mixed.failed + calls.failed - allowed + (unsent > CONNECTIONS ? unsent : 0),
    failures: [
      ...all.map(([kind, { count, first }]) => `${count} × ${kind}, ${first}`),
      ...(unsent > CONNECTIONS ? [`${unsent} not sent by the end: it did not keep up`] : []),
    ],
    lostWithReplica: allowed,
    p50Ms: mixed.latencyMs.p50,
    p99Ms: mixed.latencyMs.p99,
  };
}

function told({ failed, errors }: LoadResult): string {
  return failed === 0 ? 'all answered' : `${failed} failed: ${Object.values(errors)[0]?.first ?? ''}`;
}

await main();
