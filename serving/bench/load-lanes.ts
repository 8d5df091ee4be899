import type { Answer, Complaint } from './load-check.ts';

/**
 * A *lane* carries one request at a time: an HTTP connection, or one of the slots in flight on a connection of gRPC or NATS. `send` is called only while it is
 * free; then exactly one of `answered` and `failed` follows.
 */
export interface Lane {
  send(request: number): void;
}

export interface LaneEvents {
  answered(lane: Lane, answer: Answer): void;
  failed(lane: Lane, complaint: Complaint): void;
}

export interface Lanes {
  readonly lanes: readonly Lane[];
  /** Gives up what has been under way for longer than the limit: its lane fails, and is free again. */
  sweep(now: number): void;
  close(): void;
}
