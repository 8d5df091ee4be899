import type { NatsConnection } from '@nats-io/transport-node';
import type { RouteContext } from '../replica/routes.ts';
import type { Table } from '../replica/table.ts';
import { connectBus } from './connect-bus.ts';
import { KeptRequests } from './kept-requests.ts';
import type { MessagingSettings } from './messaging-settings.ts';
import { objectsOf } from './objects.ts';
import { RequestReply } from './request-reply.ts';

/**
 * A replica on the bus. Each public replica connects itself, so that a request by message costs no hop either.
 *
 * connecting → listening (for the models that it can answer) → draining → gone. It connects for as long as it takes and mends itself; meanwhile HTTP goes on
 * as if there were no bus. Draining: it takes no more, answers what it has, and leaves.
 */
export class Messaging {
  readonly #settings: MessagingSettings;
  readonly #context: RouteContext;
  #connection: NatsConnection | undefined;
  #requests: RequestReply | undefined;
  #kept: KeptRequests | undefined;
  #draining = false;

  constructor(settings: MessagingSettings, context: RouteContext) {
    this.#settings = settings;
    this.#context = context;
    connectBus(settings, `slipway ${process.pid}`).then(
      (connection) => this.#connected(connection),
      (error: unknown) => console.error('NATS: the bus cannot be used', error),
    );
  }

  /** The tables have changed, or what is loaded has. */
  turned(): void {
    if (this.#draining) return;
    const models = answerable(this.#context.tables());
    this.#requests?.listenFor(models);
    this.#kept?.listenFor(models);
  }

  /** Resolves when everything that had come in is answered, at the limit in any case. `handoverMs`: how long others have to take over first. */
  async drain(limitMs: number, handoverMs: number): Promise<void> {
    this.#draining = true;
    const connection = this.#connection;
    if (connection === undefined || connection.isClosed()) return;
    const until = performance.now() + limitMs;
    await pause(Math.min(handoverMs, limitMs));
    const drained = Promise.all([this.#requests?.drain(), this.#kept?.drain()]);
    await Promise.race([drained, pause(Math.max(0, until - performance.now()))]);
    while ((this.#requests?.inFlight ?? 0) > 0 && performance.now() < until) await pause(POLL_MS);
    await Promise.race([connection.close(), pause(CLOSE_LIMIT_MS)]);
  }

  #connected(connection: NatsConnection): void {
    this.#connection = connection;
    if (this.#draining) {
      void connection.close();
      return;
    }
    const answering = { serving: this.#context.serving, connection, objects: objectsOf(connection) };
    this.#requests = new RequestReply(answering, this.#settings.inFlight);
    const { kept } = this.#settings;
    if (kept !== undefined) this.#kept = new KeptRequests({ ...answering, track: this.#context.track }, kept);
    this.turned();
  }
}

/** Models that some arm can answer now, or that wake up when they are asked. */
function answerable(tables: ReadonlyMap<string, Table>): ReadonlySet<string> {
  const heard = [...tables].filter(([, { arms, isAsleep }]) => isAsleep || arms.some(({ available }) => available));
  return new Set(heard.map(([model]) => model));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const POLL_MS = 10;
const CLOSE_LIMIT_MS = 1_000;
