import type { NatsConnection } from '@nats-io/transport-node';
import { natsHeaders } from './message-call.ts';
import type { PredictionEvent } from './prediction-event.ts';
import { eventSubject } from './subjects.ts';

/**
 * Publishes events beside what matters: never blocking, and bounded. One batch at a time is under way to the server; what does not fit meanwhile is dropped
 * and counted.
 */
export class EventSender {
  readonly #connection: NatsConnection;
  #waiting: PredictionEvent[] = [];
  #waitingBytes = 0;
  #isSending = false;
  #closed = false;
  sent = 0;
  dropped = 0;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  add(events: readonly PredictionEvent[]): void {
    for (const event of events) {
      if (this.#closed || this.#waiting.length >= MAX_WAITING || this.#waitingBytes + event.data.length > MAX_BYTES) {
        this.dropped += 1;
        continue;
      }
      this.#waiting.push(event);
      this.#waitingBytes += event.data.length;
    }
    if (!this.#isSending) void this.#send();
  }

  /** Sends what waits; whoever closes the connection afterwards waits for it. */
  async close(): Promise<void> {
    this.#closed = true;
    if (!this.#isSending) await this.#send();
  }

  /** Never rejects. A server that is away keeps one batch waiting. */
  async #send(): Promise<void> {
    this.#isSending = true;
    try {
      // What one turn of the loop brings goes together.
      await new Promise((resolve) => setImmediate(resolve));
      while (this.#waiting.length > 0) {
        const batch = this.#waiting;
        this.#waiting = [];
        this.#waitingBytes = 0;
        const published = batch.filter((event) => this.#publish(event)).length;
        await this.#connection.flush();
        this.sent += published;
      }
    } catch (error) {
      this.dropped += this.#waiting.length;
      this.#waiting = [];
      this.#waitingBytes = 0;
      if (!this.#closed) console.error('NATS: events cannot be published', error);
    } finally {
      this.#isSending = false;
    }
  }

  /** False: this one cannot be sent, and the others can. */
  #publish({ model, headers, data }: PredictionEvent): boolean {
    try {
      this.#connection.publish(eventSubject(model), data, { headers: natsHeaders(headers) });
      return true;
    } catch {
      this.dropped += 1;
      return false;
    }
  }
}

const MAX_WAITING = 4_096;
const MAX_BYTES = 16 * 2 ** 20;
