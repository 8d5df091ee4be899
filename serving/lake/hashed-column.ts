import { createHmac, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogSchema } from './entry.ts';
import type { LogValue } from './log-column.ts';
import type { ColumnPage, TypedColumn } from './column-page.ts';
import { typedColumn } from './typed-column.ts';

/**
 * Personal data as a keyed hash: who has the key can find a person's rows, and who has the log alone cannot try names until one fits. Hash:
 * the first 128 bits of HMAC-SHA256 over the column's name, a NUL and the value as text, in hexadecimal digits.
 */
export function hashOf(key: Uint8Array, column: string, value: string): string {
  return createHmac('sha256', key).update(`${column}\0${value}`).digest('hex').slice(0, HASH_DIGITS);
}

const HASH_DIGITS = 32;
const KEY_BYTES = 32;

/** The key of a log, made with it: 64 hexadecimal digits in `.hash-key`, which only its owner reads. Without it the hashes mean nothing any more. */
export async function hashKeyOf(folder: string): Promise<Uint8Array> {
  const file = join(folder, '.hash-key');
  const fresh = randomBytes(KEY_BYTES);
  try {
    await writeFile(file, `${fresh.toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
    return fresh;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const key = Buffer.from((await readFile(file, 'utf8')).trim(), 'hex');
  if (key.length !== KEY_BYTES) throw new Error(`${file} is no key of ${KEY_BYTES} bytes in hexadecimal digits`);
  return key;
}

/** A hashed column is text, whatever it was declared, and is written though others that are private are not. */
export function withHashed(schema: LogSchema): LogSchema {
  const { hashed = [], columns, withheld = [] } = schema;
  if (hashed.length === 0) return schema;
  const names = new Set(hashed);
  return {
    ...schema,
    columns: [
      ...columns.filter(({ name }) => !names.has(name)),
      ...hashed.map((name) => ({ name, type: 'text' as const })),
    ],
    // That something is private still keeps messages out of the log, which may quote it.
    withheld,
  };
}

export class HashedColumn implements TypedColumn {
  readonly type = 'STRING';
  readonly name: string;
  readonly #key: Uint8Array;
  readonly #hashes: TypedColumn;

  constructor(name: string, key: Uint8Array) {
    this.name = name;
    this.#key = key;
    this.#hashes = typedColumn({ name, type: 'STRING' });
  }

  get rows(): number {
    return this.#hashes.rows;
  }

  push(value: LogValue): void {
    this.#hashes.push(typeof value === 'string' ? hashOf(this.#key, this.name, value) : null);
  }

  pushNumber(value: number): void {
    this.push(String(value));
  }

  pushNumbers(): void {
    this.push(null);
  }

  page(): ColumnPage {
    return this.#hashes.page();
  }
}
