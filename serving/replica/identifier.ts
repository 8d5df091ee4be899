import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 8192;
const RANDOM_BYTES = 10;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

/** A UUID version 7 (RFC 9562): its first 48 bits are the time, so that a look-up knows which segments of the log to read. */
export function newIdentifier(nowMs: number): string {
  if (used + RANDOM_BYTES > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.toString('hex', used, used + RANDOM_BYTES);
  used += RANDOM_BYTES;
  const time = nowMs.toString(16).padStart(12, '0');
  const variant = '89ab'[Number.parseInt(random[3] ?? '0', 16) & 3];
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
}

const IDENTIFIER = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** When an identifier was made, in milliseconds since the epoch; undefined for what is none. */
export function timeOfIdentifier(identifier: string): number | undefined {
  return IDENTIFIER.test(identifier)
    ? Number.parseInt(identifier.slice(0, 8) + identifier.slice(9, 13), 16)
    : undefined;
}
