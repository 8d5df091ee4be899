import { setImmediate as turn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type SeededRandom, seededRandom } from '../../checks/stats/seeded-random.ts';
import { type RawAnswer, RawConnection } from '../fuzz/raw-connection.ts';
import { MODEL, type OpenedDoor, openDoor } from './http-door.fixture.ts';

const LIMIT_MS = 30_000;
const CONVERSATIONS = 500;
const AT_ONCE = 16;
let opened: OpenedDoor | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await opened?.close();
  opened = undefined;
});

const PATH = `/v2/models/${MODEL}/infer`;
const bodyOf = (id: string, first: number): string =>
  JSON.stringify({ id, inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: [first, 1, 2, 3] }] });

function post(body: string | Buffer, headers: readonly string[] = [], path = PATH): Buffer {
  const bytes = Buffer.from(body);
  const lines = [`POST ${path} HTTP/1.1`, 'Host: fleet', `Content-Length: ${bytes.length}`, ...headers];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), bytes]);
}

const LAST = 'GET /v2/health/live HTTP/1.1\r\nHost: fleet\r\nConnection: close\r\n\r\n';

/** Sends in pieces; then reads `answers` of them, or until the other end closes. */
async function send(
  connection: RawConnection,
  pieces: readonly Uint8Array[],
  answers = Infinity,
): Promise<readonly RawAnswer[]> {
  for (const piece of pieces) {
    await connection.send(piece);
    await turn();
  }
  const read: RawAnswer[] = [];
  while (read.length < answers) {
    const answer = await connection.answer(LIMIT_MS);
    if (answer === undefined) break;
    read.push(answer);
  }
  return read;
}

async function exchange(port: number, pieces: readonly Uint8Array[]): Promise<readonly RawAnswer[]> {
  const connection = new RawConnection(port);
  try {
    return await send(connection, pieces);
  } finally {
    connection.close();
  }
}

const told = ({ status, body }: RawAnswer): string => `${status} ${body.toString()}`;

/** What a conversation may hold. `n` tells its requests apart. */
const PLAIN: readonly ((n: string, random: SeededRandom) => Buffer)[] = [
  (n, random) => post(bodyOf(n, random.normal())),
  (n, random) => post(bodyOf(n, random.index(100)), ['Accept: */*', 'User-Agent: test', 'Connection: Keep-Alive']),
  (n, random) =>
    post(bodyOf(n, random.normal()), ['accept-encoding: gzip, deflate'], `/v2/models/${MODEL}/versions/1.0.0/infer`),
  (n, random) => {
    const head = JSON.stringify({
      id: n,
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], parameters: { binary_data_size: 16 } }],
    });
    const tail = Buffer.from(Float32Array.of(random.normal(), 1, 2, 3).buffer);
    return post(Buffer.concat([Buffer.from(head), tail]), [`Inference-Header-Content-Length: ${head.length}`]);
  },
];

const ODD: readonly ((n: string, random: SeededRandom) => string | Buffer)[] = [
  (n) => post('', [], `/v2/models/${MODEL}/versions/${n}/infer`),
  (n) => post(`{"id": "${n}", "inputs": []}`),
  () => post('{"inputs": '),
  () => post('{"instances": [{"a": 1}]}', [], `/v1/models/${MODEL}:predict`),
  () => post('{"instances": []}', [], '/v1/models/nobody:predict'),
  (n) => post(bodyOf(n, 1), ['X-Slipway-Id: 01a1fdbb-970b-7154-8f5c-39da7528f533']),
  (n) => post(bodyOf(n, 1), ['Inference-Header-Content-Length: 99999']),
  (n) => post(bodyOf(n, 1), [], `${PATH}?a=b`),
  (n) => post(bodyOf(n, 1), [], `/v2/models/${encodeURIComponent(`${MODEL} ${n}`)}/infer`),
  (n) => post(bodyOf(n, 1), [], `http://fleet${PATH}`),
  (n) => post(`${bodyOf(n, 1)}${' '.repeat(70_000)}`),
  (n) => post(bodyOf(n, 1), [`X-Long: ${'a'.repeat(9_000)}`]),
  (n) => post(bodyOf(n, 1), [`X-Long: ${'a'.repeat(17_000)}`]),
  (n) => post(bodyOf(n, 1), ['Content-Encoding: gzip']),
  (n) => post(bodyOf(n, 1), ['Content-Encoding: identity']),
  (n) => post(bodyOf(n, 1), ['Expect: 100-continue']),
  (n) => post(bodyOf(n, 1), ['Expect: wonders']),
  (n) => post(bodyOf(n, 1), ['Connection: close']),
  (n) => post(bodyOf(n, 1), ['Connection: upgrade', 'Upgrade: websocket']),
  (n) => post(bodyOf(n, 1), ['Host: another']),
  (n) => post(bodyOf(n, 1), [`Content-Length: ${bodyOf(n, 1).length}`]),
  (n) => post(bodyOf(n, 1), ['Content-Length: 3']),
  (n) => post(bodyOf(n, 1), ['Transfer-Encoding: chunked']),
  (n) => post(bodyOf(n, 1), ['Transfer-Encoding : chunked']),
  (n) => post(bodyOf(n, 1), ['X-Folded: a\r\n b']),
  (n) => post(bodyOf(n, 1), ['X-Bare: a\nX-Line: b']),
  (n) => post(bodyOf(n, 1), ['X-Return: a\rb']),
  (n) => post(bodyOf(n, 1), ['X-Tab:\ta\t']),
  (n) => post(bodyOf(n, 1), ['X-Spaces:   a  ']),
  (n) => post(bodyOf(n, 1), ['X-Nothing:', 'X-Colons: a:b:c']),
  (n) => post(bodyOf(n, 1), ['X-Null: a\0b']),
  (n) => post(bodyOf(n, 1), ['X-Latin: \u00e9']),
  (n) => post(bodyOf(n, 1), ['X Name: a']),
  (n) => post(bodyOf(n, 1), [': nameless']),
  (n) => post(bodyOf(n, 1), ['__proto__: {}', 'Constructor: a']),
  (n) => post(bodyOf(n, 1), ['Trailer: x']),
  (n) => post(bodyOf(n, 1), ['TE: trailers']),
  (n) => post(bodyOf(n, 1), ['Authorization: Bearer a', 'Authorization: Bearer b']),
  (n) => `POST ${PATH} HTTP/1.1\r\nHost: fleet\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(bodyOf(n, 1))}`,
  (n) =>
    `POST ${PATH} HTTP/1.1\r\nHost: fleet\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(bodyOf(n, 1))}`,
  (n) => `POST ${PATH} HTTP/1.0\r\nHost: fleet\r\nContent-Length: ${bodyOf(n, 1).length}\r\n\r\n${bodyOf(n, 1)}`,
  (n) => `POST ${PATH} HTTP/1.1\r\nContent-Length: ${bodyOf(n, 1).length}\r\n\r\n${bodyOf(n, 1)}`,
  (n) => `POST ${PATH} HTTP/1.1\nHost: fleet\nContent-Length: ${bodyOf(n, 1).length}\n\n${bodyOf(n, 1)}`,
  (n) => `\r\nPOST ${PATH} HTTP/1.1\r\nHost: fleet\r\nContent-Length: ${bodyOf(n, 1).length}\r\n\r\n${bodyOf(n, 1)}`,
  (n) => `post ${PATH} HTTP/1.1\r\nHost: fleet\r\nContent-Length: ${bodyOf(n, 1).length}\r\n\r\n${bodyOf(n, 1)}`,
  (n) => `POST  ${PATH} HTTP/1.1\r\nHost: fleet\r\nContent-Length: ${bodyOf(n, 1).length}\r\n\r\n${bodyOf(n, 1)}`,
  ...['+9', '09', '9 ', '9, 9', '0x9', '9.0', '', '-1', '1e1', '99999999999'].map(
    (length) => (): string => `POST ${PATH} HTTP/1.1\r\nHost: fleet\r\nContent-Length: ${length}\r\n\r\n{"a":1234`,
  ),
  () => `POST ${PATH} HTTP/1.1\r\nHost: fleet\r\n\r\n`,
  () => `GET /v2/models/${MODEL} HTTP/1.1\r\nHost: fleet\r\n\r\n`,
  () => 'HEAD /v2/health/ready HTTP/1.1\r\nHost: fleet\r\n\r\n'.replace('HEAD', 'GET'),
  () => `PUT ${PATH} HTTP/1.1\r\nHost: fleet\r\nContent-Length: 2\r\n\r\n{}`,
  () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  () => 'nonsense\r\n\r\n',
];

function chunked(body: string): string {
  return `${(body.length - 5).toString(16)}\r\n${body.slice(0, -5)}\r\n5\r\n${body.slice(-5)}\r\n0\r\n\r\n`;
}

function pick<T>(list: readonly T[], random: SeededRandom): T {
  return list[random.index(list.length)] as T;
}

function inPieces(bytes: Uint8Array, random: SeededRandom): readonly Uint8Array[] {
  const cuts = Array.from({ length: random.index(6) }, () => random.index(bytes.length)).toSorted((a, b) => a - b);
  return [...cuts, bytes.length].map((cut, index) => bytes.subarray(index === 0 ? 0 : cuts[index - 1], cut));
}

/** One byte of its head is another; not of its length nor the space before it, or nobody knew whether more is to come. */
function withAWrongByte(request: Buffer, random: SeededRandom): Buffer {
  const length = request.indexOf('Content-Length: ') + 'Content-Length: '.length;
  const at = random.index(request.indexOf('\r\n\r\n') + 4);
  if (at < length - 1 || at >= request.indexOf('\r\n', length)) request[at] = random.index(256);
  return request;
}

/**
 * A conversation that a seed decides: requests in their plain form, pipelined; then, once they are answered, one that is odd or has a wrong byte;
 * then one more. Only one is odd at a time: what node:http does with requests that are under way when it meets something that is not HTTP
 * depends on chance.
 */
async function converse(port: number, seed: number): Promise<readonly string[]> {
  // Neighbouring seeds begin with the same numbers.
  const random = seededRandom(Math.imul(seed + 1, 0x9e3779b1));
  const connection = new RawConnection(port);
  try {
    const plain = Array.from({ length: random.index(4) }, (_, index) =>
      pick(PLAIN, random)(`${seed}-${index}`, random),
    );
    const first = await send(connection, inPieces(Buffer.concat(plain), random), plain.length);
    const odd =
      random.uniform() < 0.5
        ? Buffer.from(pick(ODD, random)(`${seed}-odd`, random))
        : withAWrongByte(pick(PLAIN, random)(`${seed}-wrong`, random), random);
    const second = await send(connection, inPieces(odd, random), 1);
    const last = await send(connection, [Buffer.from(LAST)]);
    return [...first, ...second, ...last].map(told);
  } finally {
    connection.close();
  }
}

describe('the fast lane', () => {
  it('says what node:http says, whatever is sent and in whatever pieces', { timeout: 240_000 }, async () => {
    opened = await openDoor();
    const { ports } = opened;
    let next = 0;
    const wrong: unknown[] = [];
    const work = async (): Promise<void> => {
      while (next < CONVERSATIONS) {
        const seed = next++;
        const [fast, node] = await Promise.all([converse(ports.fast, seed), converse(ports.node, seed)]);
        if (!isDeepStrictEqual(fast, node)) wrong.push({ seed, fast, node });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    expect(wrong).toEqual([]);
  });

  it('answers each of many pipelined requests once, in order, with its own answer and an id of its own', async () => {
    opened = await openDoor();
    const alone = await exchange(opened.ports.node, [post(bodyOf('a', 7)), Buffer.from(LAST)]);
    const REQUESTS = 500;
    const asked = Array.from({ length: REQUESTS }, (_, index) => post(bodyOf(`r${index}`, index % 10)));
    const answers = await exchange(opened.ports.fast, [...asked, Buffer.from(LAST)]);
    const parsed = answers
      .slice(0, -1)
      .map(({ body }) => JSON.parse(body.toString()) as { id: string; outputs: unknown });
    expect(parsed.map(({ id }) => id)).toEqual(asked.map((_, index) => `r${index}`));
    expect(parsed[7]?.outputs).toEqual((JSON.parse(alone[0]?.body.toString() ?? '') as { outputs: unknown }).outputs);
    const ids = new Set(answers.slice(0, -1).map(({ headers }) => headers.get('x-slipway-id')));
    expect(ids.size).toBe(REQUESTS);
    expect(new Set(opened.logged.map(({ id }) => id))).toEqual(
      new Set([...ids, alone[0]?.headers.get('x-slipway-id')]),
    );
    expect(opened.door.inFlight).toBe(0);
  });

  it('tells the same headers as node:http', async () => {
    opened = await openDoor();
    const [fast, node] = await Promise.all(
      [opened.ports.fast, opened.ports.node].map((port) => exchange(port, [post(bodyOf('a', 1)), Buffer.from(LAST)])),
    );
    const namesOf = (answers: readonly RawAnswer[] | undefined): readonly string[] =>
      [...(answers?.[0]?.headers.keys() ?? [])].toSorted();
    expect(namesOf(fast)).toEqual(namesOf(node));
    for (const name of ['connection', 'keep-alive', 'content-type', 'x-slipway-revision', 'x-slipway-model-version'])
      expect(fast?.[0]?.headers.get(name)).toBe(node?.[0]?.headers.get(name));
  });

  it('hands a request over that stays incomplete, and node:http answers it when it is whole', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    opened = await openDoor();
    const connection = new RawConnection(opened.ports.fast);
    const request = post(bodyOf('slow', 1));
    await connection.send(post(bodyOf('quick', 1)));
    expect((await connection.answer(LIMIT_MS))?.status).toBe(200);
    await connection.send(request.subarray(0, 90));
    await vi.waitFor(() => expect(opened?.door.reading).toBe(1));
    vi.advanceTimersByTime(2_000);
    expect(opened.door.reading).toBe(0);
    await connection.send(request.subarray(90));
    expect(JSON.parse((await connection.answer(LIMIT_MS))?.body.toString() ?? '')).toMatchObject({ id: 'slow' });
    connection.close();
  });

  it('ends a connection that was idle as long as it was told to be kept, and no sooner', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    opened = await openDoor({ keepAliveMs: 2_000 });
    const connection = new RawConnection(opened.ports.fast);
    await connection.send(post(bodyOf('a', 1)));
    expect((await connection.answer(LIMIT_MS))?.headers.get('keep-alive')).toBe('timeout=2');
    vi.advanceTimersByTime(2_000);
    await connection.send(post(bodyOf('b', 1)));
    expect((await connection.answer(LIMIT_MS))?.status).toBe(200);
    vi.advanceTimersByTime(4_000);
    await connection.ended(LIMIT_MS);
  });

  it('says when it drains that an answer is the last, and drops what is sent behind it', async () => {
    opened = await openDoor();
    const connection = new RawConnection(opened.ports.fast);
    await connection.send(post(bodyOf('a', 1)));
    expect((await connection.answer(LIMIT_MS))?.headers.get('connection')).toBe('keep-alive');
    opened.drain();
    await connection.send(Buffer.concat([post(bodyOf('b', 1)), post(bodyOf('c', 1))]));
    expect((await connection.answer(LIMIT_MS))?.headers.get('connection')).toBe('close');
    expect(await connection.answer(LIMIT_MS)).toBeUndefined();
    expect(opened.logged.map(({ body }) => (JSON.parse(String(body)) as { id: string }).id)).toEqual(['a', 'b']);
  });

  it.each(['fast', 'node'] as const)('lets no caller name its request, nor go without its token (%s)', async (lane) => {
    opened = await openDoor({ callerToken: 'secret' });
    const id = '01a1fdbb-970b-7154-8f5c-39da7528f533';
    const [without, withToken] = await exchange(opened.ports[lane], [
      post(bodyOf('a', 1), [`x-slipway-id: ${id}`]),
      post(bodyOf('a', 1), [`x-slipway-id: ${id}`, 'authorization: Bearer secret']),
      Buffer.from(LAST),
    ]);
    expect(without?.status).toBe(401);
    expect(without?.headers.get('www-authenticate')).toBe('Bearer');
    expect(withToken?.status).toBe(200);
    expect(withToken?.headers.get('x-slipway-id')).not.toBe(id);
  });

  it('answers everybody else while one caller sends without reading', async () => {
    opened = await openDoor();
    const greedy = new RawConnection(opened.ports.fast);
    for (let k = 0; k < 2_000; k++) void greedy.send(post(bodyOf(`g${k}`, k)));
    const other = await exchange(opened.ports.fast, [post(bodyOf('other', 1)), Buffer.from(LAST)]);
    expect(other.map(({ status }) => status)).toEqual([200, 200]);
    greedy.close();
  });

  it('lets health be asked for while 64 connections ask as fast as they can', async () => {
    opened = await openDoor();
    const { ports } = opened;
    let isOver = false;
    let answered = 0;
    const hammers = Array.from({ length: 64 }, async (_, index) => {
      const connection = new RawConnection(ports.fast);
      while (!isOver) {
        await send(connection, [post(bodyOf(`h${index}`, index))], 1);
        answered += 1;
      }
      connection.close();
    });
    const health = Buffer.from(LAST);
    for (let asked = 0; asked < 5; asked++) {
      const before = answered;
      expect((await exchange(ports.fast, [health])).map(({ status }) => status)).toEqual([200]);
      while (answered === before) await turn();
    }
    isOver = true;
    await Promise.all(hammers);
    expect(opened.door.inFlight).toBe(0);
  });
});
