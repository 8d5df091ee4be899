import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../checks/stats/seeded-random.ts';
import { awkwardRevision, loansFiles, loansRevision } from '../daemon/loans.fixture.ts';
import { type TestFleet, openTestFleet } from '../daemon/test-fleet.ts';
import { INPUTS, RECORD } from './malformed-requests.ts';
import { type MutatedFrames, heardFrames, mutatedFrames } from './mutated-frames.ts';
import { type MutatedRequest, type Seed, mutatedRequest } from './mutated-request.ts';
import { NotHttp, type RawAnswer, RawConnection } from './raw-connection.ts';

const usage = `npm run fuzz -- [--seconds 60] [--seed N] [--connections 8]

Sends a real fleet requests that are wrong in many ways at once, over raw sockets, HTTP and gRPC, while another caller goes on asking as it should. Exit status 1
when the fleet answers with something that is not HTTP, or no frames of HTTP/2, or with a status or body that is not specified, when a process ends, when memory does
not stay flat, or when the other caller notices anything. The same seed sends the same requests.`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    connections: { type: 'string', default: '8' },
    help: { type: 'boolean', default: false },
  },
});

/** All that docs/serving.md names, and what node:http says of broken requests. */
const STATUSES = new Set([200, 400, 401, 403, 404, 405, 408, 413, 415, 417, 422, 429, 431, 500, 503]);
const ANSWER_LIMIT_MS = 30_000;
/** A conversation that is wrong may wait for what never comes. */
const BROKEN_LIMIT_MS = 200;
const GRPC_SHARE = 0.3;
const MOST_GROWTH_BYTES = 200 * 2 ** 20;
const SETTLED_SHARE = 0.25;

const SEEDS: readonly Seed[] = [
  { path: '/v2/models/loans/infer', json: { id: 'a', inputs: INPUTS } },
  {
    path: '/v2/models/loans/infer',
    json: { inputs: INPUTS, outputs: [{ name: 'probabilities', parameters: { classification: 2 } }] },
  },
  {
    path: '/v2/models/loans/versions/1.0.0/infer',
    json: { inputs: INPUTS, parameters: { timeout: 1_000_000, priority: 1 } },
  },
  { path: '/v1/models/loans:predict', json: { instances: [RECORD, RECORD] } },
  { path: '/v1/models/loans:feedback', json: { id: '01a1fdbb-970b-7154-8f5c-39da7528f533', row: 0, label: 1 } },
  {
    path: '/v2/models/float64-io/infer',
    json: {
      inputs: [{ name: 'x', datatype: 'FP64', shape: [1, 2], parameters: { binary_data_size: 16 } }],
      parameters: { binary_data_output: true },
    },
    tail: new Uint8Array(Float64Array.of(1, 2).buffer),
  },
  { path: '/v2/repository/index', json: { ready: true } },
  { path: '/v2/models/loans' },
  { path: '/v2/models/loans/stats' },
  { path: '/v2/health/ready' },
  { path: '/v1/predictions/01a1fdbb-970b-7154-8f5c-39da7528f533' },
];

/** A ModelInferRequest for `float64-io`. */
const INFER = Buffer.concat([
  Buffer.from([0x0a, 10, ...Buffer.from('float64-io'), 0x2a, 13, 0x0a, 1, 0x78, 0x12, 4, ...Buffer.from('FP64')]),
  Buffer.from([0x1a, 2, 1, 4, 0x3a, 32]),
  Buffer.from(Float64Array.of(1, 2, 3, 4).buffer),
]);

interface Tally {
  sent: number;
  answered: number;
  /** Connections of gRPC, and calls on them that were answered well. */
  conversations: number;
  calls: number;
  readonly statuses: Map<number, number>;
  readonly faults: string[];
}

async function main(): Promise<number> {
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const fleet = await openTestFleet({ grpcPort: 0, args: ['--no-log'] });
  try {
    await serveModels(fleet);
    return await run(fleet);
  } finally {
    await fleet.close();
  }
}

async function serveModels(fleet: TestFleet): Promise<void> {
  const loans = loansRevision('1.0.0', 'v1_champion');
  const float64 = awkwardRevision('float64_io.onnx');
  await fleet.bring(loansFiles(), loans);
  await fleet.bring(float64.bytes, float64.target);
  for (const { model, revision } of [loans, float64.target]) {
    await fleet.turn(model, [{ revision, weight: 100 }]);
    await fleet.ready(model, revision);
  }
}

async function run(fleet: TestFleet): Promise<number> {
  const port = Number(new URL(fleet.url).port);
  const grpcPort = Number(fleet.grpc?.split(':').at(-1));
  const seconds = Number(values.seconds);
  const until = performance.now() + seconds * 1000;
  const settledAt = performance.now() + SETTLED_SHARE * seconds * 1000;
  const tally: Tally = { sent: 0, answered: 0, conversations: 0, calls: 0, statuses: new Map(), faults: [] };
  const before = await rssOf(fleet);
  let settled = 0;
  const others = askAsOneShould(fleet, until);
  const senders = Array.from({ length: Number(values.connections) }, async (_, sender) => {
    const random = seededRandom(Number(values.seed) * 1000 + sender);
    while (performance.now() < until && tally.faults.length < 20) {
      if (random.uniform() < GRPC_SHARE) {
        tally.conversations += 1;
        await converse(grpcPort, mutatedFrames(INFER, random), tally);
        continue;
      }
      const request = mutatedRequest(SEEDS, random);
      tally.sent += 1;
      await sendOne(port, request, tally);
      if (settled === 0 && performance.now() > settledAt) {
        settled = 1;
        settled = await rssOf(fleet);
      }
    }
  });
  await Promise.all(senders);
  const { asked, wrong, longestMs } = await others;
  const after = await rssOf(fleet);
  const ended = await metric(fleet, 'slipway_replica_deaths_total');
  tally.faults.push(...wrong);
  if (ended > 0) tally.faults.push(`${ended} processes of the fleet ended`);
  if (after - settled > MOST_GROWTH_BYTES)
    tally.faults.push(`memory grew from ${megabytes(settled)} to ${megabytes(after)} after the first quarter`);
  const statuses = [...tally.statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  console.log(
    `seed ${values.seed}: ${tally.sent} connections of mutated requests, ${tally.answered} answers (${statuses.join(', ')})`,
  );
  console.log(`${tally.conversations} connections of mutated frames, ${tally.calls} calls answered well`);
  console.log(
    `another caller meanwhile: ${asked} answers, all as ever${wrong.length > 0 ? ' but those below' : ''}; the longest took ${Math.round(longestMs)} ms`,
  );
  console.log(
    `memory of the replicas: ${megabytes(before)} before, ${megabytes(settled)} after a quarter, ${megabytes(after)} at the end`,
  );
  for (const fault of tally.faults) console.log(`FAULT ${fault}`);
  return tally.faults.length > 0 ? 1 : 0;
}

async function sendOne(port: number, { parts, end, whole }: MutatedRequest, tally: Tally): Promise<void> {
  const connection = new RawConnection(port);
  const fault = (what: string): void => void tally.faults.push(`${what}; sent ${shown(parts)}`);
  let answers = 0;
  try {
    for (const part of parts) await connection.send(part);
    if (end === 'gone') return;
    // What is behind a broken request may never come to an end: only what is surely whole is waited for.
    if (end === 'half' || whole === 0) connection.endSending();
    while (end === 'half' || whole === 0 || answers < whole) {
      const answer = await connection.answer(ANSWER_LIMIT_MS);
      if (answer === undefined) break;
      answers += 1;
      tally.answered += 1;
      tally.statuses.set(answer.status, (tally.statuses.get(answer.status) ?? 0) + 1);
      const wrong = wrongWith(answer);
      if (wrong !== undefined) return fault(wrong);
      if (answer.headers.get('connection') === 'close') break;
    }
    if (end === 'wait' && whole > 0 && answers === 0) fault('a whole request got no answer');
  } catch (error) {
    fault(error instanceof NotHttp ? `what came is not HTTP: ${error.message}` : String(error));
  } finally {
    connection.close();
  }
}

/** A connection of gRPC: whatever is sent, frames come back, and where all is right, every call is answered well. */
async function converse(port: number, conversation: MutatedFrames, tally: Tally): Promise<void> {
  const { parts, streams, good, isRight } = conversation;
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const chunks: Buffer[] = [];
  const limit = setTimeout(() => socket.destroy(), isRight ? ANSWER_LIMIT_MS : BROKEN_LIMIT_MS);
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    const { ended } = heardFrames(Buffer.concat(chunks));
    if (streams.every((stream) => ended.has(stream))) socket.destroy();
  });
  for (const part of parts) socket.write(part);
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  clearTimeout(limit);
  const heard = heardFrames(Buffer.concat(chunks));
  tally.calls += heard.good.size;
  const failed = isRight ? good.filter((stream) => !heard.good.has(stream)) : [];
  if (heard.fault !== undefined) tally.faults.push(`${heard.fault}; sent ${shown(parts)}`);
  if (failed.length > 0) tally.faults.push(`calls ${failed.join(', ')} were not answered well; sent ${shown(parts)}`);
}

function wrongWith({ status, body }: RawAnswer): string | undefined {
  if (!STATUSES.has(status)) return `status ${status} is not specified`;
  if (status === 200) return undefined;
  const text = body.toString();
  let error: unknown;
  try {
    const parsed: unknown = JSON.parse(text);
    error = typeof parsed === 'object' && parsed !== null && 'error' in parsed ? parsed.error : undefined;
  } catch {
    error = undefined;
  }
  if (typeof error !== 'string')
    return `status ${status} came with ${JSON.stringify(text.slice(0, 80))}, expected {"error": "…"}`;
  // A model may fail at odd values by right; anything else that fails inside is our mistake.
  return status === 500 && !error.startsWith('the model could not be run') ? `status 500: ${error}` : undefined;
}

/** A caller that does everything right, all the time: what it got wrong, and its longest wait. */
async function askAsOneShould(
  fleet: TestFleet,
  until: number,
): Promise<{ readonly asked: number; readonly wrong: readonly string[]; readonly longestMs: number }> {
  const wrong: string[] = [];
  const ask = async (): Promise<string> => {
    const answer: unknown = await (await fleet.infer('loans', { inputs: INPUTS })).json();
    return JSON.stringify(answer);
  };
  const expected = await ask();
  let asked = 0;
  let longestMs = 0;
  while (performance.now() < until && wrong.length < 5) {
    const started = performance.now();
    try {
      const got = await ask();
      if (got !== expected) wrong.push(`another caller got ${got}, expected ${expected}`);
    } catch (error) {
      wrong.push(`another caller failed: ${String(error)}`);
    }
    asked += 1;
    longestMs = Math.max(longestMs, performance.now() - started);
  }
  return { asked, wrong, longestMs };
}

async function rssOf(fleet: TestFleet): Promise<number> {
  const { replicas } = await fleet.driver.observe(AbortSignal.timeout(ANSWER_LIMIT_MS));
  return replicas.reduce((sum, { rssBytes }) => sum + rssBytes, 0);
}

async function metric(fleet: TestFleet, name: string): Promise<number> {
  const response = await fetch(`${fleet.adminUrl}/metrics`, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
  const line = (await response.text()).split('\n').find((each) => each.startsWith(`${name} `));
  if (line === undefined) throw new Error(`there is no metric ${name}`);
  return Number(line.slice(name.length + 1));
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MB`;
}

function shown(parts: readonly Uint8Array[]): string {
  return JSON.stringify(Buffer.concat(parts).toString('latin1').slice(0, 600));
}

process.exitCode = await main();
