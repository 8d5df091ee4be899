import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fleetTokens, messagingSettings, tracesSettings } from '../config.ts';
import { parseFleetOptions } from '../fleet-options.ts';
import { type Admin, startAdmin } from './admin.ts';
import { FleetDaemon } from './fleet-daemon.ts';
import { isLoopback } from './replica-settings.ts';
import type { FromDaemon, PortName, ToDaemon } from './keeper-messages.ts';

/** The process of a fleet daemon. The keeper starts it, holds its ports, and says when it takes over from another, or hands over to one. */
const ARTIFACT_LIMIT_BYTES = 4 * 2 ** 30;

const ports = new Map<PortName, unknown>();
let daemon: FleetDaemon | undefined;
let admin: Admin | undefined;

function say(message: FromDaemon, handle?: unknown): void {
  // Node's own listening handle, as the keeper gave it or as a server has it.
  if (process.connected) process.send?.(message, handle as never, {}, () => {});
}

function createDaemon(): FleetDaemon {
  const options = parseFleetOptions(process.argv.slice(2));
  const tokens = fleetTokens();
  if (tokens.admin === undefined && !isLoopback(options.adminHost))
    throw new Error(`the admin API on ${options.adminHost} needs a token: set SLIPWAY_ADMIN_TOKEN`);
  const { folder, host, port, grpcPort, grpcConnectionMs, tls, log, limits } = options;
  const traces = tracesSettings();
  const messaging = messagingSettings();
  return new FleetDaemon({
    folder,
    host,
    port,
    ...(grpcPort === undefined ? {} : { grpcPort }),
    grpcConnectionMs,
    ...(tls === undefined ? {} : { tls }),
    ...(traces === undefined ? {} : { traces }),
    callerToken: tokens.caller,
    ...(messaging === undefined ? {} : { messaging }),
    serverVersion: versionOfPackage(),
    modelControl: options.modelControl,
    log,
    limits,
  });
}

async function start(as: 'first' | 'heir' | 'successor'): Promise<void> {
  daemon = createDaemon();
  if (as === 'successor') {
    await daemon.prepare();
    say({ kind: 'prepared' });
  } else {
    await daemon.claim();
    await open(daemon);
  }
}

/** Opens the ports, those that the keeper held or new ones, and says so. */
async function open(opening: FleetDaemon): Promise<void> {
  const { host, tls, adminHost, adminPort } = parseFleetOptions(process.argv.slice(2));
  const opened = await opening.listen({ http: ports.get('http'), grpc: ports.get('grpc') });
  // On this machine nobody else hears; beyond it the token would travel in the clear.
  const adminTls = isLoopback(adminHost) ? undefined : tls;
  admin = await startAdmin(opening, {
    host: adminHost,
    port: adminPort,
    held: ports.get('admin'),
    token: fleetTokens().admin,
    tls: adminTls,
    artifactLimitBytes: ARTIFACT_LIMIT_BYTES,
    restart: () => say({ kind: 'restart' }),
  });
  for (const [name, handle] of [
    ['http', opened.handles.http],
    ['grpc', opened.handles.grpc],
    ['admin', admin.handle],
  ] as const)
    if (!ports.has(name) && handle !== undefined) say({ kind: 'port', name }, handle);
  ports.clear();
  say({
    kind: 'ready',
    line: {
      ready: true,
      http: `${tls === undefined ? 'http' : 'https'}://${authority(host)}:${opened.port}`,
      grpc: opened.grpcPort === undefined ? null : `${authority(host)}:${opened.grpcPort}`,
      admin: `${adminTls === undefined ? 'http' : 'https'}://${authority(adminHost)}:${admin.port}`,
    },
  });
}

let ending: Promise<void> | undefined;

function endAfter(end: () => Promise<void> | undefined): void {
  ending ??= Promise.all([end(), admin?.close()]).then(
    () => process.exit(0),
    (error: unknown) => {
      console.error('the fleet did not stop well', error);
      process.exit(1);
    },
  );
}

async function hear(message: ToDaemon, handle: unknown): Promise<void> {
  switch (message.kind) {
    case 'port':
      ports.set(message.name, handle);
      return;
    case 'start':
      await start(message.as);
      return;
    case 'hand-over':
      // Who asks something of the fleet from now on waits on its port for the successor.
      admin?.leave();
      await daemon?.handOver();
      say({ kind: 'handed-over' });
      return;
    case 'take-over':
      if (daemon === undefined) return;
      await daemon.takeOver();
      await open(daemon);
      return;
    case 'resume':
      daemon?.resume();
      await admin?.comeBack(ports.get('admin'));
      ports.clear();
      return;
    case 'retire':
      endAfter(() => daemon?.retire());
      return;
    case 'stop':
      endAfter(() => daemon?.stop());
  }
}

process.on('message', (message: ToDaemon, handle: unknown) => {
  hear(message, handle).catch((error: unknown) => {
    console.error(error instanceof Error ? toldWithCause(error) : error);
    process.exit(1);
  });
});
// Without the keeper nobody holds the ports, and whoever started the fleet has no hold on this process.
process.on('disconnect', () => process.exit(1));
process.on('SIGTERM', () => say({ kind: 'stop' }));
process.on('SIGINT', () => say({ kind: 'stop' }));
process.on('SIGHUP', () => say({ kind: 'restart' }));
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

/** A sentence that does not name its cause already does. */
function toldWithCause({ message, cause }: Error): string {
  return cause instanceof Error && !message.includes(cause.message) ? `${message}: ${cause.message}` : message;
}

function authority(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** The version in the package.json that this file lies under: beside serving/ in the repository, above dist/ in the package. */
function versionOfPackage(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (!existsSync(file)) continue;
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof parsed === 'object' && parsed !== null && 'version' in parsed) return String(parsed.version);
  }
  return 'unknown';
}
