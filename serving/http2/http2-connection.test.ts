import { once } from 'node:events';
import { connect } from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldBlock } from './field-block.ts';
import { CODE, FLAG, FRAME, LARGEST_STREAM, PREFACE, SETTING } from './frames.ts';
import { Http2Connection, MOST_STREAMS } from './http2-connection.ts';
import type { Http2Stream } from './http2-stream.ts';
import { REQUEST, ask, asking, data, echo, frameOf, openPeer, settingsOf, uint32 } from './peer.fixture.ts';

const { endStream, endHeaders, padded, ack } = FLAG;

describe('a connection of HTTP/2', () => {
  it('answers requests that come together, in pieces or padded', async () => {
    const peer = openPeer();
    await peer.greet();
    await peer.send(ask(1, 'one'), asking(3, 0), data(3, 'th', 0), ask(5, 'five'), data(3, 'ree'));
    await peer.send(asking(7, 0), frameOf(FRAME.data, padded | endStream, 7, Buffer.from('\x03seven\0\0\0')));
    const block = fieldBlock(REQUEST);
    await peer.send(
      frameOf(
        FRAME.headers,
        padded | 32,
        9,
        Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 16]), block.subarray(0, 4), Buffer.alloc(2)]),
      ),
      frameOf(FRAME.continuation, 0, 9, block.subarray(4, 9)),
      frameOf(FRAME.continuation, endHeaders, 9, block.subarray(9)),
      data(9, 'nine'),
    );
    expect([1, 3, 5, 7, 9].map((stream) => String(peer.dataOf(stream)))).toEqual([
      'one',
      'three',
      'five',
      'seven',
      'nine',
    ]);
    expect(peer.fields().get(9)).toEqual([
      [':status', '200'],
      ['content-type', 'text/plain'],
      ['done', 'yes'],
    ]);
    expect(peer.of(FRAME.settings).filter(({ flags }) => flags === ack)).toHaveLength(1);
    expect(peer.connection.streams).toBe(0);
  });

  it('gives the same answers whatever pieces its bytes come in', async () => {
    const whole = Buffer.concat([
      PREFACE,
      settingsOf(),
      ask(1, 'a'),
      ask(3, Buffer.alloc(20_000 - 4_000, 7)),
      ask(5, 'c'),
    ]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 12 }), async (cuts) => {
        const peer = openPeer();
        const ends = [...cuts.toSorted((a, b) => a - b), whole.length];
        for (const [index, end] of ends.entries()) await peer.send(whole.subarray(ends[index - 1] ?? 0, end));
        expect([1, 3, 5].map((stream) => peer.dataOf(stream).length)).toEqual([1, 16_000, 1]);
        peer.connection.destroy();
      }),
      { numRuns: 30 },
    );
  });

  it('reads a head that comes again as it was before, and not what looks like it', async () => {
    const peer = openPeer();
    await peer.greet();
    // Kept in the table: the same bytes would mean another field each time.
    const growing = Buffer.concat([fieldBlock(REQUEST), Buffer.from([0x40, 1, 0x61, 1, 0x62])]);
    const referring = Buffer.concat([fieldBlock(REQUEST), Buffer.from([0xbe])]);
    const headers = (stream: number, block: Buffer) => frameOf(FRAME.headers, endHeaders | endStream, stream, block);
    await peer.send(headers(1, growing), headers(3, growing), headers(5, referring), headers(7, referring));
    await peer.send(headers(9, Buffer.concat([fieldBlock(REQUEST), Buffer.from([0x40, 1, 0x63, 1, 0x64])])));
    await peer.send(headers(11, referring));
    expect(peer.streams.map(({ head }) => ({ ...head.headers }))).toEqual([
      { a: 'b' },
      { a: 'b' },
      { a: 'b' },
      { a: 'b' },
      { c: 'd' },
      { c: 'd' },
    ]);
    expect(peer.streams[2]?.head).toBe(peer.streams[3]?.head);
  });
});

describe('what ends a connection', () => {
  const request = fieldBlock(REQUEST);
  it.each<[string, readonly Buffer[], number]>([
    ['a frame larger than is taken', [frameOf(FRAME.data, 0, 1, Buffer.alloc(16_385))], CODE.frameSize],
    ['DATA of no stream', [data(0, 'x')], CODE.protocol],
    ['DATA of a stream that nobody opened', [data(1, 'x')], CODE.protocol],
    [
      'padding that is longer than its frame',
      [asking(1, 0), frameOf(FRAME.data, padded, 1, Buffer.of(9, 1))],
      CODE.protocol,
    ],
    ['a stream with an even number', [asking(2, endStream)], CODE.protocol],
    ['a stream that was closed', [ask(1, 'x'), asking(1, endStream)], CODE.streamClosed],
    ['a stream of the past', [ask(5, 'x'), asking(3, endStream)], CODE.streamClosed],
    ['a block within a block', [frameOf(FRAME.headers, 0, 1, request), asking(3, endStream)], CODE.protocol],
    [
      'something else within a block',
      [frameOf(FRAME.headers, 0, 1, request), frameOf(FRAME.ping, 0, 0, Buffer.alloc(8))],
      CODE.protocol,
    ],
    [
      'a block that goes on elsewhere',
      [frameOf(FRAME.headers, 0, 1, request), frameOf(FRAME.continuation, endHeaders, 3)],
      CODE.protocol,
    ],
    ['CONTINUATION of nothing', [frameOf(FRAME.continuation, endHeaders, 1)], CODE.protocol],
    ['a block that cannot be read', [frameOf(FRAME.headers, endHeaders, 1, Buffer.of(0xbe))], CODE.compression],
    [
      'trailers that cannot be read',
      [asking(1, 0), frameOf(FRAME.headers, endHeaders | endStream, 1, Buffer.of(0xbe))],
      CODE.compression,
    ],
    ['PUSH_PROMISE', [frameOf(FRAME.pushPromise, 0, 1, Buffer.alloc(4))], CODE.protocol],
    ['RST_STREAM of a stream that nobody opened', [frameOf(FRAME.reset, 0, 1, uint32(0))], CODE.protocol],
    ['half a RST_STREAM', [asking(1, 0), frameOf(FRAME.reset, 0, 1, Buffer.alloc(3))], CODE.frameSize],
    ['SETTINGS of a stream', [frameOf(FRAME.settings, 0, 1)], CODE.protocol],
    ['half a setting', [frameOf(FRAME.settings, 0, 0, Buffer.alloc(5))], CODE.frameSize],
    ['an answer to SETTINGS that says something', [frameOf(FRAME.settings, ack, 0, Buffer.alloc(6))], CODE.frameSize],
    ['a window beyond all', [settingsOf([[SETTING.window, 2 ** 31]])], CODE.flowControl],
    ['frames smaller than all take', [settingsOf([[SETTING.frameBytes, 16_383]])], CODE.protocol],
    ['push that is neither on nor off', [settingsOf([[SETTING.push, 2]])], CODE.protocol],
    [
      'a stream’s window that its settings make too large',
      [asking(1, 0), frameOf(FRAME.window, 0, 1, uint32(2 ** 31 - 65_536)), settingsOf([[SETTING.window, 70_000]])],
      CODE.flowControl,
    ],
    ['PING of a stream', [frameOf(FRAME.ping, 0, 1, Buffer.alloc(8))], CODE.protocol],
    ['half a PING', [frameOf(FRAME.ping, 0, 0, Buffer.alloc(4))], CODE.frameSize],
    ['no more window', [frameOf(FRAME.window, 0, 0, uint32(0))], CODE.protocol],
    ['too much window', [frameOf(FRAME.window, 0, 0, uint32(2 ** 31 - 1))], CODE.flowControl],
    ['window of a stream that nobody opened', [frameOf(FRAME.window, 0, 1, uint32(1))], CODE.protocol],
    ['half a GOAWAY', [frameOf(FRAME.goAway, 0, 0, Buffer.alloc(7))], CODE.frameSize],
  ])('%s', async (_, frames, code) => {
    const peer = openPeer();
    await peer.greet();
    await peer.send(...frames);
    expect(peer.goneWith).toBe(code);
    expect(peer.closed).toBe(1);
    expect(peer.server.writableEnded).toBe(true);
  });

  it.each([
    ['HTTP/1.1', Buffer.from('POST / HTTP/1.1\r\nhost: x\r\n\r\n')],
    ['a preface without SETTINGS', Buffer.concat([PREFACE, ask(1, 'x')])],
  ])('%s', async (_, bytes) => {
    const peer = openPeer();
    await peer.send(bytes);
    expect(peer.goneWith).toBe(CODE.protocol);
    expect(peer.streams).toEqual([]);
  });

  it.each<[string, (k: number) => Buffer]>([
    [
      'calls that are cut off at once',
      (k) => Buffer.concat([asking(2 * k + 1, 0), frameOf(FRAME.reset, 0, 2 * k + 1, uint32(8))]),
    ],
    [
      'calls that have the server cut them off',
      (k) => Buffer.concat([asking(2 * k + 1, 0), frameOf(FRAME.window, 0, 2 * k + 1, uint32(0))]),
    ],
    ['heads that are none', (k) => asking(2 * k + 1, endStream, [['a', 'b']])],
    ['SETTINGS', () => settingsOf()],
    ['DATA without anything', (k) => Buffer.concat([k === 0 ? asking(1, 0) : Buffer.alloc(0), data(1, '', 0)])],
  ])('too many %s', async (_, frame) => {
    const peer = openPeer();
    await peer.greet();
    for (let k = 0; k < 1500; k++) peer.client.write(frame(k));
    await peer.settle(200);
    expect(peer.goneWith).toBe(CODE.calm);
    expect(peer.connection.streams).toBe(0);
  });

  it.each([
    ['frames', Array.from({ length: 40 }, () => Buffer.of(0x82))],
    ['bytes', Array.from({ length: 6 }, () => Buffer.alloc(16_000, 0x82))],
  ])('a block of too many %s', async (_, parts) => {
    const peer = openPeer();
    await peer.greet();
    await peer.send(frameOf(FRAME.headers, 0, 1), ...parts.map((part) => frameOf(FRAME.continuation, 0, 1, part)));
    expect(peer.goneWith).toBe(CODE.calm);
  });
});

describe('what ends one stream alone', () => {
  it.each<[string, readonly Buffer[], number]>([
    [
      'a head without a path',
      [
        asking(1, endStream, [
          [':method', 'POST'],
          [':scheme', 'http'],
        ]),
      ],
      CODE.protocol,
    ],
    ['a field twice that may come once', [asking(1, endStream, [...REQUEST, [':path', '/here']])], CODE.protocol],
    ['a field of the kind that nobody knows', [asking(1, endStream, [[':what', 'x'], ...REQUEST])], CODE.protocol],
    ['such a field behind others', [asking(1, endStream, [['a', 'b'], ...REQUEST])], CODE.protocol],
    ['a name in capitals', [asking(1, endStream, [...REQUEST, ['Name', 'x']])], CODE.protocol],
    ['a name that is none', [asking(1, endStream, [...REQUEST, ['na me', 'x']])], CODE.protocol],
    ['a value with two lines', [asking(1, endStream, [...REQUEST, ['a', 'b\r\nc: d']])], CODE.protocol],
    [
      'a field of HTTP/1.1’s framing',
      [asking(1, endStream, [...REQUEST, ['transfer-encoding', 'chunked']])],
      CODE.protocol,
    ],
    ['te that is not trailers', [asking(1, endStream, [...REQUEST, ['te', 'gzip']])], CODE.protocol],
    [
      'a head that is too large',
      [
        frameOf(
          FRAME.headers,
          endHeaders | endStream,
          1,
          Buffer.concat([
            Buffer.from([0x40, 1, 0x61, 0x7f, 0xa1, 0x1e]),
            Buffer.alloc(4000, 'x'),
            Buffer.alloc(100, 0xbe),
          ]),
        ),
      ],
      CODE.calm,
    ],
    [
      'a body shorter than announced',
      [asking(1, 0, [...REQUEST, ['content-length', '4']]), data(1, 'abc')],
      CODE.protocol,
    ],
    [
      'a body longer than announced',
      [asking(1, 0, [...REQUEST, ['content-length', '2']]), data(1, 'abc')],
      CODE.protocol,
    ],
    ['a head in place of trailers', [asking(1, 0), asking(1, endStream)], CODE.protocol],
    ['trailers that do not end it', [asking(1, 0), asking(1, 0, [['a', 'b']])], CODE.protocol],
    ['DATA behind its end', [ask(1, 'x'), data(1, 'y')], CODE.streamClosed],
    ['a window by nothing', [asking(1, 0), frameOf(FRAME.window, 0, 1, uint32(0))], CODE.protocol],
    ['a window beyond all', [asking(1, 0), frameOf(FRAME.window, 0, 1, uint32(2 ** 31 - 1))], CODE.flowControl],
    ['a priority of the wrong size', [asking(1, 0), frameOf(FRAME.priority, 0, 1, Buffer.alloc(4))], CODE.frameSize],
  ])('%s', async (_, frames, code) => {
    const peer = openPeer();
    await peer.greet();
    await peer.send(...frames);
    expect(peer.resetWith(1)).toBe(code);
    await peer.send(ask(3, 'still here'));
    expect(String(peer.dataOf(3))).toBe('still here');
    expect(peer.goneWith).toBeUndefined();
  });

  it('is one more than a connection may have at once; with one less, it is taken again', async () => {
    const peer = openPeer();
    await peer.greet();
    const [settings] = peer.of(FRAME.settings);
    expect([settings?.payload.readUInt16BE(0), settings?.payload.readUInt32BE(2)]).toEqual([
      SETTING.streams,
      MOST_STREAMS,
    ]);
    await peer.send(...Array.from({ length: MOST_STREAMS + 1 }, (_, k) => asking(2 * k + 1, 0)));
    const refused = 2 * MOST_STREAMS + 1;
    expect(peer.of(FRAME.reset).map(({ stream }) => stream)).toEqual([refused]);
    expect(peer.resetWith(refused)).toBe(CODE.refused);
    // Its body was under way.
    await peer.send(data(refused, 'x', 0), data(1, 'one'), ask(refused + 2, 'another'));
    expect(String(peer.dataOf(refused + 2))).toBe('another');
    expect(peer.goneWith).toBeUndefined();
  });

  it('is its caller’s hanging up, of which who answers hears once', async () => {
    let gone = 0;
    const peer = openPeer((stream) => {
      stream.events = { data() {}, ended() {}, gone: () => (gone += 1) };
    });
    await peer.greet();
    await peer.send(ask(1, 'x'), frameOf(FRAME.reset, 0, 1, uint32(8)), frameOf(FRAME.reset, 0, 1, uint32(8)));
    expect(gone).toBe(1);
    peer.streams[0]?.answer(fieldBlock([[':status', '200']]), Buffer.from('late'), fieldBlock([]));
    await peer.send(asking(3, 0));
    peer.client.destroy();
    await peer.settle();
    expect(gone).toBe(2);
    expect(peer.dataOf(1)).toHaveLength(0);
  });

  it('is an answer before the whole request: what still comes of it is dropped', async () => {
    const peer = openPeer((stream) => {
      stream.respond(fieldBlock([[':status', '404']]), true);
    });
    await peer.greet();
    await peer.send(asking(1, 0), data(1, 'much', 0), data(1, 'more', 0), asking(1, endStream, [['a', 'b']]));
    expect(peer.resetWith(1)).toBe(CODE.none);
    expect(peer.of(FRAME.reset)).toHaveLength(1);
    expect(peer.goneWith).toBeUndefined();
  });
});

describe('flow control', () => {
  const silent = (stream: Http2Stream): void => {
    stream.events = { data() {}, ended() {}, gone() {} };
  };

  it('sends no more than the client takes, of a stream and of all', async () => {
    const peer = openPeer();
    await peer.greet([SETTING.window, 10]);
    await peer.send(ask(1, 'abcdefghijklmnopqrst'));
    expect(String(peer.dataOf(1))).toBe('abcdefghij');
    await peer.send(frameOf(FRAME.window, 0, 1, uint32(3)));
    expect(String(peer.dataOf(1))).toBe('abcdefghijklm');
    // A window below nothing: what was promised before is used up first.
    await peer.send(settingsOf([[SETTING.window, 5]]), frameOf(FRAME.window, 0, 1, uint32(5)));
    expect(String(peer.dataOf(1))).toBe('abcdefghijklm');
    await peer.send(settingsOf([[SETTING.window, 2 ** 20]]));
    expect(String(peer.dataOf(1))).toBe('abcdefghijklmnopqrst');
    await peer.send(
      ask(3, Buffer.alloc(16_000)),
      ask(5, Buffer.alloc(16_000)),
      ask(7, Buffer.alloc(16_000)),
      ask(9, Buffer.alloc(16_000)),
      ask(11, Buffer.alloc(16_000, 1)),
    );
    const all = () => [1, 3, 5, 7, 9, 11].reduce((sum, stream) => sum + peer.dataOf(stream).length, 0);
    expect(all()).toBe(65_535);
    await peer.send(frameOf(FRAME.window, 0, 0, uint32(20_000)));
    expect(all()).toBe(80_020);
    expect(peer.connection.streams).toBe(0);
  });

  it('cuts what is longer than a frame into several', async () => {
    const body = Buffer.from(Array.from({ length: 40_000 }, (_, k) => k % 251));
    const peer = openPeer();
    await peer.greet([SETTING.window, 2 ** 20]);
    await peer.send(
      asking(1, 0),
      data(1, body.subarray(0, 16_384), 0),
      data(1, body.subarray(16_384, 32_768), 0),
      data(1, body.subarray(32_768)),
    );
    expect(peer.dataOf(1).equals(body)).toBe(true);
    expect(peer.of(FRAME.data).map(({ payload }) => payload.length)).toEqual([16_384, 16_384, 7_232]);
  });

  it('tells who sends on when there is room again', async () => {
    const drained: string[] = [];
    const peer = openPeer((stream) => {
      stream.events = { data() {}, ended() {}, gone() {}, drained: () => drained.push('again') };
      stream.respond(fieldBlock([[':status', '200']]), false);
    });
    await peer.greet([SETTING.window, 4]);
    await peer.send(asking(1, endStream));
    const [stream] = peer.streams;
    expect(stream?.send(Buffer.from('abcd'))).toBe(true);
    expect(stream?.send(Buffer.from('efgh'))).toBe(false);
    await peer.send(frameOf(FRAME.window, 0, 1, uint32(2)));
    expect(drained).toEqual([]);
    await peer.send(frameOf(FRAME.window, 0, 1, uint32(2)));
    expect(drained).toEqual(['again']);
    stream?.end(fieldBlock([['done', 'yes']]));
    await peer.settle();
    expect(String(peer.dataOf(1))).toBe('abcdefgh');
    expect(peer.fields().get(1)?.at(-1)).toEqual(['done', 'yes']);
  });

  it('takes a window’s worth of a request that nobody reads, and more as it is read', async () => {
    const peer = openPeer(silent);
    await peer.greet();
    const piece = Buffer.alloc(16_384);
    await peer.send(asking(1, 0));
    for (let k = 0; k < 64; k++) await peer.send(data(1, piece, 0));
    expect(peer.resetWith(1)).toBeUndefined();
    // The connection's window does not wait for anybody.
    expect(
      peer
        .of(FRAME.window)
        .slice(1)
        .map(({ stream }) => stream),
    ).toEqual([0, 0]);
    peer.streams[0]?.consumed(600_000);
    await peer.send(...Array.from({ length: 36 }, () => data(1, piece, 0)));
    expect(
      peer
        .of(FRAME.window)
        .filter(({ stream }) => stream === 1)
        .map(({ payload }) => payload.readUInt32BE(0)),
    ).toEqual([600_000]);
    expect(peer.resetWith(1)).toBeUndefined();
    await peer.send(data(1, piece, 0));
    expect(peer.resetWith(1)).toBe(CODE.flowControl);
  });

  it('reads nothing more of a client that does not read what it is told', async () => {
    const peer = openPeer();
    await peer.greet();
    peer.client.pause();
    const pings = Buffer.concat(Array.from({ length: 1000 }, () => frameOf(FRAME.ping, 0, 0, Buffer.alloc(8))));
    for (let k = 0; k < 400; k++) peer.client.write(pings);
    await peer.settle(2000);
    expect(peer.server.isPaused()).toBe(true);
    expect(peer.server.writableLength).toBeLessThan(2 ** 21);
    peer.client.resume();
    await peer.settle(4000);
    expect(peer.of(FRAME.ping)).toHaveLength(400_000);
  });
});

describe('leaving', () => {
  it('answers what was begun before the client heard of it, and ends', async () => {
    const peer = openPeer();
    await peer.greet();
    await peer.send(asking(1, 0));
    peer.connection.goAway();
    await peer.settle();
    const [first] = peer.of(FRAME.goAway);
    expect([first?.payload.readUInt32BE(0), peer.goneWith]).toEqual([LARGEST_STREAM, CODE.none]);
    await peer.send(ask(3, 'on its way'));
    const [ping] = peer.of(FRAME.ping);
    await peer.send(frameOf(FRAME.ping, ack, 0, ping?.payload));
    expect(peer.of(FRAME.goAway).at(-1)?.payload.readUInt32BE(0)).toBe(3);
    await peer.send(ask(5, 'too late'), data(1, 'first'));
    expect(peer.streams).toHaveLength(2);
    expect([1, 3, 5].map((stream) => String(peer.dataOf(stream)))).toEqual(['first', 'on its way', '']);
    expect(peer.server.writableEnded).toBe(true);
    expect(peer.goneWith).toBe(CODE.none);
  });
});

describe('a client as others wrote it', () => {
  it('is understood, whatever its heads hold: its library packs and remembers them as it likes', async () => {
    const heads: Readonly<Record<string, string>>[] = [];
    const server = createServer((socket) => {
      const connection = new Http2Connection(socket, {
        request(stream) {
          heads.push({ ...stream.head.headers });
          echo(stream);
        },
        closed() {},
      });
      socket.on('data', (chunk: Buffer) => connection.read(chunk));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const value = fc
      .array(
        fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f),
        { maxLength: 60 },
      )
      .map((codes) => String.fromCharCode(...codes).trim());
    const name = fc.stringMatching(/^x-[a-z0-9_.!#-]{1,12}$/);
    try {
      await fc.assert(
        fc.asyncProperty(fc.dictionary(name, value), fc.uint8Array({ maxLength: 3000 }), async (headers, body) => {
          const stream = session.request({ ':method': 'POST', ':path': '/', ...headers });
          stream.end(body);
          const pieces: Buffer[] = [];
          for await (const piece of stream) pieces.push(piece as Buffer);
          expect(Buffer.concat(pieces)).toEqual(Buffer.from(body));
          expect(heads.pop()).toEqual(Object.fromEntries(Object.entries(headers)));
        }),
        { numRuns: 300 },
      );
    } finally {
      session.close();
      server.close();
    }
  });
});

describe('whatever bytes come', () => {
  it('the server goes on or says goodbye, and each stream ends once', async () => {
    const good = Buffer.concat([
      settingsOf([[SETTING.window, 40]]),
      ask(1, 'abc'),
      asking(3, 0),
      data(3, 'x'.repeat(90), 0),
      frameOf(FRAME.ping, 0, 0, Buffer.alloc(8)),
      frameOf(FRAME.window, 0, 0, uint32(100)),
      data(3, 'end'),
      frameOf(FRAME.reset, 0, 3, uint32(8)),
      ask(5, 'last'),
    ]);
    const change = fc.record({ at: fc.nat(good.length - 1), byte: fc.nat(255), drop: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const ends = new Map<number, number>();
        const peer = openPeer((stream) => {
          echo(stream);
          const { events } = stream;
          const ended = (): void => void ends.set(stream.id, (ends.get(stream.id) ?? 0) + 1);
          stream.events = {
            ...events,
            ended: () => (ended(), events.ended()),
            gone: () => (stream.isRemoteOpen ? ended() : undefined),
          };
        });
        const bytes = [...good];
        for (const { at, byte, drop } of changes) bytes.splice(at, drop ? 1 : 0, byte);
        await peer.send(PREFACE, Buffer.from(bytes));
        peer.client.destroy();
        await peer.settle();
        expect([...ends.values()].every((times) => times === 1)).toBe(true);
        expect(ends.size).toBe(peer.streams.length);
        expect(peer.closed).toBe(1);
        expect(peer.connection.streams).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });
});
