import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSocketServer, type AddressInfo, type Server as SocketServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import {
  Server as GrpcServer,
  ServerCredentials,
  status,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fieldBlock } from '../http2/field-block.ts';
import { Http2Connection } from '../http2/http2-connection.ts';
import { inferResponseBytes, readInferRequest } from '../replica/infer-wire.ts';
import { benchModels } from './bench-models.ts';
import { type BenchCase, grpcRequests, httpRequests } from './bench-requests.ts';
import { type LoadGenerator, startLoadGenerator } from './load-generator.ts';
import type { LoadJob, LoadResult } from './load-job.ts';

const model = benchModels.mlp;
/** Each case is answered with its own number, twice. */
const cases: readonly BenchCase[] = Array.from({ length: 8 }, (_, index) => ({
  id: `mlp-${index}`,
  tensor: { datatype: 'FP32', shape: [1, 30], data: new Float32Array(30).fill(index) },
  numbers: [index, index],
}));
const SECONDS = 0.4;

let load: LoadGenerator;
let close: (() => Promise<void>) | undefined;
beforeAll(async () => {
  load = await startLoadGenerator();
});
afterAll(() => load.stop());
afterEach(async () => {
  await close?.();
  close = undefined;
});

type Handler = (index: number, response: ServerResponse, count: number) => void;

/** A server that is told which case it was asked; how often it was asked so far. */
async function serve(handler: Handler): Promise<{ readonly port: number; readonly asked: () => number }> {
  let count = 0;
  const server = createServer((request: IncomingMessage, response) => {
    void text(request).then((body) => {
      const { id } = JSON.parse(body) as { readonly id: string };
      handler(Number(id.split('-')[1]), response, ++count);
    });
  });
  return { port: await listen(server), asked: () => count };
}

async function listen(server: Server | SocketServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = async () => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return (server.address() as AddressInfo).port;
}

function answer(index: number, response: ServerResponse): void {
  const outputs = [{ name: 'probabilities', datatype: 'FP32', shape: [1, 2], data: [index, index] }];
  response.end(JSON.stringify({ model_name: 'mlp', id: `mlp-${index}`, outputs }));
}

function run(port: number, more: Partial<LoadJob> = {}): Promise<LoadResult> {
  const target = { host: '127.0.0.1', port };
  return load.run({
    protocol: 'http',
    ...target,
    requests: httpRequests(model, cases, 'v2-json', { ...target, path: '/' }),
    connections: 4,
    inFlight: 1,
    warmUpSeconds: 0,
    seconds: SECONDS,
    limitMs: 10_000,
    ...more,
  });
}

describe('a closed loop over HTTP', () => {
  test('counts every answer once, and what is right is no error', async () => {
    const { port, asked } = await serve(answer);
    const result = await run(port);
    expect(result.errors).toEqual({});
    // What is under way at the end is not counted.
    expect(asked() - result.answered).toBeLessThanOrEqual(4);
    expect(result.answered).toBeGreaterThan(0);
  });

  test('asks one request after the other on a connection', async () => {
    let [underWay, most] = [0, 0];
    const { port } = await serve((index, response) => {
      most = Math.max(most, ++underWay);
      setTimeout(() => {
        underWay -= 1;
        answer(index, response);
      }, 5);
    });
    await run(port, { connections: 3 });
    expect(most).toBe(3);
  });

  test('an answer to another request is an error, every time', async () => {
    let wrong = 0;
    const { port } = await serve((index, response, count) => {
      if (count % 5 !== 0) return answer(index, response);
      wrong += 1;
      answer((index + 1) % cases.length, response);
    });
    const { errors, answered } = await run(port);
    expect(errors['wrong answer']?.first).toContain('was asked "mlp-');
    expect(wrong - (errors['wrong answer']?.count ?? 0)).toBeLessThanOrEqual(4);
    expect(answered).toBeGreaterThan(0);
  });

  test('numbers that are a little off are an error, though everything else is right', async () => {
    const { port } = await serve((index, response) =>
      response.end(JSON.stringify({ id: `mlp-${index}`, outputs: [{ data: [index, index + 0.001] }] })),
    );
    const { errors, answered } = await run(port);
    expect(Object.keys(errors)).toEqual(['wrong answer']);
    expect(answered).toBe(0);
  });

  test('another status is an error that says what the server said', async () => {
    const { port } = await serve((_, response) => {
      response.statusCode = 503;
      response.end('{"error":"full"}');
    });
    const { errors } = await run(port);
    expect(errors['status 503']?.first).toContain('full');
  });

  test('a status that is expected is none', async () => {
    const { port } = await serve((_, response) => {
      response.statusCode = 400;
      response.end('{"error":"no"}');
    });
    const target = { host: '127.0.0.1', port, path: '/' };
    const requests = httpRequests(model, cases, 'v2-json', target).map(({ bytes }) => ({
      bytes,
      expects: { kind: 'status', status: 400 } as const,
    }));
    expect((await run(port, { requests })).errors).toEqual({});
  });

  test('a connection that is cut in the middle of an answer is an error, and another is opened', async () => {
    const { port } = await serve((index, response, count) => {
      if (count % 7 !== 0) return answer(index, response);
      response.setHeader('content-length', '1000');
      response.write('{"id":');
      setImmediate(() => response.destroy());
    });
    const { errors, answered } = await run(port);
    expect(Object.keys(errors)).toEqual(['connection']);
    expect(answered).toBeGreaterThan(7);
  });

  test('an answer that comes in pieces is one answer', async () => {
    const { port } = await serve((index, response) => {
      const body = JSON.stringify({ id: `mlp-${index}`, outputs: [{ data: [index, index] }] });
      response.setHeader('content-length', String(body.length));
      response.write(body.slice(0, 7));
      setImmediate(() => response.end(body.slice(7)));
    });
    const { errors, answered } = await run(port);
    expect(errors).toEqual({});
    expect(answered).toBeGreaterThan(0);
  });

  test('a connection may be told to end after so many requests, and nothing is lost by it', async () => {
    const sockets = new Set<unknown>();
    const { port, asked } = await serve((index, response) => {
      sockets.add(response.req.socket);
      answer(index, response);
    });
    const { errors, answered } = await run(port, { connections: 1, perConnection: 3 });
    expect(errors).toEqual({});
    expect(answered).toBeGreaterThan(3);
    // By what the server saw: what is under way when the time is over is answered and not counted.
    expect(sockets.size).toBe(Math.ceil(asked() / 3));
  });

  test('bytes behind an answer are an error', async () => {
    const body = '{"id":"mlp-0","outputs":[{"data":[0,0]}]}';
    const server = createSocketServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}more`));
    });
    const { errors, answered } = await run(await listen(server));
    expect(Object.keys(errors)).toEqual(['framing']);
    expect(answered).toBe(0);
  });

  test('what is never answered is an error at its limit', async () => {
    const { port } = await serve(() => {});
    const { errors, answered } = await run(port, { limitMs: 50 });
    expect(Object.keys(errors)).toEqual(['no answer in time']);
    expect(answered).toBe(0);
  });

  test('a server that is not there is told, not counted', async () => {
    await expect(run(1)).rejects.toThrow('no connection to 127.0.0.1:1');
  });
});

describe('an open loop over HTTP', () => {
  test('sends at its own times, and a latency counts from when the request should have been sent', async () => {
    const delayMs = 300;
    // The first answer is held; a closed loop would see one slow request, and the callers who came meanwhile would be forgotten.
    const { port } = await serve((index, response, count) => {
      if (count === 1) setTimeout(() => answer(index, response), delayMs);
      else answer(index, response);
    });
    const perSecond = 200;
    const result = await run(port, { connections: 1, seconds: 1, open: { perSecond, seed: 7 } });
    expect(result.errors).toEqual({});
    expect(result.latencyMs.max).toBeGreaterThanOrEqual(delayMs * 0.99);
    expect(result.waited).toBeGreaterThan(10);
    expect(result.latencyMs.p90).toBeGreaterThan(delayMs / 10);
  });

  test('the same seed sends as many requests, whatever the server does', async () => {
    const fast = await serve(answer);
    const first = await run(fast.port, { seconds: 1, open: { perSecond: 300, seed: 3 }, connections: 16 });
    await close?.();
    const slow = await serve((index, response) => setTimeout(() => answer(index, response), 20));
    const second = await run(slow.port, { seconds: 1, open: { perSecond: 300, seed: 3 }, connections: 16 });
    const sent = (result: LoadResult): number => result.answered + (result.unsent ?? 0);
    // At most what is under way at the end.
    expect(Math.abs(sent(first) - sent(second))).toBeLessThanOrEqual(2 * 16);
    expect(first.failed + second.failed).toBe(0);
  });
});

describe('a closed loop over gRPC', () => {
  const PROTO = fileURLToPath(new URL('../protocol/inference.proto', import.meta.url));

  async function serveGrpc(fails: (count: number) => boolean): Promise<{ port: number; asked: () => number }> {
    const server = new GrpcServer();
    const definition = loadSync(PROTO, { keepCase: true })['inference.GRPCInferenceService'];
    let count = 0;
    interface Asked {
      readonly id: string;
      readonly raw_input_contents: readonly Buffer[];
    }
    server.addService(definition as unknown as ServiceDefinition, {
      ModelInfer: (call: ServerUnaryCall<Asked, unknown>, answered: sendUnaryData<unknown>) => {
        count += 1;
        if (fails(count)) return answered({ code: status.UNAVAILABLE, details: 'full' });
        const number = call.request.raw_input_contents[0]?.readFloatLE(0) ?? NaN;
        const raw = Buffer.from(Float32Array.of(number, number).buffer);
        answered(null, { id: call.request.id, raw_output_contents: [raw] });
      },
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    close = async () => server.forceShutdown();
    return { port, asked: () => count };
  }

  const requests = grpcRequests(model, cases);

  test('checks every answer of several calls at once on several connections', async () => {
    const { port, asked } = await serveGrpc(() => false);
    const result = await run(port, { protocol: 'grpc', requests, connections: 2, inFlight: 4 });
    expect(result.errors).toEqual({});
    expect(result.answered).toBeGreaterThan(0);
    expect(asked() - result.answered).toBeLessThanOrEqual(8);
  });

  test('a call that fails is an error, and the others go on', async () => {
    let failed = 0;
    const { port } = await serveGrpc((count) => {
      if (count % 5 === 0) failed += 1;
      return count % 5 === 0;
    });
    const { errors, answered } = await run(port, { protocol: 'grpc', requests, connections: 2, inFlight: 4 });
    expect(Object.keys(errors)).toEqual(['refused']);
    expect(failed - (errors['refused']?.count ?? 0)).toBeLessThanOrEqual(8);
    expect(answered).toBeGreaterThan(0);
  });

  test('a server that says goodbye is answered by another connection, and no call fails', async () => {
    let connections = 0;
    const head = fieldBlock([[':status', '200']]);
    const trailers = fieldBlock([['grpc-status', '0']]);
    const server = createSocketServer((socket) => {
      connections += 1;
      let calls = 0;
      const connection = new Http2Connection(socket, {
        request(stream) {
          const pieces: Buffer[] = [];
          stream.events = {
            data: (piece) => void pieces.push(piece),
            ended() {
              calls += 1;
              if (calls === 20) connection.goAway();
              const message = readInferRequest(Buffer.concat(pieces).subarray(5));
              const [asked] = message?.raw_input_contents ?? [];
              const number = asked?.readFloatLE(0) ?? NaN;
              const answer = inferResponseBytes(
                {
                  model_name: '',
                  model_version: '',
                  id: message?.id ?? '',
                  outputs: [],
                  raw_output_contents: [Buffer.from(Float32Array.of(number, number).buffer)],
                },
                5,
              );
              answer[0] = 0;
              answer.writeUInt32BE(answer.length - 5, 1);
              stream.answer(head, answer, trailers);
            },
            gone() {},
          };
        },
        closed() {},
      });
      socket.on('data', (chunk: Buffer) => connection.read(chunk));
    });
    const port = await listen(server);
    const { errors, answered } = await run(port, { protocol: 'grpc', requests, connections: 2, inFlight: 4 });
    expect(errors).toEqual({});
    expect(answered).toBeGreaterThan(0);
    expect(connections).toBeGreaterThan(4);
  });

  test('another number is an error', async () => {
    const { port } = await serveGrpc(() => false);
    const wrong = grpcRequests(
      model,
      cases.map((each) => ({ ...each, numbers: [99, 99] })),
    );
    const { errors, answered } = await run(port, { protocol: 'grpc', requests: wrong, connections: 1, inFlight: 1 });
    expect(Object.keys(errors)).toEqual(['wrong answer']);
    expect(answered).toBe(0);
  });
});
