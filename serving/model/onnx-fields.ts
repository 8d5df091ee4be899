import { type Field, fieldsOf, WireError } from './wire.ts';

/** Fields of an ONNX message as what they should be; another wire type means that the file is some other protobuf. */
export function bytesOf(field: Field, what: string): Field {
  if (field.wire !== 'bytes') throw otherProtobuf(field, what);
  return field;
}

export function varintOf(field: Field, what: string): number {
  if (field.wire !== 'varint') throw otherProtobuf(field, what);
  return field.value;
}

export function textOf(bytes: Uint8Array, field: Field, what: string): string {
  const { start, end } = bytesOf(field, what);
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

export function inside(bytes: Uint8Array, message: Field, what: string): Generator<Field, void> {
  const { start, end } = bytesOf(message, what);
  return fieldsOf(bytes, start, end);
}

/** How many numbers a repeated integer field holds: packed into bytes, or one a field. */
export function countOf(bytes: Uint8Array, field: Field): number {
  if (field.wire !== 'bytes') return 1;
  let count = 0;
  // Each varint ends with the one byte whose high bit is clear.
  for (let at = field.start; at < field.end; at++) if ((bytes[at] ?? 0) < 0x80) count += 1;
  return count;
}

export function entryOf(bytes: Uint8Array, message: Field): readonly [string, string] {
  let key = '';
  let value = '';
  for (const field of inside(bytes, message, 'an entry')) {
    if (field.number === 1) key = textOf(bytes, field, 'a key');
    if (field.number === 2) value = textOf(bytes, field, 'a value');
  }
  return [key, value];
}

function otherProtobuf(field: Field, what: string): WireError {
  return new WireError(
    `${what} (field ${field.number} at byte ${field.at}) has the wrong wire type, so this is some other protobuf`,
  );
}
