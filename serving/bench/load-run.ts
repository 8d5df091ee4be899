import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../checks/stats/seeded-random.ts';
import { AnswerCheck } from './load-check.ts';
import { grpcLanes } from './load-grpc.ts';
import { httpLanes } from './load-http.ts';
import type { LoadJob, LoadResult } from './load-job.ts';
import type { Lane, LaneEvents, Lanes } from './load-lanes.ts';
import { Tally } from './load-tally.ts';

const OPENERS = { http: httpLanes, grpc: grpcLanes, nats: natsLanes } as const;

/** Loaded when it is asked for: NATS is a client of its own. */
async function natsLanes(job: LoadJob, events: LaneEvents): Promise<Lanes> {
  return (await import('./load-nats.ts')).natsLanes(job, events);
}

/** Does one job; `measuring` is called when the warm-up is over and counting begins. Rejects where no connection opens. */
export async function runJob(job: LoadJob, measuring: () => void, signal: AbortSignal): Promise<LoadResult> {
  const checks = job.requests.map(({ expects }) => new AnswerCheck(expects));
  const pace = job.open === undefined ? closedLoop() : openLoop(job.open);
  const underWay = new Map<Lane, { readonly request: number; readonly since: number }>();
  let tally = new Tally();
  let next = 0;
  const send = (lane: Lane, since: number): void => {
    const request = next;
    next = (next + 1) % job.requests.length;
    underWay.set(lane, { request, since });
    lane.send(request);
  };
  const events: LaneEvents = {
    answered(lane, answer) {
      const sent = underWay.get(lane);
      underWay.delete(lane);
      if (sent !== undefined) tally.add(performance.now() - sent.since, checks[sent.request]?.complaint(answer));
      pace.free(lane, send, tally);
    },
    failed(lane, complaint) {
      underWay.delete(lane);
      tally.complain(complaint);
      // Not in this turn: a server that refuses at once would be asked without an end.
      setImmediate(() => pace.free(lane, send, tally));
    },
  };
  const opened = await OPENERS[job.protocol](job, events);
  const sweeping = setInterval(() => opened.sweep(performance.now()), Math.min(SWEEP_MS, job.limitMs));
  try {
    for (const lane of opened.lanes) pace.free(lane, send, tally);
    await pace.run(job.warmUpSeconds, send, () => tally, signal);
    tally = new Tally();
    measuring();
    await pace.run(job.seconds, send, () => tally, signal);
    const result = tally.result(job.open !== undefined);
    pace.stop();
    return result;
  } finally {
    clearInterval(sweeping);
    opened.close();
  }
}

const SWEEP_MS = 250;

type Send = (lane: Lane, since: number) => void;

interface Pace {
  /** A lane is free. */
  free(lane: Lane, send: Send, tally: Tally): void;
  run(seconds: number, send: Send, tally: () => Tally, signal: AbortSignal): Promise<void>;
  stop(): void;
}

function closedLoop(): Pace {
  let stopped = false;
  return {
    free(lane, send) {
      if (!stopped) send(lane, performance.now());
    },
    run: async (seconds, _send, _tally, signal) => {
      await sleep(seconds * MS_PER_SECOND, undefined, { signal });
    },
    stop() {
      stopped = true;
    },
  };
}

/** Arrivals of a Poisson process; those that find no free lane wait for one, and their latency counts from when they should have been sent. */
function openLoop({ perSecond, seed }: NonNullable<LoadJob['open']>): Pace {
  const random = seededRandom(seed);
  const gapMs = (): number => (-Math.log(1 - random.uniform()) / perSecond) * MS_PER_SECOND;
  const free: Lane[] = [];
  const waiting: number[] = [];
  let first = 0;
  let due = performance.now();
  let stopped = false;
  return {
    free(lane, send, tally) {
      if (stopped) return;
      const since = waiting[first];
      if (since === undefined) {
        free.push(lane);
        return;
      }
      first += 1;
      if (first === waiting.length) waiting.length = first = 0;
      tally.waited += 1;
      send(lane, since);
    },
    async run(seconds, send, tally, signal) {
      const end = performance.now() + seconds * MS_PER_SECOND;
      due = Math.max(due, performance.now());
      for (let now = performance.now(); now < end; now = performance.now()) {
        signal.throwIfAborted();
        for (; due <= now; due += gapMs()) {
          const lane = free.pop();
          if (lane === undefined) waiting.push(due);
          else send(lane, due);
        }
        await untilNext(Math.min(due, end) - performance.now());
      }
      tally().unsent = waiting.length - first;
    },
    stop() {
      stopped = true;
    },
  };
}

const LONG_GAP_MS = 3;
const SLICE_MS = 0.05;
const NEVER_WOKEN = new Int32Array(new SharedArrayBuffer(4));

/**
 * Timers are a millisecond coarse, and a loop that spins would take a core from the server: so short gaps are slept through in slices of 50 µs, between
 * which answers are read. Arrivals and answers are late by that much, no more.
 */
async function untilNext(ms: number): Promise<void> {
  if (ms > LONG_GAP_MS) return sleep(ms - LONG_GAP_MS + 1);
  if (ms > 0) Atomics.wait(NEVER_WOKEN, 0, 0, Math.min(ms, SLICE_MS));
  await nextTurn();
}

const MS_PER_SECOND = 1000;
