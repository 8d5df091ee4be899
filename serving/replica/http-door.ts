import { type Server, createServer } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { answerBrokenRequest, answerUnmetExpectation } from './broken-request.ts';
import { FastLane } from './fast-lane.ts';
import { type RouteContext, route } from './routes.ts';

/**
 * Where HTTP comes in: callers' connections by the fast lane, and by node:http what that hands over; other processes of this fleet over the
 * replica's own socket, by node:http.
 */
export class HttpDoor {
  readonly #server: Server;
  readonly #lane: FastLane;
  readonly #connections: Set<Socket>;
  /** Connections that came from outside. What did not is another process of this fleet. */
  readonly #callers = new WeakSet<Socket>();
  readonly #lingering = new WeakSet<Socket>();
  #inFlight = 0;

  /** `connections`: whoever drains waits until none is left. */
  constructor(given: Omit<RouteContext, 'isRelay'>, connections: Set<Socket>) {
    this.#connections = connections;
    const context: RouteContext = { ...given, isRelay: (socket) => this.isRelay(socket) };
    const { settings, serving, draining } = context;
    this.#server = createServer(
      { keepAliveTimeout: settings.keepAliveMs, requireHostHeader: false },
      (request, response) => {
        // What arrives behind the last answer of a connection was sent too late: its sender sees the end of the connection and asks again.
        if (this.#lingering.has(request.socket)) return;
        this.#inFlight += 1;
        response.on('close', () => {
          this.#inFlight -= 1;
        });
        route(request, response, context).catch((error: unknown) => {
          console.error('a request could not be answered', error);
          response.destroy();
        });
      },
    );
    this.#server.on('connection', (socket: Socket) => this.#watch(socket));
    this.#server.on('clientError', answerBrokenRequest);
    this.#server.on('checkExpectation', answerUnmetExpectation);
    this.#lane = new FastLane({ settings, serving, draining, handOver: (socket) => this.#giveToNode(socket) });
  }

  /** Whether another process of this fleet is at the other end. */
  isRelay(socket: Socket): boolean {
    return !this.#callers.has(socket);
  }

  get inFlight(): number {
    return this.#inFlight + this.#lane.inFlight;
  }

  /** Requests that have not come in whole, of those that the fast lane reads. */
  get reading(): number {
    return this.#lane.reading;
  }

  /** Opens the replica's own socket. */
  listen(path: string, listening: () => void): void {
    this.#server.listen(path, listening);
  }

  /** A caller's connection. `lane: 'node'`: all of it is node:http's, as it is when nothing on it is recognised. */
  accept(given: Socket, lane: 'fast' | 'node' = 'fast'): void {
    const connection = lane === 'fast' ? this.#lane.accept(given) : undefined;
    const socket = connection?.socket ?? given;
    this.#callers.add(socket);
    this.#watch(socket);
    if (connection === undefined) this.#giveToNode(socket);
    else connection.begin();
  }

  /** Takes no more on its own socket. `idle: 'cut'` ends connections without a request under way at once; else they end by the usual limit. */
  drain(idle: 'cut' | 'leave'): void {
    // The server's own close would cut idle connections, on which the next request may be under way already.
    NetServer.prototype.close.call(this.#server);
    if (idle === 'leave') return;
    this.#server.closeIdleConnections();
    this.#lane.closeIdle();
  }

  /** Once no connection is left. */
  close(): void {
    this.#lane.close();
  }

  /** The socket is paused. */
  #giveToNode(socket: Socket): void {
    this.#server.emit('connection', socket);
    socket.resume();
  }

  #watch(socket: Socket): void {
    if (this.#connections.has(socket)) return;
    this.#connections.add(socket);
    socket.on('close', () => this.#connections.delete(socket));
    // Closing a socket that still has something to read resets it, and the reset may overtake the last answer: after the last answer our
    // end is closed, and what the caller still sends is read and dropped for a moment.
    socket.destroySoon = () => {
      this.#lingering.add(socket);
      socket.end();
      socket.resume();
      setTimeout(() => socket.destroy(), LINGER_MS).unref();
    };
  }
}

const LINGER_MS = 1_000;
