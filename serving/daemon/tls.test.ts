import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type ConnectionOptions, type TLSSocket, connect } from 'node:tls';
import { type ServiceClientConstructor, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificate } from './certificate.fixture.ts';
import { loansFiles, loansRecord, loansRevision } from './loans.fixture.ts';
import { type TestFleet, openTestFleet } from './test-fleet.ts';

let tls: Awaited<ReturnType<typeof makeCertificate>>;
let fleet: TestFleet;
let ca = '';
const loans = loansRevision('1.0.0', 'v1_champion');
beforeAll(async () => {
  tls = await makeCertificate();
  ca = await readFile(tls.certFile, 'utf8');
  fleet = await openTestFleet({ grpcPort: 0, tls });
  await fleet.bring(loansFiles(), loans);
  await fleet.turn('loans', [{ revision: loans.revision, weight: 100 }], { replicas: { min: 2, max: 2, target: 4 } });
  await fleet.ready('loans', loans.revision);
});
afterAll(async () => {
  await fleet?.close();
  await rm(tls.folder, { recursive: true, force: true });
});

const port = (): number => Number(new URL(fleet.url).port);

async function handshake(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    servername: 'localhost',
    port: port(),
    ca,
    ALPNProtocols: ['http/1.1'],
    ...options,
  });
  await once(socket, 'secureConnect');
  return socket;
}

async function predict(): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const asking = request(`${fleet.url}/v1/models/loans:predict`, { method: 'POST', ca, agent: false });
  asking.end(JSON.stringify({ instances: [loansRecord] }));
  const [response] = await once(asking, 'response');
  return { status: response.statusCode, body: await text(response) };
}

describe('a fleet with a certificate', () => {
  it('says https, and answers over TLS 1.3', async () => {
    expect(fleet.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(fleet.adminUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const socket = await handshake();
    expect([socket.getProtocol(), socket.alpnProtocol]).toEqual(['TLSv1.3', 'http/1.1']);
    socket.destroy();
    expect(await predict()).toMatchObject({ status: 200, body: expect.stringContaining('"score":') });
  });

  it('speaks TLS 1.2, and nothing older', async () => {
    const socket = await handshake({ maxVersion: 'TLSv1.2' });
    expect(socket.getProtocol()).toBe('TLSv1.2');
    socket.destroy();
    await expect(
      handshake({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    ).rejects.toThrow(/protocol version|unsupported protocol/);
  });

  it('answers gRPC over the same certificate', async () => {
    const proto = fileURLToPath(new URL('../protocol/inference.proto', import.meta.url));
    const loaded: unknown = loadPackageDefinition(loadSync(proto, { keepCase: true }))['inference'];
    const { GRPCInferenceService: Service } = loaded as Record<string, ServiceClientConstructor>;
    if (Service === undefined) throw new Error('the definition names no service');
    const client = new Service(fleet.grpc ?? '', credentials.createSsl(Buffer.from(ca)));
    const ready = await new Promise((resolve, reject) => {
      client['ModelReady']?.(
        { name: 'loans' },
        { deadline: Date.now() + 30_000 },
        (error: Error | null, value: unknown) => (error === null ? resolve(value) : reject(error)),
      );
    });
    client.close();
    expect(ready).toEqual({ ready: true });
  });

  /** How many replicas have callers. */
  async function holders(): Promise<number> {
    const text = await (await fetch(`${fleet.adminUrl}/metrics`)).text();
    return [...text.matchAll(/^slipway_replica_connections\{.*role="public"\} [1-9]/gm)].length;
  }

  it('resumes a session with whichever replica takes the connection', async () => {
    await fleet.until('both replicas are ready', async () => {
      const { replicas } = await fleet.driver.observe(AbortSignal.timeout(30_000));
      return replicas.filter(({ role, state }) => role === 'public' && state === 'ready').length >= 2;
    });
    const first = await handshake();
    const [session] = await once(first, 'session');
    // Each connection goes to the replica with the fewest: while all stay open, both get some.
    const others = await Promise.all(Array.from({ length: 6 }, () => handshake({ session })));
    await fleet.until('two replicas hold connections', async () => (await holders()) >= 2);
    expect(others.map((socket) => socket.isSessionReused())).toEqual(others.map(() => true));
    for (const socket of [first, ...others]) socket.destroy();
  });

  it('tells a caller that does not encrypt so, and goes on for others while some never finish their handshake', async () => {
    const silent = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const socket = connectPlain(port(), '127.0.0.1');
        await once(socket, 'connect');
        // Half of them begin a record and never send the rest.
        if (index % 2 === 0) socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
        return socket;
      }),
    );
    const plain = connectPlain(port(), '127.0.0.1');
    plain.write('GET /v2/health/live HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    expect(await text(plain)).toMatch(
      /^HTTP\/1\.1 400 .*\r\n[^]*\{"error":"this port speaks TLS: ask with https:\/\/"\}$/,
    );
    expect((await predict()).status).toBe(200);
    for (const socket of silent) socket.destroy();
  });

  it('shows a renewed certificate to new connections, without a restart, and open ones go on', async () => {
    const open = await handshake();
    await makeCertificate(tls.folder, 'renewed');
    const shown = async (): Promise<string> => {
      const socket = await handshake({ rejectUnauthorized: false });
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      return new X509Certificate(raw).subject;
    };
    await fleet.until('the new certificate is shown', async () => (await shown()) === 'CN=renewed');
    ca = await readFile(tls.certFile, 'utf8');
    expect((await predict()).status).toBe(200);
    open.write('GET /v2/health/live HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n');
    expect(await text(open)).toMatch(/^HTTP\/1\.1 200 /);
  });
});
