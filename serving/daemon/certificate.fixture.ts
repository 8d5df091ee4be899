import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CertificateFiles } from './certificate.ts';

const run = promisify(execFile);

/** Makes a certificate for 127.0.0.1 that signs itself, and its key, in a folder of its own or in the given one. */
export async function makeCertificate(
  folder?: string,
  name = 'fleet',
): Promise<CertificateFiles & { readonly folder: string }> {
  const own = folder ?? (await mkdtemp(join(tmpdir(), 'slipway-certificate-')));
  const [certFile, keyFile] = [join(own, 'cert.pem'), join(own, 'key.pem')];
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  await run('openssl', [...kind, ...subject, '-keyout', keyFile, '-out', certFile], { timeout: 30_000 });
  return { certFile, keyFile, folder: own };
}
