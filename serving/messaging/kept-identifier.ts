import { createHash } from 'node:crypto';

/**
 * The id of a request that is kept: a UUID of version 7 (RFC 9562) like every other, made of when and where the bus stored it, so that a request that is
 * delivered again has the same.
 */
export function keptIdentifier(timeMs: number, stream: string, sequence: number): string {
  const bytes = createHash('sha256').update(`${stream} ${sequence} ${timeMs}`).digest();
  bytes.writeUIntBE(timeMs, 0, TIME_BYTES);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex', 0, UUID_BYTES);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const TIME_BYTES = 6;
const UUID_BYTES = 16;
