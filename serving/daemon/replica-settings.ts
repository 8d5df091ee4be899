import type { ReplicaSettings, TlsOrder } from '../replica/messages.ts';
import { socketPath } from './crew.ts';
import type { DaemonOptions } from './fleet-daemon.ts';
import type { Role } from './turn.ts';

/** What a replica is started with, besides what its place among the others gives it. `tls`: undefined where callers' connections are not encrypted. */
export function replicaSettings(
  role: Role,
  { callerToken, host, serverVersion, grpcPort, messaging, traces, modelControl, grpcConnectionMs }: DaemonOptions,
  { logSocket, tls }: { readonly logSocket: string | undefined; readonly tls: TlsOrder | undefined },
): Omit<ReplicaSettings, 'socket' | 'proves'> {
  const isPublic = role.kind === 'public';
  return {
    ...(logSocket === undefined ? {} : { logSocket }),
    ...(callerToken === undefined ? {} : { callerToken }),
    ...(traces === undefined ? {} : { traces }),
    loopback: isLoopback(host),
    ...(tls === undefined ? {} : { tls }),
    keepAliveMs: isPublic ? KEEP_ALIVE_MS : CANDIDATE_KEEP_ALIVE_MS,
    serverVersion,
    ...(modelControl === true ? { modelControl: true } : {}),
    speaksGrpc: isPublic && grpcPort !== undefined,
    grpcConnectionMs,
    ...(isPublic && messaging !== undefined ? { messaging } : {}),
  };
}

/** Where the log's writer listens. */
export function logSocketIn(runFolder: string): string {
  return socketPath(runFolder, 'log');
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

const KEEP_ALIVE_MS = 5_000;
/** Among processes of one fleet a kept connection costs nothing, and its end at the wrong moment would. */
const CANDIDATE_KEEP_ALIVE_MS = 3_600_000;
