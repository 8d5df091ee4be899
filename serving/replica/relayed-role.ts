import { Refusal } from '../protocol/refusal.ts';
import type { Call } from './call.ts';

/** What a process that answers for another one's arm is told: it has that arm alone, and cannot see what it is there. Not read of anybody else. */
export const ROLE_HEADER = 'x-slipway-role';
/** Flags of the request for the log, as a JSON list. */
export const FLAGS_HEADER = 'x-slipway-flags';

/** Whether the arm of a relayed call is the stable one where its caller came in. */
export function isRelayedToStable({ relayed, headers }: Call): boolean {
  return relayed && headers[ROLE_HEADER] === 'stable';
}

/** What the log is to be told of a relayed call. */
export function relayedFlags({ relayed, headers }: Call): readonly string[] {
  const given = relayed ? headers[FLAGS_HEADER] : undefined;
  if (given === undefined) return NONE;
  const flags: unknown = JSON.parse(String(given));
  if (!Array.isArray(flags)) throw new Refusal(400, `${FLAGS_HEADER} must be a list, found ${String(given)}`);
  return flags.map(String);
}

const NONE: readonly string[] = [];
