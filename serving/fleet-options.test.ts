import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseFleetOptions } from './fleet-options.ts';

const parsed = (...args: readonly string[]) => parseFleetOptions(['--folder', 'fleet', ...args]);

describe('the command line of a fleet', () => {
  it('listens on loopback, in the clear, without gRPC, and lets git decide, unless it is told otherwise', () => {
    expect(parsed()).toMatchObject({
      folder: resolve('fleet'),
      host: '127.0.0.1',
      port: 8000,
      grpcPort: undefined,
      grpcConnectionMs: 600_000,
      adminHost: '127.0.0.1',
      adminPort: 8003,
      tls: undefined,
      modelControl: false,
    });
    expect(parsed('--no-log').log).toBeUndefined();
    expect(parsed('--grpc-connection-seconds', '0').grpcConnectionMs).toBe(Infinity);
    expect(parsed('--grpc-port', '0', '--tls-cert', 'a.pem', '--tls-key', 'b.pem')).toMatchObject({
      grpcPort: 0,
      tls: { certFile: resolve('a.pem'), keyFile: resolve('b.pem') },
    });
  });

  it.each([
    ['no folder', ['--port', '1'], '--folder is needed'],
    [
      'a port that is none',
      ['--folder', 'x', '--port', '65536'],
      '--port must be a port from 0 to 65535, found "65536"',
    ],
    [
      'a time that is none',
      ['--folder', 'x', '--grpc-connection-seconds', '1e9'],
      '--grpc-connection-seconds must be from 0 (no limit) to 86400, found "1e9"',
    ],
    ['a certificate without its key', ['--folder', 'x', '--tls-cert', 'a.pem'], 'belong together'],
    ['an unknown option', ['--folder', 'x', '--prot', '1'], '--prot'],
  ])('says what is wrong with %s', (_, args, message) => {
    expect(() => parseFleetOptions(args)).toThrow(message);
  });
});
