import { timingSafeEqual } from 'node:crypto';
import { Refusal } from '../protocol/refusal.ts';
import type { ReplicaSettings } from './messages.ts';

/**
 * Throws a Refusal where a caller may not ask. What reads or judges recorded predictions (`guarded`) needs a token as soon as others than this machine may
 * call. `relayed`: another process of this fleet asks, over the replica's own socket.
 */
export function requireCaller(
  authorization: string | undefined,
  relayed: boolean,
  { callerToken, loopback }: Pick<ReplicaSettings, 'callerToken' | 'loopback'>,
  guarded: boolean,
): void {
  if (relayed) return;
  if (callerToken === undefined) {
    if (guarded && !loopback)
      throw new Refusal(403, 'beyond this machine this needs a caller token, and the fleet was started without one');
    return;
  }
  if (!isBearer(authorization, callerToken))
    throw new Refusal(401, 'a caller token is needed: Authorization: Bearer …');
}

/** The scheme in any case (RFC 9110, 11.1); the token is compared in constant time. */
export function isBearer(header: string | undefined, token: string): boolean {
  if (header?.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return false;
  const given = Buffer.from(header.slice(SCHEME.length));
  const expected = Buffer.from(token);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

const SCHEME = 'bearer ';
