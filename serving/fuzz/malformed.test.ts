import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awkwardRevision, loansFiles, loansRevision } from '../daemon/loans.fixture.ts';
import { type TestFleet, openTestFleet } from '../daemon/test-fleet.ts';
import { MALFORMED, type MalformedRequest, RECORD, WELL_FORMED, post } from './malformed-requests.ts';
import { type RawAnswer, RawConnection } from './raw-connection.ts';

let fleet: TestFleet;
let port: number;
let expected: unknown;
const loans = loansRevision('1.0.0', 'v1_champion');
const float64 = awkwardRevision('float64_io.onnx');
const LIMIT_MS = 20_000;

beforeAll(async () => {
  fleet = await openTestFleet();
  port = Number(new URL(fleet.url).port);
  await fleet.bring(loansFiles(), loans);
  await fleet.bring(float64.bytes, float64.target);
  for (const { model, revision } of [loans, float64.target]) {
    await fleet.turn(model, [{ revision, weight: 100 }]);
    await fleet.ready(model, revision);
  }
  expected = await (await fleet.infer('loans', JSON.parse(WELL_FORMED))).json();
});
afterAll(async () => {
  await fleet.close();
});

/** Sends the parts on a connection of their own; the first answer, and whether the connection ended behind it. */
async function answerTo({ parts }: Pick<MalformedRequest, 'parts'>): Promise<RawAnswer | undefined> {
  const connection = new RawConnection(port);
  try {
    for (const part of parts) await connection.send(part);
    return await connection.answer(LIMIT_MS);
  } finally {
    connection.close();
  }
}

function errorOf(answer: RawAnswer | undefined): string {
  if (answer === undefined) return '';
  const { headers, body } = answer;
  expect(headers.get('content-type')).toContain('application/json');
  const parsed: unknown = JSON.parse(body.toString());
  expect(parsed).toEqual({ error: expect.any(String) });
  return typeof parsed === 'object' && parsed !== null && 'error' in parsed ? String(parsed.error) : '';
}

/** What everybody else gets meanwhile. */
const answerForOthers = async (): Promise<unknown> => (await fleet.infer('loans', JSON.parse(WELL_FORMED))).json();

const inFlight = async (): Promise<string> => {
  const text = await (await fetch(`${fleet.adminUrl}/metrics`)).text();
  return text.split('\n').find((line) => line.startsWith('nv_inference_pending_request_count')) ?? '';
};

describe('each malformed request gets its error, and nobody else notices', () => {
  it.each(MALFORMED.map((request) => [request.name, request] as const))('%s', async (_, request) => {
    const answer = await answerTo(request);
    expect(answer?.status).toBe(request.status);
    expect(errorOf(answer)).toMatch(request.says ?? /./);
    expect(await answerForOthers()).toEqual(expected);
  });
});

describe('what is smuggled is not answered', () => {
  const hidden = `GET /v2/models/loans HTTP/1.1\r\nHost: fleet\r\n\r\n`;
  const head = (...lines: readonly string[]): string =>
    ['POST /v2/models/loans/infer HTTP/1.1', 'Host: fleet', ...lines].join('\r\n') + '\r\n\r\n';
  it.each([
    ['behind a length and chunks', `${head('Content-Length: 6', 'Transfer-Encoding: chunked')}0\r\n\r\n${hidden}`],
    ['behind chunks and a length', `${head('Transfer-Encoding: chunked', 'Content-Length: 6')}0\r\n\r\n${hidden}`],
    ['behind two lengths', `${head('Content-Length: 0', `Content-Length: ${hidden.length}`)}${hidden}`],
    ['behind an encoding nobody knows', `${head('Transfer-Encoding: chunked, identity')}0\r\n\r\n${hidden}`],
    [
      'behind a length that a tab hides',
      `${head('Content-Length:\t0', `Content-Length\t: ${hidden.length}`)}${hidden}`,
    ],
    [
      'behind a bare carriage return',
      `${head('X: a\rContent-Length: 0', `Content-Length: ${hidden.length}`)}${hidden}`,
    ],
  ])('%s', async (_, bytes) => {
    const connection = new RawConnection(port);
    try {
      await connection.send(bytes);
      const first = await connection.answer(LIMIT_MS);
      expect(first?.status).toBe(400);
      // The connection ends: a second answer would be the smuggled request's.
      await expect(connection.answer(LIMIT_MS)).resolves.toBeUndefined();
    } finally {
      connection.close();
    }
    expect(await answerForOthers()).toEqual(expected);
  });
});

describe('what senders may do', () => {
  it('answers requests that come in one piece in their order, each with its own answer', async () => {
    const connection = new RawConnection(port);
    const ids = ['a', 'b', 'c', 'd', 'e'];
    try {
      await connection.send(
        Buffer.concat(
          ids.flatMap((id) => [
            Buffer.from(post('/v2/models/loans/infer', JSON.stringify({ id, ...JSON.parse(WELL_FORMED) }))),
            Buffer.from('GET /v2/health/live HTTP/1.1\r\nHost: fleet\r\n\r\n'),
          ]),
        ),
      );
      for (const id of ids) {
        expect(JSON.parse(String((await connection.answer(LIMIT_MS))?.body))).toMatchObject({ id });
        expect(JSON.parse(String((await connection.answer(LIMIT_MS))?.body))).toEqual({ live: true });
      }
    } finally {
      connection.close();
    }
  });

  it('answers a request that comes byte by byte', async () => {
    const connection = new RawConnection(port);
    try {
      for (const byte of post('/v1/models/loans:predict', JSON.stringify({ instances: [RECORD] })))
        await connection.send(Uint8Array.of(byte));
      expect((await connection.answer(LIMIT_MS))?.status).toBe(200);
    } finally {
      connection.close();
    }
  });

  it('takes a sender that has ended its own side for gone', async () => {
    const connection = new RawConnection(port);
    await connection.send(post('/v2/models/loans/infer', WELL_FORMED));
    connection.endSending();
    await connection.ended(LIMIT_MS);
    connection.close();
    expect(await answerForOthers()).toEqual(expected);
  });

  it.each([
    ['its head', 'POST /v2/models/loans/infer HTT'],
    ['its body', 'POST /v2/models/loans/infer HTTP/1.1\r\nHost: fleet\r\nContent-Length: 500\r\n\r\n{"inputs"'],
    ['its body, which node:http reads', 'PUT /v2 HTTP/1.1\r\nHost: fleet\r\nContent-Length: 500\r\n\r\n{"inputs"'],
  ])('keeps no connection whose sender ends inside of %s', async (_, bytes) => {
    const connection = new RawConnection(port);
    await connection.send(bytes);
    connection.endSending();
    await connection.ended(LIMIT_MS);
    // Whether somebody who has hung up is told is of no account; that it is no answer is.
    const said = await connection.answer(LIMIT_MS).catch(() => undefined);
    expect([undefined, 400, 405]).toContain(said?.status);
    expect(await answerForOthers()).toEqual(expected);
  });

  it('says "100 Continue" to a sender that waits for it', async () => {
    const connection = new RawConnection(port);
    try {
      await connection.send(
        `POST /v2/models/loans/infer HTTP/1.1\r\nHost: fleet\r\nExpect: 100-continue\r\nContent-Length: ${WELL_FORMED.length}\r\n\r\n`,
      );
      await connection.send(WELL_FORMED);
      expect((await connection.answer(LIMIT_MS))?.status).toBe(200);
    } finally {
      connection.close();
    }
  });

  it('takes chunks', async () => {
    const half = Math.trunc(WELL_FORMED.length / 2);
    const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
    const answer = await answerTo({
      parts: [
        'POST /v2/models/loans/infer HTTP/1.1\r\nHost: fleet\r\nTransfer-Encoding: chunked\r\n\r\n',
        chunk(WELL_FORMED.slice(0, half)),
        chunk(WELL_FORMED.slice(half)),
        '0\r\n\r\n',
      ],
    });
    expect(answer?.status).toBe(200);
  });

  it('keeps nothing of senders that go away in the middle', async () => {
    for (let k = 0; k < 50; k++) {
      const connection = new RawConnection(port);
      await connection.send(post('/v2/models/loans/infer', WELL_FORMED).subarray(0, 20 + k * 5));
      connection.close();
    }
    expect(await answerForOthers()).toEqual(expected);
    // Only the callers of this test are left: what came half is not kept as being under way.
    await fleet.until('nothing is under way', async () => / 0$/m.test(await inFlight()));
    expect(await inFlight()).toMatch(/^nv_inference_pending_request_count 0$/m);
  });
});
