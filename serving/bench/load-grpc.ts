import { connect, type Socket } from 'node:net';
import type { Lane, LaneEvents, Lanes } from './load-lanes.ts';
import type { LoadJob } from './load-job.ts';

/**
 * gRPC calls of `inference.GRPCInferenceService/ModelInfer` over HTTP/2 frames that were made beforehand, since a client library costs more than the
 * server that is measured. An answer counts when its stream ended with one whole message in it; a call that failed ends without one, and what its trailers
 * say is not read. RFC 9113 for the frames, grpc/doc/PROTOCOL-HTTP2.md for the messages.
 */
export async function grpcLanes(job: LoadJob, events: LaneEvents): Promise<Lanes> {
  const connections = await Promise.all(
    Array.from({ length: job.connections }, () => GrpcConnection.open(job, events)),
  );
  return {
    // In turn over the connections, so that few requests spread over them.
    lanes: Array.from({ length: job.inFlight }, (_, slot) => connections.map((each) => each.lane(slot))).flat(),
    sweep: (now) => connections.forEach((each) => each.sweep(now)),
    close: () => connections.forEach((each) => each.close()),
  };
}

const FRAME = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, window: 8 } as const;
const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8 } as const;
const FRAME_HEAD_BYTES = 9;
const MESSAGE_HEAD_BYTES = 5;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const LARGEST_WINDOW = 2 ** 31 - 1;
const FIRST_WINDOW = 65_535;
const SETTING = { tableSize: 1, push: 2, window: 4 } as const;
/** What every server takes in one frame. */
const LARGEST_FRAME_BYTES = 16_384;

interface Stream {
  readonly lane: GrpcLane;
  readonly sentAt: number;
  parts: Buffer[];
  bytes: number;
}

class GrpcLane implements Lane {
  readonly #connection: GrpcConnection;
  constructor(connection: GrpcConnection) {
    this.#connection = connection;
  }
  send(request: number): void {
    this.#connection.call(this, request);
  }
}

/** One of the connections that were asked for: another takes its place when the server says goodbye, or when it breaks. */
class GrpcConnection {
  readonly #job: LoadJob;
  readonly #events: LaneEvents;
  readonly #lanes: readonly GrpcLane[];
  readonly #calls: Calls;
  /** The last takes calls; those before it have some to end. */
  #links: Link[] = [];
  #closed = false;

  static async open(job: LoadJob, events: LaneEvents): Promise<GrpcConnection> {
    const connection = new GrpcConnection(job, events);
    await connection.#link().opened;
    return connection;
  }

  private constructor(job: LoadJob, events: LaneEvents) {
    this.#job = job;
    this.#events = events;
    this.#lanes = Array.from({ length: job.inFlight }, () => new GrpcLane(this));
    const headers = headersOf(`${job.host}:${job.port}`);
    this.#calls = { headerBytes: headers.length, frames: job.requests.map(({ bytes }) => callOf(headers, bytes)) };
  }

  lane(slot: number): Lane {
    const found = this.#lanes[slot];
    if (found === undefined) throw new RangeError(`no slot ${slot}`);
    return found;
  }

  call(lane: GrpcLane, request: number): void {
    this.#link().call(lane, request);
  }

  sweep(now: number): void {
    for (const link of this.#links) link.sweep(now);
  }

  close(): void {
    this.#closed = true;
    for (const link of this.#links) link.end('connection', 'closed');
  }

  #link(): Link {
    const last = this.#links.at(-1);
    if (last?.takesCalls === true) return last;
    const link: Link = new Link(this.#job, this.#calls, {
      answered: (lane, answer) => this.#events.answered(lane, answer),
      failed: (lane, complaint) => {
        if (!this.#closed) this.#events.failed(lane, complaint);
      },
      ended: () => {
        this.#links = this.#links.filter((each) => each !== link);
      },
    });
    this.#links.push(link);
    return link;
  }
}

/** Calls as they go over the wire, but for the number of their stream. */
interface Calls {
  readonly headerBytes: number;
  readonly frames: readonly Buffer[];
}

interface LinkEvents extends LaneEvents {
  ended(): void;
}

/** One socket with the streams on it. */
class Link {
  readonly opened: Promise<void>;
  readonly #job: LoadJob;
  readonly #calls: Calls;
  readonly #events: LinkEvents;
  readonly #streams = new Map<number, Stream>();
  readonly #socket: Socket;
  #held: Buffer | undefined;
  #stream = 1;
  /** Bytes of data that the server still takes on this connection, and calls that wait for more. */
  #window = FIRST_WINDOW;
  #blocked: Buffer[] = [];
  #received = 0;
  #ended = false;
  /** False once the server has said goodbye: what is under way is still answered. */
  takesCalls = true;

  constructor(job: LoadJob, calls: Calls, events: LinkEvents) {
    this.#job = job;
    this.#calls = calls;
    this.#events = events;
    const { host, port } = job;
    const socket = connect({ host, port, noDelay: true });
    this.#socket = socket;
    this.opened = new Promise((resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('error', (cause) => reject(new Error(`no connection to ${host}:${port} for the load`, { cause })));
    });
    // Who does not wait for it is told by the calls that fail.
    this.opened.catch(() => {});
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.end('connection', error.message));
    socket.on('end', () => this.end('connection', 'the server closed the connection'));
    socket.on('close', () => this.end('connection', 'the connection was closed'));
    this.#greet();
  }

  call(lane: GrpcLane, request: number): void {
    const frames = this.#calls.frames[request];
    if (frames === undefined) throw new RangeError(`no request ${request}`);
    const stream = this.#stream;
    this.#stream += 2;
    this.#streams.set(stream, { lane, sentAt: performance.now(), parts: [], bytes: 0 });
    const call = Buffer.from(frames);
    call.writeUInt32BE(stream, STREAM_AT);
    call.writeUInt32BE(stream, this.#calls.headerBytes + STREAM_AT);
    this.#blocked.push(call);
    this.#flush();
  }

  sweep(now: number): void {
    for (const { sentAt } of this.#streams.values())
      if (now - sentAt > this.#job.limitMs) {
        this.end('no answer in time', `no answer within ${this.#job.limitMs} ms`);
        return;
      }
  }

  /** Calls that are under way have failed. */
  end(kind: string, says: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.takesCalls = false;
    this.#socket.destroy();
    const lost = [...this.#streams.values()];
    this.#streams.clear();
    this.#events.ended();
    for (const { lane } of lost) this.#events.failed(lane, { kind, says });
  }

  #greet(): void {
    // No table: each answer's headers stand for themselves, and need not be read to keep a table right.
    const settings = Buffer.alloc(3 * 6);
    for (const [index, [name, value]] of [
      [SETTING.tableSize, 0],
      [SETTING.push, 0],
      [SETTING.window, LARGEST_WINDOW],
    ].entries()) {
      settings.writeUInt16BE(name ?? 0, 6 * index);
      settings.writeUInt32BE(value ?? 0, 6 * index + 2);
    }
    this.#socket.write(
      Buffer.concat([
        Buffer.from(PREFACE),
        frame(FRAME.settings, 0, 0, settings),
        frame(FRAME.window, 0, 0, uint32(LARGEST_WINDOW - FIRST_WINDOW)),
      ]),
    );
  }

  /** Sends what the server's window for the connection lets through. */
  #flush(): void {
    while (this.#blocked.length > 0) {
      const call = this.#blocked[0];
      if (call === undefined) return;
      const data = call.length - this.#calls.headerBytes - FRAME_HEAD_BYTES;
      if (data > this.#window) return;
      this.#window -= data;
      this.#blocked.shift();
      this.#socket.write(call);
    }
  }

  #read(chunk: Buffer): void {
    const bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    let at = 0;
    while (bytes.length - at >= FRAME_HEAD_BYTES) {
      const length = bytes.readUIntBE(at, 3);
      const end = at + FRAME_HEAD_BYTES + length;
      if (bytes.length < end) break;
      const [type, flags] = [bytes[at + 3] ?? 0, bytes[at + 4] ?? 0];
      const stream = bytes.readUInt32BE(at + STREAM_AT) & LARGEST_WINDOW;
      this.#frame(type, flags, stream, bytes.subarray(at + FRAME_HEAD_BYTES, end));
      if (this.#ended) return;
      at = end;
    }
    this.#held = at === bytes.length ? undefined : bytes.subarray(at);
  }

  #frame(type: number, flags: number, stream: number, payload: Buffer): void {
    switch (type) {
      case FRAME.data:
        this.#take(stream, flags, payload);
        break;
      case FRAME.headers:
        if ((flags & FLAG.endStream) !== 0) this.#whole(stream);
        break;
      case FRAME.reset:
        this.#failed(stream, 'reset', `the call was reset with code ${payload.readUInt32BE(0)}`);
        break;
      case FRAME.settings:
        if ((flags & FLAG.ack) === 0) this.#socket.write(frame(FRAME.settings, FLAG.ack, 0));
        break;
      case FRAME.ping:
        if ((flags & FLAG.ack) === 0) this.#socket.write(frame(FRAME.ping, FLAG.ack, 0, payload));
        break;
      case FRAME.window:
        if (stream === 0) {
          this.#window += payload.readUInt32BE(0);
          this.#flush();
        }
        break;
      case FRAME.goAway:
        this.takesCalls = false;
        if (payload.readUInt32BE(4) !== 0)
          this.end('connection', `the server said goodbye with code ${payload.readUInt32BE(4)}`);
        break;
    }
  }

  #take(number: number, flags: number, payload: Buffer): void {
    this.#received += payload.length;
    if (this.#received > LARGEST_WINDOW / 2) {
      this.#socket.write(frame(FRAME.window, 0, 0, uint32(this.#received)));
      this.#received = 0;
    }
    if ((flags & FLAG.padded) !== 0) {
      this.end('framing', 'padded data, which nobody here sends');
      return;
    }
    const stream = this.#streams.get(number);
    if (stream !== undefined && payload.length > 0) {
      // `chunk` is this connection's own, and may be kept.
      stream.parts.push(payload);
      stream.bytes += payload.length;
    }
    if ((flags & FLAG.endStream) !== 0) this.#whole(number);
  }

  #whole(number: number): void {
    const stream = this.#streams.get(number);
    if (stream === undefined) return;
    const [only] = stream.parts;
    const whole = stream.parts.length === 1 && only !== undefined ? only : Buffer.concat(stream.parts);
    if (
      whole.length < MESSAGE_HEAD_BYTES ||
      whole.readUInt32BE(1) !== whole.length - MESSAGE_HEAD_BYTES ||
      whole[0] !== 0
    ) {
      this.#failed(number, 'refused', `the call ended with ${whole.length} bytes instead of a message`);
      return;
    }
    this.#streams.delete(number);
    this.#events.answered(stream.lane, { status: 200, body: whole.subarray(MESSAGE_HEAD_BYTES) });
  }

  #failed(number: number, kind: string, says: string): void {
    const stream = this.#streams.get(number);
    this.#streams.delete(number);
    if (stream !== undefined) this.#events.failed(stream.lane, { kind, says });
  }
}

const STREAM_AT = 5;

function callOf(headers: Buffer, message: Uint8Array): Buffer {
  const head = Buffer.alloc(MESSAGE_HEAD_BYTES);
  head.writeUInt32BE(message.length, 1);
  if (message.length + MESSAGE_HEAD_BYTES > LARGEST_FRAME_BYTES)
    throw new RangeError(`a message of ${message.length} bytes does not fit into one frame of ${LARGEST_FRAME_BYTES}`);
  return Buffer.concat([headers, frame(FRAME.data, FLAG.endStream, 0, Buffer.concat([head, message]))]);
}

/** The frame of a call's headers; names and values stand in it as they are, outside of every table (RFC 7541, 6.2.2). */
function headersOf(authority: string): Buffer {
  const fields = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/inference.GRPCInferenceService/ModelInfer'],
    [':authority', authority],
    ['te', 'trailers'],
    ['content-type', 'application/grpc'],
    ['user-agent', 'slipway-bench'],
  ] as const;
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
  const block = Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
  return frame(FRAME.headers, FLAG.endHeaders, 0, block);
}

function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, STREAM_AT);
  return Buffer.concat([head, payload]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
