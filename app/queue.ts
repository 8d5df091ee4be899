/**
 * Work that goes on after a webhook was acknowledged. In memory and bounded: what is lost with the process, or dropped because
 * the queue is full, the sweep finds again. One key is worked on by one job at a time.
 */
export interface Job {
  /** `acme/models#12`: what must not be worked on twice at once. */
  readonly key: string;
  /**
   * What it means to jobs of its key that are there already. *supersedes*: makes them useless; those that wait are dropped,
   * the one that runs is aborted, and this one starts when that has ended. *joins*: one that waits will see whatever this one
   * would, so this one is dropped. *follows*: each is done, in order.
   */
  readonly repeat: 'supersedes' | 'joins' | 'follows';
  run(signal: AbortSignal): Promise<void>;
}

export interface Queue {
  add(job: Job): void;
  /** Whether a job of this key waits or runs. */
  has(key: string): boolean;
  /** Drops and aborts every job of a key. */
  cancel(key: string): void;
  /** Resolves when nothing waits or runs. */
  idle(): Promise<void>;
  /** Takes nothing more, lets what runs finish within the limit, then aborts it; resolves when all of it has ended. */
  stop(limitMs: number): Promise<void>;
}

export interface QueueOptions {
  readonly concurrency: number;
  /** Jobs that may wait. */
  readonly limit: number;
  /** A job that runs longer is aborted. */
  readonly jobLimitMs: number;
  readonly onError: (error: unknown, key: string) => void;
  /** A job was dropped because too many wait. */
  readonly onDrop: (key: string) => void;
}

export function createQueue(options: QueueOptions): Queue {
  let waiting: readonly Job[] = [];
  const running = new Map<string, AbortController>();
  let stopped = false;
  let listeners: (() => void)[] = [];

  const work = async (job: Job, controller: AbortController) => {
    const signal = AbortSignal.any([controller.signal, AbortSignal.timeout(options.jobLimitMs)]);
    try {
      await job.run(signal);
    } catch (error) {
      // What was aborted on purpose has nothing to tell.
      if (!controller.signal.aborted) options.onError(error, job.key);
    } finally {
      running.delete(job.key);
      pump();
    }
  };

  const pump = () => {
    while (running.size < options.concurrency) {
      const next = waiting.find(({ key }) => !running.has(key));
      if (next === undefined) break;
      waiting = waiting.filter((job) => job !== next);
      const controller = new AbortController();
      running.set(next.key, controller);
      void work(next, controller);
    }
    if (running.size > 0 || waiting.length > 0) return;
    const woken = listeners;
    listeners = [];
    for (const wake of woken) wake();
  };

  const cancel = (key: string) => {
    waiting = waiting.filter((job) => job.key !== key);
    running.get(key)?.abort();
  };

  const idle = () =>
    new Promise<void>((resolve) => {
      listeners.push(resolve);
      pump();
    });

  return {
    add(job) {
      if (stopped) return;
      if (job.repeat === 'joins' && waiting.some(({ key }) => key === job.key)) return;
      if (job.repeat === 'supersedes') cancel(job.key);
      const [oldest] = waiting;
      if (oldest !== undefined && waiting.length >= options.limit) {
        waiting = waiting.slice(1);
        options.onDrop(oldest.key);
      }
      waiting = [...waiting, job];
      pump();
    },
    has: (key) => running.has(key) || waiting.some((job) => job.key === key),
    cancel,
    idle,
    async stop(limitMs) {
      stopped = true;
      waiting = [];
      const timer = setTimeout(() => {
        for (const controller of running.values()) controller.abort();
      }, limitMs);
      await idle();
      clearTimeout(timer);
    },
  };
}
