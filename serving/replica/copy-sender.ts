import { type Socket, connect } from 'node:net';
import type { ScoreMapping } from '../model/score.ts';
import { type Copy, type CopyFrame, bytesOfFrame, copySocketOf } from './copy-frames.ts';
import type { SideCounter } from './side-counts.ts';

/** One shadow is asked so much at once by one process; what comes while it is behind is skipped, so that nothing ever waits long. */
const MOST_UNDER_WAY = 64;
/** Of copies that are under way: a few large requests. */
const MOST_BYTES = 16 * 2 ** 20;
const RETRY_MS = 250;
const CLOSE_LIMIT_MS = 5_000;

/**
 * Hands copies to a shadow arm's process, over a Unix socket: bounded, never blocking, in the turn of the event loop after the one in which the
 * caller gets its answer. The process says back one byte a copy that it is done with. What does not fit, or finds nobody, is counted as skipped;
 * what was under way when the process ended, as the shadow's error.
 */
export class CopySender {
  readonly #path: string;
  readonly #counter: SideCounter;
  #socket: Socket | undefined;
  #connected = false;
  #told = new Set<string>();
  #waiting: Copy[] = [];
  #mappings = new Map<string, ScoreMapping | undefined>();
  /** Bytes of each copy that waits or is under way, oldest first. */
  #sizes: number[] = [];
  #bytes = 0;
  #planned = false;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(socket: string, counter: SideCounter) {
    this.#path = copySocketOf(socket);
    this.#counter = counter;
    this.#connect();
  }

  /** `mapping`: of the scores in the copy. */
  send(copy: Copy, mapping: ScoreMapping | undefined): void {
    const size = copy.body.text.length + (copy.body.tail?.length ?? 0);
    if (!this.#connected || this.#sizes.length >= MOST_UNDER_WAY || this.#bytes + size > MOST_BYTES) {
      this.#counter.copied({ skipped: 1 });
      return;
    }
    this.#sizes.push(size);
    this.#bytes += size;
    this.#waiting.push(copy);
    this.#mappings.set(copy.champion, mapping);
    if (this.#planned) return;
    this.#planned = true;
    setImmediate(() => this.#flush());
  }

  /** Nothing is copied any more; what is under way is waited for, since a process that has just died is told apart from one that is let go. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    if (this.#sizes.length === 0) this.#socket?.destroy();
    else
      setTimeout(() => {
        this.#sizes = [];
        this.#socket?.destroy();
      }, CLOSE_LIMIT_MS).unref();
  }

  #connect(): void {
    if (this.#closed) return;
    const socket = connect(this.#path);
    socket.on('connect', () => {
      this.#connected = true;
      this.#told = new Set();
    });
    socket.on('data', (done: Buffer) => {
      for (const size of this.#sizes.splice(0, done.length)) this.#bytes -= size;
      if (this.#closed && this.#sizes.length === 0) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#lost());
    this.#socket = socket;
  }

  #lost(): void {
    this.#connected = false;
    const lost = this.#sizes.length;
    if (lost > 0) this.#counter.copied({ requests: lost, errors: lost });
    this.#waiting = [];
    this.#sizes = [];
    this.#bytes = 0;
    if (this.#closed) return;
    this.#retry = setTimeout(() => this.#connect(), RETRY_MS);
  }

  #flush(): void {
    this.#planned = false;
    const copies = this.#waiting;
    this.#waiting = [];
    if (copies.length === 0 || !this.#connected) return;
    for (const { champion } of copies)
      if (!this.#told.has(champion)) {
        this.#told.add(champion);
        this.#write({ kind: 'champion', revision: champion, mapping: this.#mappings.get(champion) });
      }
    this.#write({ kind: 'copies', copies });
  }

  #write(frame: CopyFrame): void {
    this.#socket?.write(bytesOfFrame(frame));
  }
}
