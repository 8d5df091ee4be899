import { type Consumer, type JsMsg, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { RouteContext } from '../replica/routes.ts';
import type { Answering } from './answer-message.ts';
import { type KeptCounts, type Keeping, answerKept } from './kept-request.ts';
import type { KeptSettings } from './messaging-settings.ts';
import { ensureConsumer, ensureStreams } from './streams.ts';

/**
 * Requests that JetStream keeps until they are answered. For each model that this replica can answer one worker takes as many as it has room for, from the
 * consumer that all replicas share.
 */
export class KeptRequests {
  readonly #answering: Answering & { readonly track: RouteContext['track'] };
  readonly #settings: KeptSettings;
  readonly #workers = new Map<string, { wanted: boolean; readonly ended: Promise<void> }>();
  readonly #held = new Set<JsMsg>();
  readonly #heartbeat: NodeJS.Timeout;
  #keeping: Promise<Omit<Keeping, 'leaving'>> | undefined;
  #complained = '';
  #leaving = false;
  readonly counts: KeptCounts = { answered: 0, dead: 0, givenBack: 0 };

  constructor(answering: Answering & { readonly track: RouteContext['track'] }, settings: KeptSettings) {
    this.#answering = answering;
    this.#settings = settings;
    // Somebody works on them: without a word for as long as `ackWaitMs` they go to another replica.
    this.#heartbeat = setInterval(() => {
      for (const message of this.#held) message.working();
    }, settings.ackWaitMs / HEARTBEATS_A_WAIT);
  }

  get inFlight(): number {
    return this.#held.size;
  }

  listenFor(models: ReadonlySet<string>): void {
    for (const [model, worker] of this.#workers) worker.wanted = models.has(model);
    for (const model of models) if (!this.#workers.has(model)) this.#start(model);
  }

  /** Takes no more; resolves when what it has is answered or given back. */
  async drain(): Promise<void> {
    this.#leaving = true;
    for (const worker of this.#workers.values()) worker.wanted = false;
    await Promise.all([...this.#workers.values()].map(({ ended }) => ended));
    clearInterval(this.#heartbeat);
  }

  #start(model: string): void {
    const worker = { wanted: true, ended: Promise.resolve() };
    worker.ended = this.#work(model, () => worker.wanted).then(() => {
      this.#workers.delete(model);
      // It may have been wanted again just as it ended.
      if (worker.wanted && !this.#leaving) this.#start(model);
    });
    this.#workers.set(model, worker);
  }

  /** Never rejects: whatever is wrong with the bus is told once and tried again. */
  async #work(model: string, isWanted: () => boolean): Promise<void> {
    const held = new Set<Promise<void>>();
    let consumer: Consumer | undefined;
    while (isWanted()) {
      try {
        const keeping: Keeping = { ...(await this.#open()), leaving: () => !isWanted() };
        consumer ??= await this.#consumer(keeping, model);
        await this.#take(consumer, held, (message) => this.#answer(message, model, keeping));
        this.#complained = '';
      } catch (error) {
        consumer = undefined;
        this.#complain(error);
        await pause(RETRY_MS);
      }
    }
    await Promise.all(held);
  }

  /** As many as there is room for, for as long as one question to the server lasts. */
  async #take(consumer: Consumer, held: Set<Promise<void>>, answer: (message: JsMsg) => Promise<void>): Promise<void> {
    while (held.size > MAX_HELD / 2) await Promise.race(held);
    const messages = await consumer.fetch({ max_messages: MAX_HELD - held.size, expires: FETCH_MS });
    for await (const message of messages) {
      const answering = answer(message).finally(() => held.delete(answering));
      held.add(answering);
    }
  }

  async #answer(message: JsMsg, model: string, keeping: Keeping): Promise<void> {
    this.#held.add(message);
    try {
      await answerKept(message, model, keeping);
    } finally {
      this.#held.delete(message);
    }
  }

  #open(): Promise<Omit<Keeping, 'leaving'>> {
    this.#keeping ??= this.#prepare().catch((error: unknown) => {
      this.#keeping = undefined;
      throw error;
    });
    return this.#keeping;
  }

  async #prepare(): Promise<Omit<Keeping, 'leaving'>> {
    const manager = await jetstreamManager(this.#answering.connection);
    await ensureStreams(manager);
    return {
      ...this.#answering,
      client: jetstream(this.#answering.connection),
      manager,
      maxDeliveries: this.#settings.maxDeliveries,
      counts: this.counts,
    };
  }

  async #consumer({ client, manager }: Keeping, model: string): Promise<Consumer> {
    const { stream_name: stream, name } = await ensureConsumer(manager, model, this.#settings);
    return client.consumers.get(stream, name);
  }

  #complain(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason === this.#complained || this.#leaving) return;
    this.#complained = reason;
    console.error(`NATS: requests are not taken from JetStream: ${reason}; it is tried again`);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Of one model in one replica at once: enough to fill batches, few enough that a crash gives little back. */
const MAX_HELD = 64;
/** How long the server holds an open question; a replica that drains waits for its end, since what is under way to it then would be lost for `ackWaitMs`. */
const FETCH_MS = 2_000;
const RETRY_MS = 1_000;
const HEARTBEATS_A_WAIT = 3;
