/**
 * Reads the protobuf wire format (https://protobuf.dev/programming-guides/encoding/) with every length checked against the bytes that are
 * there, so that a cut or hostile file ends in a sentence and never in a crash or an endless loop.
 */
export interface Field {
  readonly number: number;
  readonly wire: 'varint' | 'fixed64' | 'bytes' | 'fixed32';
  /** Varint: its value; exact up to 2^53. */
  readonly value: number;
  /** Bytes: where they lie in the file. */
  readonly start: number;
  readonly end: number;
  /** Where the field begins, for messages. */
  readonly at: number;
}

export class WireError extends Error {
  override readonly name = 'WireError';
}

const WIRES: readonly (Field['wire'] | undefined)[] = ['varint', 'fixed64', 'bytes', undefined, undefined, 'fixed32'];
const LONGEST_VARINT_BYTES = 10;

/** The fields of one message that lies in bytes [start, end). */
export function* fieldsOf(bytes: Uint8Array, start: number, end: number): Generator<Field, void> {
  let at = start;
  const varint = (): number => {
    let value = 0;
    for (let i = 0; i < LONGEST_VARINT_BYTES; i++) {
      const byte = bytes[at];
      if (byte === undefined || at >= end) throw new WireError(`it ends in the middle of a number at byte ${at}`);
      at += 1;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw new WireError(`a number at byte ${at} is longer than ${LONGEST_VARINT_BYTES} bytes`);
  };
  while (at < end) {
    const begin = at;
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wire = WIRES[tag % 8];
    if (wire === undefined || number === 0) throw new WireError(`no field can begin at byte ${begin}`);
    if (wire === 'varint') {
      const value = varint();
      yield { number, wire, value, start: at, end: at, at: begin };
      continue;
    }
    const length = wire === 'bytes' ? varint() : wire === 'fixed64' ? 8 : 4;
    if (length > end - at)
      throw new WireError(
        `field ${number} at byte ${begin} is ${length} bytes long, but only ${end - at} are left: the file is cut short`,
      );
    yield { number, wire, value: 0, start: at, end: at + length, at: begin };
    at += length;
  }
}
