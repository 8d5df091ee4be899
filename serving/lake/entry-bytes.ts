import type { LogEntry, ReceivedEntry } from './entry.ts';

/**
 * An entry as bytes, written by hand on the serving loop, where each microsecond counts, and read where it lies by the writer. Numbers are
 * little-endian; lengths are in bytes.
 *
 *    0  u32 length of the entry         28  u32 length of the body        52  u32 length of digest
 *    4  u16 number of the schema        32  u32 length of the tail        56  u32 length of shapes
 *    6  u16 status                      36  f64 time                      60  identifier, body, tail, scores, digest, shapes,
 *    8  u32 rows                        44  f64 latency                       and flags, each behind its length in 32 bits
 *   12  u32 bits (BITS)
 *   16  u32 bytes of the request
 *   20  u32 length of the identifier
 *   24  u32 number of scores
 */
const HEAD_BYTES = 60;
const BITS = { candidate: 1, shadow: 2, v2: 4, body: 8, tail: 16, scores: 32, digest: 64 } as const;
const SCORE_BYTES = 8;
/** A character of JavaScript is at most so many bytes of UTF-8. */
const CHARACTER_BYTES = 3;

/** What stands for a body that is not kept. */
export interface BodyDigest {
  readonly digest: string;
  readonly shape: string;
}

/** How large the request was, and what of it is kept. */
export interface KeptBody {
  readonly body: string | Uint8Array | undefined;
  readonly tail: Uint8Array | undefined;
  readonly bytes: number;
  readonly instead?: BodyDigest;
}

/** Memory that entries are written into; a view writes numbers several times as fast as a Buffer's methods do. */
export interface Writable {
  readonly bytes: Buffer;
  readonly view: DataView;
}

export function writable(size: number): Writable {
  const bytes = Buffer.allocUnsafeSlow(size);
  return { bytes, view: viewOf(bytes) };
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** At most so many bytes does an entry take. */
export function roomOf(entry: LogEntry, { body, tail, instead }: KeptBody): number {
  let flags = 0;
  for (const flag of entry.flags) flags += 4 + flag.length * CHARACTER_BYTES;
  return (
    HEAD_BYTES +
    entry.id.length * CHARACTER_BYTES +
    (typeof body === 'string' ? body.length * CHARACTER_BYTES : (body?.length ?? 0)) +
    (tail?.length ?? 0) +
    (entry.scores?.length ?? 0) * SCORE_BYTES +
    (instead === undefined ? 0 : (instead.digest.length + instead.shape.length) * CHARACTER_BYTES) +
    flags
  );
}

/** Writes an entry, for which there must be room, and says where it ends. */
export function writeEntry(
  { bytes, view }: Writable,
  start: number,
  entry: LogEntry,
  schema: number,
  kept: KeptBody,
): number {
  const { body, tail, instead } = kept;
  let at = start + HEAD_BYTES;
  const idBytes = bytes.write(entry.id, at, 'latin1');
  at += idBytes;
  const bodyBytes = typeof body === 'string' ? bytes.write(body, at) : body === undefined ? 0 : put(bytes, at, body);
  at += bodyBytes;
  if (tail !== undefined) at += put(bytes, at, tail);
  const { scores } = entry;
  if (scores !== undefined)
    at += put(bytes, at, new Uint8Array(scores.buffer, scores.byteOffset, scores.length * SCORE_BYTES));
  const digestBytes = instead === undefined ? 0 : bytes.write(instead.digest, at, 'latin1');
  at += digestBytes;
  const shapeBytes = instead === undefined ? 0 : bytes.write(instead.shape, at);
  at += shapeBytes;
  for (const flag of entry.flags) {
    const length = bytes.write(flag, at + 4);
    view.setUint32(at, length, true);
    at += 4 + length;
  }
  view.setUint32(start, at - start, true);
  view.setUint16(start + 4, schema, true);
  view.setUint16(start + 6, entry.status, true);
  view.setUint32(start + 8, entry.rows, true);
  view.setUint32(start + 12, bitsOf(entry, kept), true);
  view.setUint32(start + 16, kept.bytes, true);
  view.setUint32(start + 20, idBytes, true);
  view.setUint32(start + 24, scores?.length ?? 0, true);
  view.setUint32(start + 28, bodyBytes, true);
  view.setUint32(start + 32, tail?.length ?? 0, true);
  view.setFloat64(start + 36, entry.at, true);
  view.setFloat64(start + 44, entry.latencyMs, true);
  view.setUint32(start + 52, digestBytes, true);
  view.setUint32(start + 56, shapeBytes, true);
  return at;
}

function bitsOf(entry: LogEntry, { body, tail, instead }: KeptBody): number {
  return (
    (entry.arm === 'candidate' ? BITS.candidate : 0) |
    (entry.shadow === true ? BITS.shadow : 0) |
    (entry.protocol === 'v2' ? BITS.v2 : 0) |
    (body === undefined ? 0 : BITS.body) |
    (tail === undefined ? 0 : BITS.tail) |
    (entry.scores === undefined ? 0 : BITS.scores) |
    (instead === undefined ? 0 : BITS.digest)
  );
}

function put(bytes: Buffer, at: number, source: Uint8Array): number {
  bytes.set(source, at);
  return source.length;
}

/** Reads one entry after the other without making objects of them: what is asked for is read from where it lies. */
export class EntryCursor {
  bytes: Buffer = Buffer.alloc(0);
  #view = viewOf(this.bytes);
  #start = 0;
  #end = 0;
  schema = 0;
  status = 0;
  rows = 0;
  bodyBytes = 0;
  at = 0;
  latencyMs = 0;
  idStart = 0;
  idEnd = 0;
  bodyStart = 0;
  bodyEnd = 0;
  tailEnd = 0;
  #scores = 0;
  #bits = 0;

  /** Goes to the entry at a place; says where the next one begins. Throws where the lengths do not fit. */
  moveTo(bytes: Buffer, start: number): number {
    if (bytes !== this.bytes) this.#view = viewOf(bytes);
    const view = this.#view;
    const length = view.getUint32(start, true);
    if (length < HEAD_BYTES || start + length > bytes.length) throw new Error(`an entry of ${length} bytes`);
    this.bytes = bytes;
    this.#start = start;
    this.#end = start + length;
    this.schema = view.getUint16(start + 4, true);
    this.status = view.getUint16(start + 6, true);
    this.rows = view.getUint32(start + 8, true);
    this.#bits = view.getUint32(start + 12, true);
    this.idStart = start + HEAD_BYTES;
    this.idEnd = this.idStart + view.getUint32(start + 20, true);
    this.#scores = view.getUint32(start + 24, true);
    this.bodyStart = this.idEnd;
    this.bodyEnd = this.bodyStart + view.getUint32(start + 28, true);
    this.tailEnd = this.bodyEnd + view.getUint32(start + 32, true);
    this.bodyBytes = this.hasBody ? this.tailEnd - this.bodyStart : view.getUint32(start + 16, true);
    this.at = view.getFloat64(start + 36, true);
    this.latencyMs = view.getFloat64(start + 44, true);
    return this.#end;
  }

  /** Of the whole entry, in bytes. */
  get length(): number {
    return this.#end - this.#start;
  }

  get arm(): 'stable' | 'candidate' {
    return (this.#bits & BITS.candidate) === 0 ? 'stable' : 'candidate';
  }

  get isShadow(): boolean {
    return (this.#bits & BITS.shadow) !== 0;
  }

  get protocol(): 'v1' | 'v2' {
    return (this.#bits & BITS.v2) === 0 ? 'v1' : 'v2';
  }

  get hasBody(): boolean {
    return (this.#bits & BITS.body) !== 0;
  }

  get hasTail(): boolean {
    return (this.#bits & BITS.tail) !== 0;
  }

  /** A copy, since what is read here may begin anywhere. */
  get scores(): Float64Array | undefined {
    if ((this.#bits & BITS.scores) === 0) return undefined;
    const scores = new Float64Array(this.#scores);
    for (let index = 0; index < scores.length; index++)
      scores[index] = this.#view.getFloat64(this.tailEnd + index * SCORE_BYTES, true);
    return scores;
  }

  get instead(): BodyDigest | undefined {
    if ((this.#bits & BITS.digest) === 0) return undefined;
    const start = this.tailEnd + this.#scores * SCORE_BYTES;
    const digestEnd = start + this.#view.getUint32(this.#start + 52, true);
    const shapeEnd = digestEnd + this.#view.getUint32(this.#start + 56, true);
    return {
      digest: this.bytes.toString('latin1', start, digestEnd),
      shape: this.bytes.toString('utf8', digestEnd, shapeEnd),
    };
  }

  get flags(): readonly string[] {
    const flags: string[] = [];
    let at =
      this.tailEnd +
      this.#scores * SCORE_BYTES +
      this.#view.getUint32(this.#start + 52, true) +
      this.#view.getUint32(this.#start + 56, true);
    while (at < this.#end) {
      const length = this.#view.getUint32(at, true);
      flags.push(this.bytes.toString('utf8', at + 4, at + 4 + length));
      at += 4 + length;
    }
    return flags;
  }

  /** All of it as an object, for what is read by the general way. */
  entry(): ReceivedEntry {
    const { scores, instead } = this;
    return {
      at: this.at,
      id: this.bytes.toString('latin1', this.idStart, this.idEnd),
      arm: this.arm,
      ...(this.isShadow ? { shadow: true as const } : {}),
      status: this.status,
      latencyMs: this.latencyMs,
      protocol: this.protocol,
      ...(this.hasBody ? { body: this.bytes.toString('utf8', this.bodyStart, this.bodyEnd) } : {}),
      ...(this.hasTail ? { tail: this.bytes.subarray(this.bodyEnd, this.tailEnd) } : {}),
      ...(instead === undefined ? {} : { bodyDigest: instead.digest, bodyShape: instead.shape }),
      bodyBytes: this.bodyBytes,
      ...(scores === undefined ? {} : { scores }),
      rows: this.rows,
      flags: this.flags,
    };
  }
}
