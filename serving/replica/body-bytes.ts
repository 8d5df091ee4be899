/**
 * A body as it comes in, chunk by chunk, until it lies in one piece. Of an announced length, its place is made at once, and each chunk goes there and its
 * memory back: kept until the garbage is collected, chunks of 600 kB a request bring a full collection on after each few dozen.
 */
export class BodyBytes {
  /** Bytes in front of the body, so that what lies at `alignedAt` in it begins at a multiple of the largest element. */
  readonly #skipped: number;
  readonly #limitBytes: number;
  #place: Buffer | undefined;
  #chunks: Buffer[] = [];
  #size = 0;

  constructor({ announced, alignedAt, limitBytes }: BodyShape) {
    this.#skipped = (LARGEST_ELEMENT_BYTES - (alignedAt % LARGEST_ELEMENT_BYTES)) % LARGEST_ELEMENT_BYTES;
    this.#limitBytes = limitBytes;
    if (announced > ONE_CHUNK_BYTES && announced <= Math.min(limitBytes, MAX_TRUSTED_BYTES))
      this.#place = Buffer.allocUnsafeSlow(this.#skipped + announced);
  }

  /** Takes a chunk, which nobody else may look at from then on; false: the body is too large, and nothing of it is kept. */
  take(chunk: Buffer): boolean {
    const at = this.#skipped + this.#size;
    this.#size += chunk.length;
    if (this.#size > this.#limitBytes) {
      this.#place = undefined;
      this.#chunks = [];
      return false;
    }
    if (this.#place === undefined || at + chunk.length > this.#place.length) this.#keep(chunk, at);
    else {
      this.#place.set(chunk, at);
      giveBack(chunk);
    }
    return true;
  }

  /** Once all has been taken. */
  whole(): Buffer {
    if (this.#place !== undefined) return this.#place.subarray(this.#skipped, this.#skipped + this.#size);
    const [first] = this.#chunks;
    if (first === undefined) return Buffer.alloc(0);
    return this.#chunks.length === 1 ? first : joined(this.#chunks, this.#size, this.#skipped);
  }

  /** What frees the memory of the whole, where nothing else lies in it. */
  get release(): (() => void) | undefined {
    const memory = this.#place?.buffer;
    return memory === undefined ? undefined : () => freed(memory);
  }

  /** More than was announced: from here on it is gathered as if nothing had been said. */
  #keep(chunk: Buffer, at: number): void {
    if (this.#place !== undefined) this.#chunks.push(this.#place.subarray(this.#skipped, at));
    this.#place = undefined;
    this.#chunks.push(chunk);
  }
}

export interface BodyShape {
  /** Bytes that the sender has said will come; 0: it has not said. */
  readonly announced: number;
  /** Where something in it begins that should lie at a multiple of 8 in memory. */
  readonly alignedAt: number;
  readonly limitBytes: number;
}

const LARGEST_ELEMENT_BYTES = 8;
/** What is smaller comes in one chunk, and stays where it is. */
const ONE_CHUNK_BYTES = 65_536;
/** Memory for more than this is had when it is needed: whoever announces much and sends nothing should cost nothing. */
const MAX_TRUSTED_BYTES = 4 * 2 ** 20;

/** Tensors are views of the body where they lie as typed arrays must: so a large one is copied once, here. */
function joined(chunks: readonly Buffer[], size: number, skipped: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(skipped + size);
  let at = skipped;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes.subarray(skipped);
}

/** Frees a chunk's memory now, where it is all the chunk's own. */
function giveBack({ buffer, length }: Buffer): void {
  if (buffer.byteLength === length) freed(buffer);
}

/** Every view of it is empty from now on. */
function freed(memory: ArrayBufferLike): void {
  if (memory instanceof ArrayBuffer) memory.transfer(0);
}
