import type { Refusal } from '../protocol/refusal.ts';

/** What becomes of a kept request that could not be answered. */
export type Outcome =
  /** It would be refused again: its refusal is its answer. */
  | { readonly kind: 'answer' }
  /** Nothing is wrong with it: it stays in hand, and is tried again in a moment. */
  | { readonly kind: 'hold' }
  /** The model failed at it: another replica may do better, after a while. */
  | { readonly kind: 'redeliver'; readonly afterMs: number }
  /** Often enough. */
  | { readonly kind: 'dead'; readonly reason: string };

const SERVER_ERROR = 500;
const FIRST_REDELIVERY_MS = 1_000;
const LONGEST_REDELIVERY_MS = 60_000;

/** `deliveries`: how often it was delivered, this time included. */
export function outcomeOf(refusal: Refusal, deliveries: number, maxDeliveries: number): Outcome {
  if (refusal.status === 429 || refusal.status === 503) return { kind: 'hold' };
  if (refusal.status < SERVER_ERROR) return { kind: 'answer' };
  if (deliveries >= maxDeliveries)
    return {
      kind: 'dead',
      reason: `failed at ${deliveries} of ${maxDeliveries} deliveries, at last: ${refusal.message}`,
    };
  return { kind: 'redeliver', afterMs: Math.min(FIRST_REDELIVERY_MS * 2 ** (deliveries - 1), LONGEST_REDELIVERY_MS) };
}

/** Why a request is not even tried; undefined: it is. More deliveries than are allowed without a word from anybody: it ends the processes that try it. */
export function tooOften(deliveries: number, maxDeliveries: number): string | undefined {
  return deliveries <= maxDeliveries
    ? undefined
    : `delivered ${deliveries - 1} times, and whoever took it ended or was never heard of again`;
}
