import { createPrivateKey, createPublicKey, hkdfSync, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/**
 * Signs and verifies ledger lines with Ed25519. The key is derived from the App's private key (HKDF-SHA-256 over its PKCS#8
 * form), so there is no second secret to keep, and the public half can be given to whoever verifies without the first.
 */
export interface LedgerKey {
  /** Base64. */
  sign(text: string): string;
  verify(text: string, signature: string): boolean;
  /** SPKI PEM. */
  readonly publicKey: string;
}

export type LedgerVerifier = Pick<LedgerKey, 'verify'>;

const seedBytes = 32;
/** Changing this makes every ledger ever written unverifiable. */
const purpose = 'slipway ledger v1';
/** PKCS#8 of an Ed25519 key is this head and the 32 bytes of its seed (RFC 8410). */
const ed25519Head = Buffer.from('302e020100300506032b657004220420', 'hex');

/** @param privateKeyPem the App's private key, PKCS#1 or PKCS#8 */
export function ledgerKey(privateKeyPem: string): LedgerKey {
  const appKey = createPrivateKey(privateKeyPem).export({ format: 'der', type: 'pkcs8' });
  const seed = Buffer.from(hkdfSync('sha256', appKey, Buffer.alloc(0), purpose, seedBytes));
  const key = createPrivateKey({ key: Buffer.concat([ed25519Head, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(key);
  return {
    sign: (text) => sign(null, Buffer.from(text), key).toString('base64'),
    verify: (text, signature) => verifyWith(publicKey, text, signature),
    publicKey: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  };
}

/** For those who have only the public half. */
export function ledgerVerifier(publicKeyPem: string): LedgerVerifier {
  const publicKey = createPublicKey(publicKeyPem);
  return { verify: (text, signature) => verifyWith(publicKey, text, signature) };
}

function verifyWith(publicKey: KeyObject, text: string, signature: string): boolean {
  return verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64'));
}
