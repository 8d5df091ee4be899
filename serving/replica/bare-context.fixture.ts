import { Journal } from './journal.ts';
import type { RouteContext } from './routes.ts';

/** What the doors of a replica touch, of one that serves nothing. */
export function bareContext(socket: string, more: Partial<RouteContext> = {}): RouteContext {
  return {
    settings: {
      socket,
      loopback: true,
      keepAliveMs: 5_000,
      serverVersion: '0',
      speaksGrpc: true,
      grpcConnectionMs: Infinity,
      proves: false,
    },
    serving: {
      table: () => undefined,
      counter: () => {
        throw new Error('nothing is served here');
      },
      journal: new Journal(undefined),
      countUnused() {},
      awaken: async () => undefined,
    },
    tables: () => new Map(),
    ask: () => Promise.reject(new Error('there is no daemon')),
    loaded: () => undefined,
    explainer: () => Promise.reject(new Error('nothing is explained here')),
    isRelay: () => false,
    draining: () => false,
    track: (work) => work,
    ...more,
  };
}
