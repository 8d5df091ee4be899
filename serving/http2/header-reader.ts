import type { Frame } from './frame-reader.ts';
import { CODE, FLAG, Http2Failure } from './frames.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { type RequestHead, areTrailers, requestHead } from './request-head.ts';

/** Of a head and of what it is packed into. */
const MOST_BYTES = 65_536;
/** Frames of one block; a head that needs more is none. */
const MOST_FRAMES = 32;
const PRIORITY_BYTES = 5;

type Head =
  | { readonly kind: 'head'; readonly head: RequestHead }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'too large' };

/** Puts header blocks together from their frames and reads them. Blocks that come again as they were are not read again. */
export class HeaderReader {
  readonly #decoder = new HpackDecoder();
  /** The block in hand, where it is in one frame; else its parts. */
  #bytes: Buffer = Buffer.alloc(0);
  #from = 0;
  #to = 0;
  #parts: Buffer[] = [];
  #partsBytes = 0;
  stream = 0;
  /** Whether the request ends with this block. */
  isLast = false;
  /** Whether more of the block must follow at once. */
  isWithin = false;
  /** The block that came last, what it meant, and the table's age then. */
  #known: { readonly bytes: Buffer; readonly head: Head; readonly changes: number } | undefined;

  /** Takes a HEADERS frame; true: the block is whole. */
  begin({ flags, stream, bytes, from, to }: Frame): boolean {
    this.stream = stream;
    this.isLast = (flags & FLAG.endStream) !== 0;
    this.#bytes = bytes;
    this.#from = from;
    this.#to = to;
    if ((flags & FLAG.padded) !== 0) {
      this.#to -= bytes[this.#from] ?? 0;
      this.#from += 1;
    }
    if ((flags & FLAG.priority) !== 0) this.#from += PRIORITY_BYTES;
    if (this.#from > this.#to) throw new Http2Failure(CODE.protocol, 'more padding than there are bytes');
    this.isWithin = (flags & FLAG.endHeaders) === 0;
    if (!this.isWithin) return true;
    this.#parts = [Buffer.from(bytes.subarray(this.#from, this.#to))];
    this.#partsBytes = this.#to - this.#from;
    return false;
  }

  /** Takes a CONTINUATION frame; true: the block is whole. */
  goOn({ flags, bytes, from, to }: Frame): boolean {
    if (!this.isWithin) throw new Http2Failure(CODE.protocol, 'CONTINUATION of nothing');
    this.#parts.push(Buffer.from(bytes.subarray(from, to)));
    this.#partsBytes += to - from;
    if (this.#partsBytes > MOST_BYTES || this.#parts.length > MOST_FRAMES)
      throw new Http2Failure(CODE.calm, `a header block of more than ${MOST_BYTES} bytes or ${MOST_FRAMES} frames`);
    this.isWithin = (flags & FLAG.endHeaders) === 0;
    if (this.isWithin) return false;
    this.#bytes = Buffer.concat(this.#parts, this.#partsBytes);
    this.#from = 0;
    this.#to = this.#partsBytes;
    this.#parts = [];
    return true;
  }

  /** The whole block as the head of a request. Throws an Http2Failure where it cannot be read at all. */
  request(): Head {
    const [bytes, from, to] = [this.#bytes, this.#from, this.#to];
    const known = this.#known;
    if (
      known !== undefined &&
      known.changes === this.#decoder.changes &&
      known.bytes.length === to - from &&
      known.bytes.compare(bytes, from, to) === 0
    )
      return known.head;
    const before = this.#decoder.changes;
    const fields = this.#decoder.fieldsOf(bytes, from, to, MOST_BYTES);
    const found = fields === undefined ? undefined : requestHead(fields);
    const head: Head =
      found !== undefined ? { kind: 'head', head: found } : { kind: fields === undefined ? 'too large' : 'malformed' };
    const { changes } = this.#decoder;
    // A block that changed the table would change it again.
    this.#known = changes === before ? { bytes: Buffer.from(bytes.subarray(from, to)), head, changes } : undefined;
    return head;
  }

  /** Reads the whole block as trailers; whether they are some. What they say is not looked at. */
  trailers(): boolean {
    const fields = this.#decoder.fieldsOf(this.#bytes, this.#from, this.#to, MOST_BYTES);
    return fields !== undefined && areTrailers(fields);
  }
}
