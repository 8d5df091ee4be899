/**
 * What the keeper (keeper.ts) and a fleet daemon say to each other over Node's IPC channel.
 *
 * A daemon is started as the *first*, which opens its ports and gives the keeper a copy of each; as the *heir* of one that died, on the ports that the
 * keeper held open; or as the *successor* of one that goes on meanwhile: successor prepared → old one hands over (writes down what should be, and
 * takes no more orders) → successor takes over (reads that, listens, is ready) → old one retires (answers what it has, and ends).
 */
export const PORTS = ['http', 'grpc', 'admin'] as const;
export type PortName = (typeof PORTS)[number];

export type ToDaemon =
  /** Comes with the listening socket. Before `start`, and before `resume`. */
  | { readonly kind: 'port'; readonly name: PortName }
  | { readonly kind: 'start'; readonly as: 'first' | 'heir' | 'successor' }
  | { readonly kind: 'hand-over' }
  | { readonly kind: 'take-over' }
  /** The successor failed: it goes on as if nothing had been. */
  | { readonly kind: 'resume' }
  | { readonly kind: 'retire' }
  | { readonly kind: 'stop' };

export type FromDaemon =
  /** Comes with the listening socket, to be held while daemons come and go. */
  | { readonly kind: 'port'; readonly name: PortName }
  | { readonly kind: 'prepared' }
  | { readonly kind: 'handed-over' }
  | { readonly kind: 'ready'; readonly line: ReadyLine }
  /** Somebody asked for it over the admin API, or by a signal. */
  | { readonly kind: 'restart' }
  | { readonly kind: 'stop' };

/** What is printed when the ports are open. */
export interface ReadyLine {
  readonly ready: true;
  readonly http: string;
  readonly grpc: string | null;
  readonly admin: string;
}
