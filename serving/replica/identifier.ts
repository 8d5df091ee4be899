import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 8_192;
/** Twelve bits, two behind the variant's, and sixty. */
const RANDOM_DIGITS = 19;
const pool = Buffer.alloc(POOL_BYTES);
let digits = '';
let used = 0;
let stampedMs = -1;
let stamp = '';

/** A UUID version 7 (RFC 9562): its first 48 bits are the time, so that a look-up knows which segments of the log to read. */
export function newIdentifier(nowMs: number): string {
  if (used + RANDOM_DIGITS > digits.length) {
    digits = randomFillSync(pool).toString('hex');
    used = 0;
  }
  if (nowMs !== stampedMs) {
    const time = nowMs.toString(16).padStart(12, '0');
    stamp = `${time.slice(0, 8)}-${time.slice(8)}-7`;
    stampedMs = nowMs;
  }
  const at = used;
  used += RANDOM_DIGITS;
  const variant = '89ab'[Number.parseInt(digits.charAt(at + 3), 16) & 3];
  return `${stamp}${digits.slice(at, at + 3)}-${variant}${digits.slice(at + 4, at + 7)}-${digits.slice(at + 7, at + 19)}`;
}

const IDENTIFIER = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** When an identifier was made, in milliseconds since the epoch; undefined for what is none. */
export function timeOfIdentifier(identifier: string): number | undefined {
  return IDENTIFIER.test(identifier)
    ? Number.parseInt(identifier.slice(0, 8) + identifier.slice(9, 13), 16)
    : undefined;
}
