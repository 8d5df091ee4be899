import { X509Certificate, createPrivateKey, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import type { TlsOrder } from '../replica/messages.ts';

/** Where the fleet's certificate (PEM, with its chain) and private key (PEM, not encrypted) lie. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

type Certificate = Pick<TlsOrder, 'cert' | 'key'>;

/** Reads both files and makes sure that they belong together. Rejects with which file is wrong, and how. */
export async function readCertificate({ certFile, keyFile }: CertificateFiles): Promise<Certificate> {
  const [cert, key] = await Promise.all([textOf(certFile, 'certificate'), textOf(keyFile, 'private key')]);
  const certificate = parsed(() => new X509Certificate(cert), `${certFile} holds no certificate in PEM`);
  const privateKey = parsed(() => createPrivateKey(key), `${keyFile} holds no private key in PEM without a passphrase`);
  if (!certificate.checkPrivateKey(privateKey))
    throw new Error(
      `${keyFile} is not the key of the certificate in ${certFile} (${certificate.subject.replaceAll('\n', ', ')})`,
    );
  parsed(() => createSecureContext({ cert, key }), `${certFile} and ${keyFile} cannot be used for TLS`);
  if (certificate.validToDate.getTime() < Date.now())
    console.error(`the certificate in ${certFile} has run out on ${certificate.validToDate.toISOString()}`);
  return { cert, key };
}

async function textOf(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new Error(`the TLS ${what} ${file} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

function parsed<T>(parse: () => T, otherwise: string): T {
  try {
    return parse();
  } catch (cause) {
    throw new Error(`${otherwise}: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

const LOOK_AGAIN_MS = 2_000;
/** Whoever steals the key of tickets can read what was resumed with them: it does not live for long. */
const TICKETS_LIVE_MS = 12 * 3_600_000;
const TICKET_KEY_BYTES = 48;

/**
 * What the fleet's replicas need for TLS, kept up to date: files are looked at again every two seconds (a watch on the folder would miss how
 * Kubernetes swaps a mounted secret), and the key of session tickets, which all replicas share so that a session can be resumed with any of
 * them, changes twice a day. Files that cannot be used are told of once, and the last good ones go on.
 */
export class CertificateKeeper {
  readonly #files: CertificateFiles;
  readonly #renewed: (order: TlsOrder) => void;
  readonly #ended = new AbortController();
  #order: TlsOrder;
  #ticketsSince = performance.now();
  #problem: string | undefined;

  private constructor(files: CertificateFiles, certificate: Certificate, renewed: (order: TlsOrder) => void) {
    this.#files = files;
    this.#renewed = renewed;
    this.#order = { ...certificate, ticketKeys: randomBytes(TICKET_KEY_BYTES) };
  }

  /** Rejects when the files cannot be used now. */
  static async open(files: CertificateFiles, renewed: (order: TlsOrder) => void): Promise<CertificateKeeper> {
    const keeper = new CertificateKeeper(files, await readCertificate(files), renewed);
    void keeper.#watch();
    return keeper;
  }

  get order(): TlsOrder {
    return this.#order;
  }

  close(): void {
    this.#ended.abort();
  }

  /** Looks at the files once. */
  async look(): Promise<void> {
    const now = performance.now();
    const stale = now - this.#ticketsSince > TICKETS_LIVE_MS;
    const certificate = await readCertificate(this.#files).catch((error: unknown) => this.#keepGoing(error));
    const renewed = certificate.cert !== this.#order.cert || certificate.key !== this.#order.key;
    if (!stale && !renewed) return;
    if (stale) this.#ticketsSince = now;
    this.#order = { ...certificate, ticketKeys: stale ? randomBytes(TICKET_KEY_BYTES) : this.#order.ticketKeys };
    this.#problem = undefined;
    if (renewed) console.error(`the certificate in ${this.#files.certFile} was renewed`);
    this.#renewed(this.#order);
  }

  #keepGoing(error: unknown): Certificate {
    const problem = reasonOf(error);
    if (problem !== this.#problem) console.error(`${problem}; the certificate of before goes on`);
    this.#problem = problem;
    return this.#order;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      await pause(LOOK_AGAIN_MS, undefined, { ref: false, signal }).catch(() => undefined);
      if (!signal.aborted) await this.look();
    }
  }
}
