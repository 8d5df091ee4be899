import { Refusal } from '../protocol/refusal.ts';
import type { Call, Reply } from './call.ts';
import { Lane, LostRequest, type Relaying } from './lane.ts';

/** A candidate that takes longer has failed this request; the stable arm answers it. */
const LIMIT_MS = 5_000;
/** Where runs are long, it may have answered nobody yet of those who came first: a request may wait 10 s in its queue, and then for its run. */
const SLOW_LIMIT_MS = 15_000;
/**
 * Nobody answers in the place of a stable arm, and what it may take is its own process's to say: it refuses what waits too long for a run, and is ended by the
 * daemon when it is silent for two minutes.
 */
const STABLE_LIMIT_MS = 130_000;
/** Requests that one process has in hand for this one: a listening socket's own queue holds as many. */
const MOST_IN_HAND = 512;
/** As long as a request may wait for a run. */
const ANOTHER_LIMIT_MS = 10_000;
/** What took two processes with it may be why they died. */
const MOST_LOSSES = 1;
const MS_A_SECOND = 1000;

/**
 * An arm that other processes of this fleet answer for, each over its Unix socket. A request goes to the one that has the fewest of ours in hand, so that none
 * waits behind a long run while another process is free.
 *
 * A process that dies loses what it had in hand. To a stable arm it is asked once more, of another process, or of the one that takes its place: a model is
 * a function, so asking twice does no harm but to the clock. An alternative has the stable arm for that.
 */
export class RemoteArm {
  /** Nobody answers in its place. */
  isStable = false;
  /** Its model is known for long runs. */
  isSlow = false;
  #lanes: readonly Lane[] = [];
  #waiting = new Set<() => void>();
  #waits = 0;
  #closed = false;
  #turn = 0;

  /** The processes that answer from now on. What others have in hand they still answer. */
  follow(sockets: readonly string[]): void {
    const before = this.#lanes;
    this.#lanes = sockets.map((socket) => before.find((lane) => lane.socket === socket) ?? new Lane(socket));
    for (const lane of before) if (!this.#lanes.includes(lane)) lane.leave();
    this.#wake();
  }

  /** Requests under way in other processes, or waiting for one. */
  get inFlight(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.inFlight, this.#waits);
  }

  /** Rejects with a Refusal: 503 where no process answered, 429 where all have too much in hand, else the process's own. */
  ask(call: Call, relaying: Relaying = {}): Promise<Reply> {
    return this.isStable ? this.#askAny(call, relaying) : this.#askOnce(call, relaying);
  }

  /** No new request will come; those under way still get their answer. */
  close(): void {
    this.#closed = true;
    for (const lane of this.#lanes) lane.leave();
    this.#wake();
  }

  async #askOnce(call: Call, relaying: Relaying): Promise<Reply> {
    const limitMs = this.isSlow ? SLOW_LIMIT_MS : LIMIT_MS;
    const lane = this.#leastBusy(new Set(this.#lanes.filter(({ isResting }) => isResting)));
    if (lane === undefined)
      throw new Refusal(503, `the process of this arm was silent for ${limitMs / MS_A_SECOND} s`, {
        retryAfterSeconds: 1,
      });
    const signal = AbortSignal.timeout(limitMs);
    try {
      return await lane.ask(call, relaying, signal);
    } catch (error) {
      if (signal.aborted) lane.rest();
      throw error instanceof LostRequest ? unanswered(error.message) : error;
    }
  }

  async #askAny(call: Call, relaying: Relaying): Promise<Reply> {
    const signal = AbortSignal.timeout(STABLE_LIMIT_MS);
    const lost = new Set<Lane>();
    for (let losses = 0; ; ) {
      const lane = this.#leastBusy(lost) ?? (await this.#another(lost));
      try {
        return await lane.ask(call, relaying, signal);
      } catch (error) {
        if (!(error instanceof LostRequest)) throw error;
        lost.add(lane);
        if (error.wasHeard) losses += 1;
        if (losses > MOST_LOSSES || signal.aborted) throw unanswered(error.message);
      }
    }
  }

  /** Among those that have as few in hand, the one that waits longest for one. Throws a Refusal with 429 where all are full. */
  #leastBusy(lost: ReadonlySet<Lane>): Lane | undefined {
    let best: Lane | undefined;
    for (const lane of this.#lanes)
      if (!lost.has(lane) && (best === undefined || lane.isLessBusyThan(best))) best = lane;
    if (best === undefined) return undefined;
    if (best.inFlight >= MOST_IN_HAND)
      throw new Refusal(429, `the queue is full: ${best.inFlight} requests are waiting`, { retryAfterSeconds: 1 });
    best.turn = ++this.#turn;
    return best;
  }

  /** The next process that is not one of those; bounded in number and in time. */
  async #another(lost: ReadonlySet<Lane>): Promise<Lane> {
    const until = performance.now() + ANOTHER_LIMIT_MS;
    if (this.#waits >= MOST_IN_HAND)
      throw new Refusal(429, `${this.#waits} requests wait for a process`, { retryAfterSeconds: 1 });
    this.#waits += 1;
    try {
      for (;;) {
        const leftMs = until - performance.now();
        if (this.#closed || leftMs <= 0) throw unanswered('it ended, and no other one took its place');
        await this.#changed(leftMs);
        const lane = this.#leastBusy(lost);
        if (lane !== undefined) return lane;
      }
    } finally {
      this.#waits -= 1;
    }
  }

  #changed(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(limit);
        this.#waiting.delete(settle);
        resolve();
      };
      const limit = setTimeout(settle, limitMs);
      this.#waiting.add(settle);
    });
  }

  #wake(): void {
    for (const settle of this.#waiting) settle();
  }
}

function unanswered(why: string): Refusal {
  return new Refusal(503, `the process of this arm did not answer: ${why}`, { retryAfterSeconds: 1 });
}
