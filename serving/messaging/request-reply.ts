import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { Refusal } from '../protocol/refusal.ts';
import { newIdentifier } from '../replica/identifier.ts';
import { type Answering, answerMessage } from './answer-message.ts';
import { type MessageAnswer, answerOfError, headersOf, natsHeaders } from './message-call.ts';
import { subjectsOf } from './subjects.ts';

/** All replicas of all machines are one group: each request goes to one of them. */
export const QUEUE = 'slipway';

export interface RequestCounts {
  /** Answered, refusals included. */
  requests: number;
  errors: number;
  /** Answered with 429, since too many were under way. */
  turnedAway: number;
  processingMs: number;
}

/** Requests by messages, answered to their reply subject. */
export class RequestReply {
  readonly #answering: Answering;
  readonly #connection: NatsConnection;
  readonly #limit: number;
  readonly #subscriptions = new Map<string, readonly Subscription[]>();
  readonly counts: RequestCounts = { requests: 0, errors: 0, turnedAway: 0, processingMs: 0 };
  inFlight = 0;

  /** `limit`: more requests than this at once are turned away. */
  constructor(answering: Answering, limit: number) {
    this.#answering = answering;
    this.#connection = answering.connection;
    this.#limit = limit;
  }

  get models(): readonly string[] {
    return [...this.#subscriptions.keys()];
  }

  /** Listens for these models and for no others. */
  listenFor(models: ReadonlySet<string>): void {
    for (const [model, subscriptions] of this.#subscriptions)
      if (!models.has(model)) {
        this.#subscriptions.delete(model);
        // What the server has sent already still comes, and is answered.
        for (const subscription of subscriptions) void drained(subscription);
      }
    for (const model of models)
      if (!this.#subscriptions.has(model))
        this.#subscriptions.set(
          model,
          subjectsOf('infer', model).map((subject) =>
            this.#connection.subscribe(subject, {
              queue: QUEUE,
              callback: (error, message) => {
                if (error === null) void this.#answer(message);
                else console.error(`NATS: ${subject}: ${error.message}`);
              },
            }),
          ),
        );
  }

  /** Takes no more; resolves when what the server had sent by then has come in. It may still be under way. */
  async drain(): Promise<void> {
    const all = [...this.#subscriptions.values()].flat();
    this.#subscriptions.clear();
    await Promise.all(all.map(drained));
  }

  /** Never rejects: an answer that cannot be sent has nobody to be told to. */
  async #answer(message: Msg): Promise<void> {
    const startedAt = performance.now();
    if (this.inFlight >= this.#limit) {
      this.counts.turnedAway += 1;
      const full = new Refusal(429, `${this.#limit} messages are being answered already`, { retryAfterSeconds: 1 });
      this.#send(message, answerOfError(full, undefined));
      return;
    }
    this.inFlight += 1;
    try {
      this.#send(message, await this.#served(message, startedAt));
    } catch (error) {
      console.error('NATS: an answer could not be sent', error);
    } finally {
      this.inFlight -= 1;
      this.counts.requests += 1;
      this.counts.processingMs += performance.now() - startedAt;
    }
  }

  async #served(message: Msg, startedAt: number): Promise<MessageAnswer> {
    const at = Date.now();
    const id = newIdentifier(at);
    try {
      const { buffer, byteOffset, byteLength } = message.data;
      const body = Buffer.from(buffer, byteOffset, byteLength);
      return await answerMessage(
        message.subject,
        { id, headers: headersOf(message), body, at, startedAt },
        this.#answering,
      );
    } catch (error) {
      this.counts.errors += 1;
      return answerOfError(error, id);
    }
  }

  #send(message: Msg, { headers, body }: MessageAnswer): void {
    message.respond(body, { headers: natsHeaders(headers) });
  }
}

/** A connection that is closed has nothing left to drain. */
async function drained(subscription: Subscription): Promise<void> {
  try {
    await subscription.drain();
  } catch {
    subscription.unsubscribe();
  }
}
