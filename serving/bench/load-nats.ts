import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { LoadJob } from './load-job.ts';
import type { Lane, LaneEvents, Lanes } from './load-lanes.ts';

/**
 * Requests over NATS by its client protocol (docs.nats.io/reference/reference-protocols/nats-protocol), written by hand: the client library costs three times what a
 * worker costs. Each slot has a reply subject of its own, so an answer is known by where it comes.
 */
export async function natsLanes(job: LoadJob, events: LaneEvents): Promise<Lanes> {
  const connections = await Promise.all(Array.from({ length: job.connections }, () => open(job, events)));
  return {
    lanes: Array.from({ length: job.inFlight }, (_, slot) =>
      connections.flatMap(({ lanes }) => lanes[slot] ?? []),
    ).flat(),
    sweep: (now) => connections.forEach((connection) => connection.sweep(now)),
    close: () => connections.forEach((connection) => connection.close()),
  };
}

async function open(job: LoadJob, events: LaneEvents): Promise<NatsConnection> {
  const socket = connect({ host: job.host, port: job.port, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve());
    socket.once('error', (cause) =>
      reject(new Error(`no connection to ${job.host}:${job.port} for the load`, { cause })),
    );
  });
  // Nobody's before: what an earlier job was still owed must not come here.
  return new NatsConnection(socket, job, events, `_INBOX.${randomUUID()}`);
}

const LINE_END = '\r\n';

class NatsConnection {
  readonly #socket: Socket;
  readonly #job: LoadJob;
  readonly #events: LaneEvents;
  readonly lanes: readonly NatsLane[];
  #held: Buffer | undefined;

  constructor(socket: Socket, job: LoadJob, events: LaneEvents, inbox: string) {
    this.#socket = socket;
    this.#job = job;
    this.#events = events;
    const subject = job.subject ?? '';
    this.lanes = Array.from(
      { length: job.inFlight },
      (_, slot) => new NatsLane(socket, job, `${subject} ${inbox}.${slot}`),
    );
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => {});
    socket.on('close', () => this.#gone());
    socket.write(`CONNECT {"verbose":false,"headers":true,"no_responders":true}${LINE_END}SUB ${inbox}.* 1${LINE_END}`);
  }

  sweep(now: number): void {
    for (const lane of this.lanes)
      if (lane.sentAt !== undefined && now - lane.sentAt > this.#job.limitMs) {
        lane.sentAt = undefined;
        this.#events.failed(lane, { kind: 'no answer in time', says: `no answer within ${this.#job.limitMs} ms` });
      }
  }

  close(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }

  #gone(): void {
    for (const lane of this.lanes)
      if (lane.sentAt !== undefined) {
        lane.sentAt = undefined;
        this.#events.failed(lane, { kind: 'connection', says: 'the bus closed the connection' });
      }
  }

  #read(chunk: Buffer): void {
    const bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    let at = 0;
    for (;;) {
      const lineEnd = bytes.indexOf(LINE_END, at);
      if (lineEnd === -1) break;
      const line = bytes.toString('latin1', at, lineEnd);
      const [verb, subject = '', , ...sizes] = line.split(' ');
      if (verb !== 'MSG' && verb !== 'HMSG') {
        if (verb === 'PING') this.#socket.write(`PONG${LINE_END}`);
        at = lineEnd + LINE_END.length;
        continue;
      }
      // MSG subject sid [reply] bytes; HMSG subject sid [reply] header-bytes bytes.
      const total = Number(sizes.at(-1));
      const headBytes = verb === 'HMSG' ? Number(sizes.at(-2)) : 0;
      const bodyAt = lineEnd + LINE_END.length;
      if (bytes.length < bodyAt + total + LINE_END.length) break;
      this.#answered(
        subject,
        bytes.subarray(bodyAt, bodyAt + headBytes),
        bytes.subarray(bodyAt + headBytes, bodyAt + total),
      );
      at = bodyAt + total + LINE_END.length;
    }
    this.#held = at === bytes.length ? undefined : bytes.subarray(at);
  }

  #answered(subject: string, head: Buffer, body: Buffer): void {
    const lane = this.lanes[Number(subject.slice(subject.lastIndexOf('.') + 1))];
    if (lane?.sentAt === undefined) return;
    lane.sentAt = undefined;
    const text = head.toString('latin1');
    const [, line, service] = STATUS.exec(text) ?? [];
    const status = Number(line ?? service ?? 200);
    const jsonBytes = JSON_LENGTH.exec(text)?.[1];
    this.#events.answered(lane, { status, body, ...(jsonBytes === undefined ? {} : { jsonBytes: Number(jsonBytes) }) });
  }
}

/** In the status line (503: nobody listens), or as our replicas say it. */
const STATUS = /^NATS\/1\.0 (\d{3})|\r\nnats-service-error-code: *(\d{3})/i;
const JSON_LENGTH = /\r\ninference-header-content-length: *(\d+)/i;

class NatsLane implements Lane {
  readonly #socket: Socket;
  readonly #requests: readonly Buffer[];
  sentAt: number | undefined;

  constructor(socket: Socket, job: LoadJob, subjects: string) {
    this.#socket = socket;
    this.#requests = job.requests.map(({ bytes }) =>
      Buffer.concat([Buffer.from(`PUB ${subjects} ${bytes.length}${LINE_END}`), bytes, Buffer.from(LINE_END)]),
    );
  }

  send(request: number): void {
    const bytes = this.#requests[request];
    if (bytes === undefined) throw new RangeError(`no request ${request}`);
    this.sentAt = performance.now();
    this.#socket.write(bytes);
  }
}
