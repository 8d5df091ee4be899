import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificate } from './certificate.fixture.ts';
import { CertificateKeeper, readCertificate } from './certificate.ts';

let own: Awaited<ReturnType<typeof makeCertificate>>;
let other: Awaited<ReturnType<typeof makeCertificate>>;
beforeAll(async () => {
  own = await makeCertificate();
  other = await makeCertificate();
});
afterAll(async () => {
  for (const { folder } of [own, other]) await rm(folder, { recursive: true, force: true });
});

describe('the certificate of a fleet', () => {
  it('is read with its key', async () => {
    expect(await readCertificate(own)).toEqual({
      cert: expect.stringContaining('BEGIN CERTIFICATE'),
      key: expect.stringContaining('BEGIN PRIVATE KEY'),
    });
  });

  it('is refused with the file that is wrong', async () => {
    const nowhere = join(own.folder, 'nowhere.pem');
    await expect(readCertificate({ ...own, certFile: nowhere })).rejects.toThrow(
      `the TLS certificate ${nowhere} cannot be read: ENOENT`,
    );
    await expect(readCertificate({ ...own, keyFile: other.keyFile })).rejects.toThrow(
      `${other.keyFile} is not the key of the certificate in ${own.certFile} (CN=fleet)`,
    );
    await expect(readCertificate({ ...own, certFile: own.keyFile })).rejects.toThrow('holds no certificate in PEM');
    await expect(readCertificate({ ...own, keyFile: own.certFile })).rejects.toThrow('holds no private key in PEM');
  });

  it('is told when it was renewed; files that do not fit together leave the one of before, and its tickets', async () => {
    const files = await makeCertificate();
    const told: string[] = [];
    const keeper = await CertificateKeeper.open(files, ({ cert }) => told.push(cert));
    try {
      const before = keeper.order;
      await writeFile(files.certFile, (await readCertificate(other)).cert);
      await keeper.look();
      expect([told, keeper.order]).toEqual([[], before]);
      await writeFile(files.keyFile, (await readCertificate(other)).key);
      await keeper.look();
      expect(told).toEqual([(await readCertificate(other)).cert]);
      expect(keeper.order.ticketKeys).toEqual(before.ticketKeys);
      await keeper.look();
      expect(told).toHaveLength(1);
    } finally {
      keeper.close();
      await rm(files.folder, { recursive: true, force: true });
    }
  });
});
