import { Refusal } from './refusal.ts';

/** Doubles hold every integer of up to 15 digits; a longer run of digits, unless it is a fraction, may be one that JSON.parse would round. */
const MANY_DIGITS = /[^\d.]\d{16}/;

/**
 * Parses JSON; integers beyond 2^53 come out as BigInt. Ordinary bodies take the plain parser: reading with the source text
 * of every number costs several times as much.
 */
export function parseJson(text: string, what: string): unknown {
  try {
    return MANY_DIGITS.test(text) ? JSON.parse(text, keepLongIntegers) : JSON.parse(text);
  } catch (error) {
    throw new Refusal(400, `${what} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function keepLongIntegers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/** JSON of what parseJson gave: integers beyond 2^53 with all their digits. Undefined has none. */
export function jsonOf(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? rawJson(part.toString()) : part));
}

/** Of ECMAScript 2026; TypeScript's library does not know it yet. */
const { rawJSON: rawJson } = JSON as typeof JSON & { readonly rawJSON: (text: string) => unknown };
