import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fleetTokens, messagingSettings } from './config.ts';
import { startAdmin } from './daemon/admin.ts';
import type { CertificateFiles } from './daemon/certificate.ts';
import { FleetDaemon, isLoopback } from './daemon/fleet-daemon.ts';

/**
 * The fleet daemon: `node serving/main.ts --folder DIR [--host 127.0.0.1] [--port 8000] [--grpc-port N] [--admin-host 127.0.0.1] [--admin-port 8003]
 *     [--tls-cert FILE --tls-key FILE] [--log DIR | --no-log] [--retention-days 30] [--tied]`.
 *
 * Writes one line of JSON when its ports are open. Without `--grpc-port` gRPC is not spoken. `--tied`: ends when the process that started it does. SIGTERM and SIGINT end it after
 * answering what has come in.
 */
const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '8000' },
    'grpc-port': { type: 'string' },
    'admin-host': { type: 'string', default: '127.0.0.1' },
    'admin-port': { type: 'string', default: '8003' },
    'tls-cert': { type: 'string' },
    'tls-key': { type: 'string' },
    log: { type: 'string' },
    'no-log': { type: 'boolean', default: false },
    'retention-days': { type: 'string', default: '30' },
    tied: { type: 'boolean', default: false },
  },
});

const DAY_MS = 86_400_000;
const ARTIFACT_LIMIT_BYTES = 4 * 2 ** 30;

async function main(): Promise<void> {
  if (values.folder === undefined) throw new Error('--folder is needed: where the fleet remembers what it serves');
  const tokens = fleetTokens();
  const adminHost = values['admin-host'];
  if (tokens.admin === undefined && !isLoopback(adminHost))
    throw new Error(`the admin API on ${adminHost} needs a token: set SLIPWAY_ADMIN_TOKEN`);
  const folder = resolve(values.folder);
  const messaging = messagingSettings();
  const tls = certificateFiles();
  const daemon = new FleetDaemon({
    folder,
    host: values.host,
    port: Number(values.port),
    ...(values['grpc-port'] === undefined ? {} : { grpcPort: Number(values['grpc-port']) }),
    callerToken: tokens.caller,
    ...(messaging === undefined ? {} : { messaging }),
    ...(tls === undefined ? {} : { tls }),
    serverVersion: versionOfPackage(),
    log: values['no-log']
      ? undefined
      : {
          folder: resolve(values.log ?? join(folder, 'predictions')),
          retentionMs: Number(values['retention-days']) * DAY_MS,
        },
  });
  const { port, grpcPort } = await daemon.start();
  // On this machine nobody else hears; beyond it the token would travel in the clear.
  const adminTls = isLoopback(adminHost) ? undefined : tls;
  const admin = await startAdmin(daemon, {
    host: adminHost,
    port: Number(values['admin-port']),
    token: tokens.admin,
    tls: adminTls,
    artifactLimitBytes: ARTIFACT_LIMIT_BYTES,
  });

  let stopping: Promise<void> | undefined;
  const stop = (): void => {
    stopping ??= Promise.all([daemon.stop(), admin.close()]).then(
      () => process.exit(0),
      (error: unknown) => {
        console.error('the fleet did not stop well', error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (values.tied) process.on('disconnect', stop);
  // Who reads the line, or what is told later, may be gone by then.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  console.log(
    JSON.stringify({
      ready: true,
      http: `${tls === undefined ? 'http' : 'https'}://${authority(values.host)}:${port}`,
      grpc: grpcPort === undefined ? null : `${authority(values.host)}:${grpcPort}`,
      admin: `${adminTls === undefined ? 'http' : 'https'}://${authority(adminHost)}:${admin.port}`,
      pid: process.pid,
    }),
  );
}

function certificateFiles(): CertificateFiles | undefined {
  const { 'tls-cert': certFile, 'tls-key': keyFile } = values;
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined)
    throw new Error('--tls-cert and --tls-key belong together: a certificate and its key');
  return { certFile: resolve(certFile), keyFile: resolve(keyFile) };
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

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof Error && error.cause !== undefined) console.error(error.cause);
  process.exit(1);
});
