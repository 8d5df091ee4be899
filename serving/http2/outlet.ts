import type { Duplex } from 'node:stream';

/** More than this is not put together into one piece of memory, since the copy would cost more than the writing. */
const WORTH_COPYING_BYTES = 65_536;

/** Puts what one turn of the loop has to say on a connection into one write. */
export class Outlet {
  readonly #socket: Duplex;
  #pieces: Buffer[] = [];
  #bytes = 0;
  readonly #send = (): void => this.flush();

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** Nothing of `piece` may be changed afterwards. */
  push(piece: Buffer): void {
    // After the promises that this turn settles: answers of one run go out together.
    if (this.#pieces.length === 0) process.nextTick(this.#send);
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  /** What was said and has not gone out. */
  get waitingBytes(): number {
    return this.#bytes + this.#socket.writableLength;
  }

  flush(): void {
    const pieces = this.#pieces;
    const bytes = this.#bytes;
    const [first] = pieces;
    if (first === undefined) return;
    this.#pieces = [];
    this.#bytes = 0;
    const socket = this.#socket;
    if (!socket.writable) return;
    if (pieces.length === 1) socket.write(first);
    else if (bytes <= WORTH_COPYING_BYTES) socket.write(Buffer.concat(pieces, bytes));
    else {
      socket.cork();
      for (const piece of pieces) socket.write(piece);
      socket.uncork();
    }
  }
}
