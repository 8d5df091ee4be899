import type { Field } from './hpack-decoder.ts';
import { STATIC_FIELDS } from './static-table.ts';

/** Each name's first number among the fields that both sides know. */
const NUMBERS = new Map(STATIC_FIELDS.map(([name], index) => [name, index + 1] as const).toReversed());
const SHORT = 0x7f;

/**
 * Fields as a header block (https://www.rfc-editor.org/rfc/rfc7541, section 6.2.2): as they are, outside of any table, so that a block is the same on every connection and
 * may be made beforehand. Values are Latin-1.
 */
export function fieldBlock(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.map(fieldBytes));
}

function fieldBytes([name, value]: Field): Buffer {
  const known = STATIC_FIELDS.findIndex((field) => field[0] === name && field[1] === value);
  if (known !== -1) return integer(0x80, SHORT, known + 1);
  const number = NUMBERS.get(name);
  const named = number === undefined ? Buffer.concat([Buffer.of(0), text(name)]) : integer(0, 0x0f, number);
  return Buffer.concat([named, text(value)]);
}

function text(letters: string): Buffer {
  const bytes = Buffer.from(letters, 'latin1');
  return Buffer.concat([integer(0, SHORT, bytes.length), bytes]);
}

function integer(mark: number, prefix: number, value: number): Buffer {
  if (value < prefix) return Buffer.of(mark | value);
  const bytes = [mark | prefix];
  let rest = value - prefix;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest & SHORT) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
