import { Socket } from 'node:net';
import type { FromReplica, ToReplica } from './messages.ts';
import { OrderBook } from './order-book.ts';
import { Replica } from './replica.ts';

/**
 * A replica process. The daemon starts it and speaks to it over the IPC channel; when that ends, the daemon is gone, and the replica answers
 * what it has and ends too.
 */
const DISCONNECTED_LIMIT_MS = 5_000;

let replica: Replica | undefined;
/** Others of the fleet turn to it. */
let isAsked = false;
const orders = new OrderBook();

function say(message: FromReplica): void {
  if (process.connected) process.send?.(message, undefined, undefined, ignoreLostChannel);
}

/** A message that cannot be delivered has lost its reader; 'disconnect' tells what to do then. */
function ignoreLostChannel(_error: Error | null): void {}

async function end(limitMs: number, idle: 'cut' | 'leave'): Promise<void> {
  await replica?.drain(limitMs, idle);
  process.exit(0);
}

process.on('message', (message: ToReplica, handle: unknown) => {
  switch (message.kind) {
    case 'start':
      replica = new Replica(message.settings, say);
      isAsked = message.settings.proves;
      replica.listen();
      break;
    case 'orders':
      orders.take(message);
      replica?.order(message.sequence, orders.revisions, orders.tables);
      break;
    case 'connection':
      if (handle instanceof Socket) replica?.accept(handle, message.speaks);
      break;
    case 'tls':
      replica?.renew(message.tls);
      break;
    case 'shed':
      replica?.shed(message.connections);
      break;
    case 'report':
      replica?.report(message.ask);
      break;
    case 'told':
      replica?.told(message.ask, message.answer);
      break;
    case 'drain':
      void end(message.limitMs, message.idle);
      break;
  }
});
process.on('disconnect', () => {
  // Those who turn to it have as long, and each of their last requests needs it.
  if (isAsked) setTimeout(() => void end(DISCONNECTED_LIMIT_MS, 'cut'), DISCONNECTED_LIMIT_MS);
  else void end(DISCONNECTED_LIMIT_MS, 'leave');
});
// The daemon decides when a replica ends: a signal to the whole process group must not cut what is being answered.
process.on('SIGTERM', () => {});
process.on('SIGINT', () => {});
