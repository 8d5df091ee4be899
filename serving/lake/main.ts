import { getPriority, setPriority } from 'node:os';
import type { Handed } from './entry.ts';
import type { ObservedLog } from '../fleet.ts';
import { type Feedback, LogWriter, type LogWriterOptions } from './log-writer.ts';

/** The log's writer is a process of its own: taking requests apart and compressing columns must not hold up those who serve. */
export type ToWriter =
  | { readonly kind: 'start'; readonly options: LogWriterOptions }
  | { readonly kind: 'flush'; readonly ask: number; readonly handed: readonly Handed[] }
  | { readonly kind: 'feedback'; readonly ask: number; readonly model: string; readonly items: readonly Feedback[] }
  /** How long which model's rows are kept, where that is shorter than the usual retention. */
  | { readonly kind: 'retain'; readonly retentionMs: ReadonlyMap<string, number> }
  | { readonly kind: 'stop' };
export type FromWriter =
  | { readonly kind: 'listening' }
  | { readonly kind: 'status'; readonly status: ObservedLog }
  /** It could not begin, and ends. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'done'; readonly ask: number; readonly error?: string };

/** Who serves goes first; a writer that is given less than a quarter of a processor would drop rows of a busy fleet. */
const NICENESS = 5;
setPriority(Math.max(NICENESS, getPriority()));

let writer: LogWriter | undefined;

function say(message: FromWriter): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

const STATUS_MS = 2_000;

function sayStatus(): void {
  if (writer !== undefined) say({ kind: 'status', status: writer.status });
}

async function hear(message: ToWriter): Promise<void> {
  switch (message.kind) {
    case 'start':
      writer = new LogWriter(message.options);
      await writer.start();
      say({ kind: 'listening' });
      sayStatus();
      setInterval(sayStatus, STATUS_MS).unref();
      return;
    case 'flush':
      await writer?.flushAfter(message.handed);
      say({ kind: 'done', ask: message.ask });
      return;
    case 'feedback':
      await writer?.feedback(message.model, message.items);
      say({ kind: 'done', ask: message.ask });
      return;
    case 'retain':
      writer?.retain(message.retentionMs);
      return;
    case 'stop':
      await end();
  }
}

async function end(): Promise<void> {
  await writer?.stop();
  process.exit(0);
}

process.on('message', (message: ToWriter) => {
  hear(message).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    if ('ask' in message) {
      console.error('the log failed', error);
      say({ kind: 'done', ask: message.ask, error: reason });
      return;
    }
    console.error(`the prediction log cannot be written: ${reason}`);
    const ended = (): never => process.exit(1);
    if (process.connected) process.send?.({ kind: 'failed', reason } satisfies FromWriter, undefined, undefined, ended);
    else ended();
  });
});
// Without the daemon there are no replicas either: what they have sent is written, then it ends.
process.on('disconnect', () => void end());
process.on('SIGTERM', () => {});
process.on('SIGINT', () => {});
