import { type Server, type Socket, createServer } from 'node:net';
import { handleOf, openPort } from './port.ts';

/** Who can take a caller's connection now. */
export interface Taker {
  /** Connections it holds, as far as is known. */
  readonly connections: number;
  /** False when the connection could not be handed over; it may be offered to another. */
  take(socket: Socket, speaks: 'http' | 'grpc'): Promise<boolean>;
}

/**
 * The public port. The daemon owns the listening socket for as long as it lives and hands each connection to the replica with the fewest, so
 * that replicas come and go without a listening socket ever closing: what is queued on one that closes is reset. While no replica
 * is open, connections wait.
 */
export class Door {
  readonly #server: Server;
  readonly #takers: () => readonly Taker[];
  readonly #speaks: 'http' | 'grpc';
  readonly #encrypted: boolean;
  #waiting: { readonly socket: Socket; readonly since: number }[] = [];
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  /** `encrypted`: who takes a connection speaks TLS on it first. */
  constructor(takers: () => readonly Taker[], speaks: 'http' | 'grpc', encrypted = false) {
    this.#encrypted = encrypted;
    this.#takers = takers;
    this.#speaks = speaks;
    this.#server = createServer({ pauseOnConnect: true }, (socket) => this.#welcome(socket));
  }

  /** Resolves with the port. `held`: a listening socket that outlived another daemon. */
  listen(host: string, port: number, held?: unknown): Promise<number> {
    return openPort(this.#server, { host, port, what: `public ${this.#speaks}` }, held);
  }

  /** The listening socket, for somebody to hold. */
  get handle(): unknown {
    return handleOf(this.#server);
  }

  /** Takes no more connections, since another takes them on the same port; those that wait for a replica still get one. */
  leave(): void {
    this.#server.close();
  }

  /** To be called when a replica has opened. */
  serveWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { socket, since } of waiting) if (!socket.destroyed) this.#offer(socket, since);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  close(): void {
    this.#closed = true;
    this.#server.close();
    for (const { socket } of this.#waiting) this.#refuse(socket);
    this.#waiting = [];
  }

  #welcome(socket: Socket): void {
    // A caller that goes away before anyone took its connection is no error.
    socket.on('error', () => socket.destroy());
    this.#offer(socket, performance.now());
  }

  #offer(socket: Socket, since: number): void {
    const [first] = this.#takers().toSorted((a, b) => a.connections - b.connections);
    if (first === undefined) this.#wait(socket, since);
    else
      void first.take(socket, this.#speaks).then((taken) => {
        if (!taken && !socket.destroyed) this.#wait(socket, since);
      });
  }

  #refuse(socket: Socket): void {
    // A caller that speaks TLS or gRPC would not understand a sentence of HTTP/1.1: its connection ends.
    if (this.#encrypted || this.#speaks === 'grpc') socket.destroy();
    else refuseHttp(socket);
  }

  #wait(socket: Socket, since: number): void {
    if (this.#closed || this.#waiting.length >= MAX_WAITING || performance.now() - since > WAIT_MS) {
      this.#refuse(socket);
      return;
    }
    this.#waiting.push({ socket, since });
    // One timer for all of them: each of them offers all that wait, and one a connection would multiply with every turn.
    if (this.#retry !== undefined) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.serveWaiting();
    }, RETRY_MS).unref();
  }
}

const MAX_WAITING = 1024;
const WAIT_MS = 10_000;
const RETRY_MS = 100;
const REFUSAL = '{"error":"no replica is ready"}';

function refuseHttp(socket: Socket): void {
  socket.end(
    `HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: ${REFUSAL.length}\r\nretry-after: 1\r\nconnection: close\r\n\r\n${REFUSAL}`,
  );
  socket.destroySoon();
}
