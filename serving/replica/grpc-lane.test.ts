import { type ClientHttp2Session, type IncomingHttpHeaders, connect } from 'node:http2';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awkwardRevision } from '../daemon/loans.fixture.ts';
import { type TestFleet, openTestFleet } from '../daemon/test-fleet.ts';
import { bareContext } from './bare-context.fixture.ts';
import { openGrpcLane } from './grpc-lane.ts';

/** A fleet spoken to in frames of HTTP/2, which gRPC's own client would never send wrong. */
let fleet: TestFleet;
let session: ClientHttp2Session;
const { target, bytes } = awkwardRevision('fp32.onnx', '', 'datatypes');

beforeAll(async () => {
  fleet = await openTestFleet({ grpcPort: 0 });
  await fleet.bring(bytes, target);
  await fleet.turn(target.model, [{ revision: target.revision, weight: 100 }]);
  await fleet.ready(target.model, target.revision);
  session = connect(`http://${fleet.grpc}`, ROOMY);
});
afterAll(async () => {
  session?.close();
  await fleet?.close();
});

/** Node's client otherwise takes no more answers once megabytes of its requests wait; in MB. */
const ROOMY = { maxSessionMemory: 1000 };

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const INFER = '/inference.GRPCInferenceService/ModelInfer';

function ask(parts: readonly Buffer[], more: Readonly<Record<string, string>> = {}, path = INFER): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...more,
    });
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on('response', (each) => {
      headers = each;
    });
    stream.on('trailers', (each) => {
      trailers = each;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => resolve({ headers, trailers, body: Buffer.concat(chunks) }));
    for (const part of parts) stream.write(part);
    stream.end();
  });
}

const text = (field: number, value: string): Buffer =>
  Buffer.concat([Buffer.from([(field << 3) | 2, Buffer.byteLength(value)]), Buffer.from(value)]);
const nested = (field: number, inner: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(field << 3) | 2, inner.length]), inner]);
const tensor = Buffer.concat([text(1, 'x'), text(2, 'FP32'), nested(3, Buffer.from([1, 2]))]);
const message = (model: string, x: number, y: number): Buffer =>
  Buffer.concat([text(1, model), nested(5, tensor), nested(7, Buffer.from(Float32Array.of(x, y).buffer))]);
const framed = (bytesOf: Buffer, packed = 0, length = bytesOf.length): Buffer => {
  const prefix = Buffer.alloc(5);
  prefix[0] = packed;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, bytesOf]);
};
/** The two floats that the last field of an answer holds. */
const floatsOf = ({ body }: Answer): readonly number[] => [
  ...new Float32Array(Uint8Array.from(body.subarray(body.length - 8)).buffer),
];
const statusOf = ({ headers, trailers }: Answer): unknown => trailers['grpc-status'] ?? headers['grpc-status'];

describe('the lane for ModelInfer', () => {
  it('answers a message in one piece and in many, and says who answered', async () => {
    const whole = framed(message('fp32', 1, 2));
    const once = await ask([whole]);
    expect(statusOf(once)).toBe('0');
    expect(once.headers).toMatchObject({
      ':status': 200,
      'content-type': 'application/grpc+proto',
      'x-slipway-revision': target.revision,
      'x-slipway-model-version': '1.0.0',
    });
    expect(floatsOf(once)).toEqual([1, 2]);
    const pieces = await ask([...whole].map((byte) => Buffer.of(byte)));
    expect(floatsOf(pieces)).toEqual([1, 2]);
  });

  it('gives each of many its own answer, over one connection', async () => {
    const answers = await Promise.all(Array.from({ length: 300 }, (_, k) => ask([framed(message('fp32', k, -k))])));
    expect(answers.map(floatsOf)).toEqual(Array.from({ length: 300 }, (_, k) => [k, -k]));
  });

  it.each([
    ['nothing', []],
    ['less than a prefix', [Buffer.of(0, 0)]],
    ['a length beyond what comes', [framed(message('fp32', 1, 2), 0, 4_000)]],
    ['a length below what comes', [framed(message('fp32', 1, 2), 0, 3)]],
    ['two messages', [framed(message('fp32', 1, 2)), framed(message('fp32', 1, 2))]],
    ['packed bytes of which nobody says how', [framed(message('fp32', 1, 2), 1)]],
    ['what is no message', [framed(Buffer.from([255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]))]],
  ])('refuses %s with INTERNAL, and the connection goes on', async (_, parts) => {
    expect(statusOf(await ask(parts))).toBe('13');
    expect(floatsOf(await ask([framed(message('fp32', 3, 4))]))).toEqual([3, 4]);
  });

  it('refuses what is larger than a message may be, before it is all there', async () => {
    const large = Buffer.alloc(2 ** 24, 1);
    const much = await ask([framed(large, 0, 5 * large.length), large, large, large, large, large]);
    expect(statusOf(much)).toBe('8');
    expect(decodeURIComponent(String(much.trailers['grpc-message']))).toMatch(/the message is larger than 67108864/);
    expect(floatsOf(await ask([framed(message('fp32', 5, 6))]))).toEqual([5, 6]);
  });

  it('percent-encodes what an error says', async () => {
    const refused = await ask([framed(message('modèle 100%', 1, 2))]);
    expect(statusOf(refused)).toBe('5');
    const said = String(refused.trailers['grpc-message']);
    expect(said).toMatch(/^[ -~]+$/);
    expect(decodeURIComponent(said)).toContain("'modèle 100%' is not found");
    expect(refused.headers['x-slipway-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('leaves packed messages and other methods to the library, on the same connection', async () => {
    const packed = gzipSync(message('fp32', 5, 6));
    const answer = await ask([framed(packed, 1)], { 'grpc-encoding': 'gzip' });
    expect(statusOf(answer)).toBe('0');
    expect(floatsOf(answer)).toEqual([5, 6]);
    const live = await ask([framed(Buffer.alloc(0))], {}, '/inference.GRPCInferenceService/ServerLive');
    expect(statusOf(live)).toBe('0');
    expect([...live.body]).toEqual([0, 0, 0, 0, 2, 8, 1]);
    expect(statusOf(await ask([framed(Buffer.alloc(0))], {}, '/inference.GRPCInferenceService/Nothing'))).toBe('12');
  });

  it('takes callers that hang up for gone', async () => {
    const other = connect(`http://${fleet.grpc}`);
    for (let k = 0; k < 20; k++) {
      const stream = other.request({ ':method': 'POST', ':path': INFER, 'content-type': 'application/grpc' });
      stream.on('error', () => {});
      stream.write(framed(message('fp32', 1, 2)).subarray(0, k));
      if (k % 2 === 0) stream.close(8);
    }
    other.destroy();
    expect(floatsOf(await ask([framed(message('fp32', 7, 8))]))).toEqual([7, 8]);
  });
});

it('refuses messages that are unfinished and together more than a connection may hold', async () => {
  const lane = openGrpcLane({
    context: bareContext('nowhere'),
    decode: () => {
      throw new Error('no message is whole here');
    },
    forward: () => {},
    mostHeldBytes: 10_000,
  });
  const server = createServer((socket) => lane.accept(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const streams = Array.from({ length: 3 }, () =>
    client.request({ ':method': 'POST', ':path': INFER, 'content-type': 'application/grpc' }),
  );
  const told = streams.map(
    (stream) => new Promise<unknown>((resolve) => stream.once('trailers', (last) => resolve(last['grpc-status']))),
  );
  for (const stream of streams) {
    stream.resume();
    stream.write(framed(Buffer.alloc(4_000), 0, 5_000));
  }
  expect(await told[2]).toBe('8');
  // What the others hold is theirs, and what was given up counts no more.
  streams[0]?.end();
  expect(await told[0]).toBe('13');
  streams[1]?.end(Buffer.alloc(4_000));
  expect(await told[1]).toBe('13');
  client.close();
  server.close();
});
