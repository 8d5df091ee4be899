import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import type { Call } from '../replica/call.ts';
import type { RouteContext } from '../replica/routes.ts';
import type { CallListener } from '../replica/serve-call.ts';
import type { Table } from '../replica/table.ts';
import { largestBody } from './answer-message.ts';
import { connectBus } from './connect-bus.ts';
import { EventSender } from './event-sender.ts';
import { KeptRequests } from './kept-requests.ts';
import type { MessagingReport } from './messaging-report.ts';
import type { MessagingSettings } from './messaging-settings.ts';
import { objectsOf } from './objects.ts';
import { type Pending, pendingByModel } from './pending.ts';
import { type Ending, eventsOf } from './prediction-event.ts';
import { RequestReply } from './request-reply.ts';
import { openService } from './service.ts';

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
  #events: EventSender | undefined;
  #service: readonly Subscription[] = [];
  #pending: ReadonlyMap<string, Pending> | undefined;
  #lookout: NodeJS.Timeout | undefined;
  #draining = false;
  /** Ends the wait for the first connection. */
  readonly #leaving = new AbortController();
  #isConnected = false;

  constructor(settings: MessagingSettings, context: RouteContext) {
    this.#settings = settings;
    this.#context = context;
    const changed = (isConnected: boolean): void => {
      this.#isConnected = isConnected;
    };
    connectBus(settings, `slipway ${process.pid}`, changed, this.#leaving.signal).then(
      (connection) => this.#open(connection),
      (error: unknown) => {
        if (!this.#draining) console.error('NATS: the bus cannot be used', error);
      },
    );
  }

  /** The tables have changed, or what is loaded has. */
  turned(): void {
    if (this.#draining) return;
    const models = answerable(this.#context.tables());
    this.#requests?.listenFor(models);
    this.#kept?.listenFor(models);
  }

  /** Hears of every request that this replica answers, however it came; undefined: no events are wanted, or there is no bus. */
  get listener(): CallListener | undefined {
    return this.#events === undefined ? undefined : this.#listener;
  }

  readonly #listener: CallListener = {
    answered: (call, reply) => this.#tell(call, { kind: 'answered', reply }),
    failed: (call, error) => this.#tell(call, { kind: 'failed', error }),
  };

  report(): MessagingReport {
    const requests = this.#requests?.counts;
    const kept = this.#kept?.counts;
    return {
      connected: this.#isConnected,
      totals: {
        requests: requests?.requests ?? 0,
        errors: requests?.errors ?? 0,
        turnedAway: requests?.turnedAway ?? 0,
        kept: kept?.answered ?? 0,
        givenBack: kept?.givenBack ?? 0,
        dead: kept?.dead ?? 0,
        events: this.#events?.sent ?? 0,
        eventsDropped: this.#events?.dropped ?? 0,
      },
      pending: this.#pending === undefined ? undefined : Object.fromEntries(this.#pending),
    };
  }

  /** Requests that it has in hand and that nobody else counts: kept ones are counted where they are served. */
  get inFlight(): number {
    return this.#requests?.inFlight ?? 0;
  }

  /** Resolves when everything that had come in is answered, at the limit in any case. `handoverMs`: how long others have to take over first. */
  async drain(limitMs: number, handoverMs: number): Promise<void> {
    this.#draining = true;
    this.#leaving.abort();
    clearInterval(this.#lookout);
    const connection = this.#connection;
    if (connection === undefined || connection.isClosed()) return;
    const until = performance.now() + limitMs;
    await pause(Math.min(handoverMs, limitMs));
    const drained = Promise.all([this.#requests?.drain(), this.#kept?.drain()]);
    await Promise.race([drained, pause(Math.max(0, until - performance.now()))]);
    while (this.inFlight > 0 && performance.now() < until) await pause(POLL_MS);
    for (const subscription of this.#service) subscription.unsubscribe();
    // Events are sent, and answers with them, before the connection ends.
    const sent = Promise.all([this.#events?.close(), connection.flush()]).then(() => connection.close());
    await Promise.race([sent.catch(() => undefined), pause(CLOSE_LIMIT_MS)]);
  }

  #open(connection: NatsConnection): void {
    this.#connection = connection;
    if (this.#draining) {
      void connection.close();
      return;
    }
    const { inFlight, kept, events } = this.#settings;
    const answering = { serving: this.#context.serving, connection, objects: objectsOf(connection) };
    const requests = new RequestReply(answering, inFlight);
    this.#requests = requests;
    this.#service = openService(connection, () => ({ models: requests.models, counts: requests.counts }));
    if (events) this.#events = new EventSender(connection);
    if (kept !== undefined) {
      this.#kept = new KeptRequests({ ...answering, track: this.#context.track }, kept);
      this.#lookout = setInterval(() => void this.#look(connection), LOOK_MS);
    }
    this.turned();
  }

  async #look(connection: NatsConnection): Promise<void> {
    try {
      this.#pending = await pendingByModel(connection);
    } catch {
      // Whoever takes the requests says what is wrong.
      this.#pending = undefined;
    }
  }

  #tell(call: Call, ending: Ending): void {
    const maxBytes = Math.min(MAX_EVENT_BYTES, largestBody(this.#connection));
    const limits = { maxBytes, timeMs: Date.now() };
    this.#events?.add(eventsOf(call, ending, this.#context.serving.table(call.model), limits));
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
/** One question to the server for 256 models. */
const LOOK_MS = 5_000;
/** Larger bodies are for the log, and for whoever keeps them. */
const MAX_EVENT_BYTES = 256 * 1024;
const CLOSE_LIMIT_MS = 1_000;
