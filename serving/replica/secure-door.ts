import type { Socket } from 'node:net';
import { type Server, type TLSSocket, createServer } from 'node:tls';
import type { TlsOrder } from './messages.ts';

/** Takes callers' connections as they come from the port, and gives them on once they are encrypted. */
export interface SecureDoor {
  accept(socket: Socket, speaks: 'http' | 'grpc'): void;
  /** For connections from now on; those that are open stay as they are. */
  renew(order: TlsOrder): void;
}

/** A handshake takes two trips around the world, and a little arithmetic: who needs longer is holding a place. */
const HANDSHAKE_LIMIT_MS = 10_000;
/** The first byte of everything that speaks TLS: a record of type handshake (RFC 8446, section 5.1). */
const HANDSHAKE_RECORD = 0x16;
const PROTOCOLS = { http: ['http/1.1'], grpc: ['h2'] } as const;

/**
 * TLS 1.2 or later in front of HTTP and gRPC. Sessions are resumed with tickets, whose key all replicas of a fleet have, so that it does not
 * matter which of them a caller comes back to.
 */
export function openSecureDoor(
  order: TlsOrder,
  opened: (socket: TLSSocket, speaks: 'http' | 'grpc') => void,
): SecureDoor {
  const open = (speaks: 'http' | 'grpc'): Server => {
    const server = createServer({
      ...contextOf(order),
      ALPNProtocols: [...PROTOCOLS[speaks]],
      handshakeTimeout: HANDSHAKE_LIMIT_MS,
    });
    server.on('secureConnection', (socket) => opened(socket, speaks));
    // A handshake that fails is the caller's affair: its connection ends, the others do not notice.
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    return server;
  };
  const servers = { http: open('http'), grpc: open('grpc') };
  return {
    accept(socket, speaks) {
      firstByteOf(socket, (byte) => {
        if (byte === HANDSHAKE_RECORD) servers[speaks].emit('connection', socket);
        else refusePlain(socket, speaks);
      });
    },
    renew(renewed) {
      for (const server of Object.values(servers)) server.setSecureContext(contextOf(renewed));
    },
  };
}

function contextOf({ cert, key, ticketKeys }: TlsOrder) {
  // The same context in every replica, or a ticket of one would be a stranger's to the next.
  return {
    cert,
    key,
    ticketKeys: Buffer.from(ticketKeys),
    sessionIdContext: 'slipway',
    minVersion: 'TLSv1.2',
  } as const;
}

/** Looks at the first byte without taking it away. A connection that stays silent ends. */
function firstByteOf(socket: Socket, look: (byte: number | undefined) => void): void {
  const limit = setTimeout(() => socket.destroy(), HANDSHAKE_LIMIT_MS);
  socket.on('error', () => socket.destroy());
  socket.once('close', () => clearTimeout(limit));
  socket.once('readable', () => {
    clearTimeout(limit);
    const chunk: unknown = socket.read();
    if (!(chunk instanceof Buffer) || socket.destroyed) {
      socket.destroy();
      return;
    }
    socket.unshift(chunk);
    look(chunk[0]);
  });
}

const REFUSAL = '{"error":"this port speaks TLS: ask with https://"}';

/** A caller of HTTP can read why; one of gRPC could not. */
function refusePlain(socket: Socket, speaks: 'http' | 'grpc'): void {
  if (speaks === 'grpc') {
    socket.destroy();
    return;
  }
  socket.end(
    `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${REFUSAL.length}\r\nconnection: close\r\n\r\n${REFUSAL}`,
  );
  // What it has sent is read, or closing would reset the connection before the answer is there.
  socket.resume();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

const LINGER_MS = 1_000;
