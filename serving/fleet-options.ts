import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bucketAccess } from './config.ts';
import type { CertificateFiles } from './daemon/certificate.ts';
import { logSettingsOf } from './lake/log-settings.ts';
import { limitsOf } from './daemon/capacity/limits.ts';
import { machineOf } from './daemon/capacity/machine.ts';

const COMMAND_LINE = {
  options: {
    folder: { type: 'string' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '8000' },
    'grpc-port': { type: 'string' },
    'grpc-connection-seconds': { type: 'string', default: '600' },
    'admin-host': { type: 'string', default: '127.0.0.1' },
    'admin-port': { type: 'string', default: '8003' },
    'tls-cert': { type: 'string' },
    'tls-key': { type: 'string' },
    log: { type: 'string' },
    'no-log': { type: 'boolean', default: false },
    'log-spool': { type: 'string' },
    'log-keep-hours': { type: 'string', default: '24' },
    'log-spool-gib': { type: 'string', default: '4' },
    'retention-days': { type: 'string', default: '30' },
    'model-control': { type: 'boolean', default: false },
    tied: { type: 'boolean', default: false },
    'memory-budget': { type: 'string' },
    'max-loaded': { type: 'string' },
    'idle-seconds': { type: 'string' },
    'scale-window-seconds': { type: 'string' },
    'slow-run-ms': { type: 'string' },
    'replica-memory': { type: 'string' },
  },
} as const;

/** What `node serving/main.ts` is told on its command line. Throws where it makes no sense. */
export function parseFleetOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    ...COMMAND_LINE,
  });
  if (values.folder === undefined) throw new Error('--folder is needed: where the fleet remembers what it serves');
  const folder = resolve(values.folder);
  return {
    folder,
    host: values.host,
    port: portOf('port', values.port),
    grpcPort: values['grpc-port'] === undefined ? undefined : portOf('grpc-port', values['grpc-port']),
    grpcConnectionMs: lifetimeOf(values['grpc-connection-seconds']),
    adminHost: values['admin-host'],
    adminPort: portOf('admin-port', values['admin-port']),
    tls: certificateFiles(values['tls-cert'], values['tls-key']),
    log: values['no-log']
      ? undefined
      : logSettingsOf(
          {
            log: values.log,
            spool: values['log-spool'],
            retentionDays: values['retention-days'],
            keepHours: values['log-keep-hours'],
            spoolGib: values['log-spool-gib'],
          },
          folder,
          bucketAccess,
        ),
    modelControl: values['model-control'],
    tied: values.tied,
    limits: limitsOf(values, machineOf()),
  } as const;
}

const MOST_PORT = 65_535;

function portOf(name: string, text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > MOST_PORT)
    throw new Error(`--${name} must be a port from 0 to ${MOST_PORT}, found "${text}"`);
  return port;
}

/** 0: without an end. */
function lifetimeOf(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds >= 0 && seconds <= MOST_CONNECTION_SECONDS))
    throw new Error(
      `--grpc-connection-seconds must be from 0 (no limit) to ${MOST_CONNECTION_SECONDS}, found "${text}"`,
    );
  return seconds === 0 ? Infinity : seconds * MS_A_SECOND;
}

/** A day: a longer timer would be of no use. */
const MOST_CONNECTION_SECONDS = 86_400;
const MS_A_SECOND = 1000;

function certificateFiles(certFile: string | undefined, keyFile: string | undefined): CertificateFiles | undefined {
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined)
    throw new Error('--tls-cert and --tls-key belong together: a certificate and its key');
  return { certFile: resolve(certFile), keyFile: resolve(keyFile) };
}
