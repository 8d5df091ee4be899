import type { Server } from 'node:net';

const BACKLOG = 4096;

/** Opens a server's port, or goes on listening on a socket that was held open. Resolves with the port's number. */
export function openPort(
  server: Server,
  { host, port, what }: { readonly host: string; readonly port: number; readonly what: string },
  held?: unknown,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void =>
      reject(new Error(`the ${what} port ${host}:${port} cannot be opened`, { cause }));
    server.once('error', fail);
    const opened = (): void => {
      server.off('error', fail);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    };
    if (held === undefined) server.listen({ host, port, backlog: BACKLOG }, opened);
    else server.listen(held, BACKLOG, opened);
  });
}

/**
 * The listening socket of a server, to be sent to another process. A server that is sent as such would take connections there from the first
 * moment on; Node's handle, which the server keeps to itself, waits until somebody listens.
 */
export function handleOf(server: Server): unknown {
  return '_handle' in server ? server._handle : undefined;
}
