import { DATATYPES } from '../model/datatype.ts';
import type { Datatype, TensorData } from '../model/tensor.ts';
import { Refusal } from './refusal.ts';

/**
 * Tensors as the binary extension sends them: little-endian and row-major, as they lie in this machine's memory; BOOL one byte 0 or 1; BYTES
 * each element behind its length in 32 bits. Source: Triton's extension_binary_data.md.
 */
const LENGTH_BYTES = 4;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * `size` elements of a datatype: a view of the bytes where they begin at a multiple of its element, as a typed array must, else a copy. Throws a
 * Refusal with status 400.
 */
export function tensorDataOfBytes(name: string, datatype: Datatype, size: number, bytes: Uint8Array): TensorData {
  if (datatype === 'BYTES') return textsOfBytes(name, size, bytes);
  const { array } = DATATYPES[datatype];
  const expected = size * array.BYTES_PER_ELEMENT;
  if (bytes.length !== expected)
    throw new Refusal(
      400,
      `input "${name}": ${size} elements of ${datatype} are ${expected} bytes, binary_data_size is ${bytes.length}`,
    );
  const isAligned = bytes.byteOffset % array.BYTES_PER_ELEMENT === 0;
  const lying = isAligned ? bytes : new Uint8Array(bytes);
  const data = new array(lying.buffer as ArrayBuffer, lying.byteOffset, size);
  if (datatype === 'BOOL') {
    const wrong = data.findIndex((bit) => Number(bit) > 1);
    if (wrong >= 0)
      throw new Refusal(
        400,
        `input "${name}": a BOOL tensor holds bytes 0 and 1, found ${data[wrong]} at element ${wrong}`,
      );
  }
  return data;
}

function textsOfBytes(name: string, size: number, bytes: Uint8Array): readonly string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: string[] = [];
  let at = 0;
  while (at < bytes.length && texts.length < size) {
    const element = texts.length;
    if (bytes.length - at < LENGTH_BYTES)
      throw new Refusal(400, `input "${name}": the length of element ${element} is cut off`);
    const length = view.getUint32(at, true);
    at += LENGTH_BYTES;
    if (length > bytes.length - at)
      throw new Refusal(
        400,
        `input "${name}": element ${element} is said to be ${length} bytes long, and ${bytes.length - at} are left`,
      );
    texts.push(textOfBytes(name, element, bytes.subarray(at, at + length)));
    at += length;
  }
  if (texts.length < size || at < bytes.length)
    throw new Refusal(
      400,
      `input "${name}": the shape holds ${size} elements, the bytes hold ${texts.length}${at < bytes.length ? ` and ${bytes.length - at} bytes more` : ''}`,
    );
  return texts;
}

/** The runtime cuts text at its first NUL and takes only Unicode. */
function textOfBytes(name: string, element: number, bytes: Uint8Array): string {
  if (bytes.includes(0))
    throw new Refusal(400, `input "${name}": element ${element} holds a NUL character, which cannot be served`);
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Refusal(400, `input "${name}": element ${element} is not valid UTF-8, which is all that can be served`);
  }
}

/** The bytes of a tensor as they are sent; numbers are not copied. */
export function bytesOfTensorData(data: TensorData): Uint8Array {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const texts = data.map((text) => Buffer.from(text));
  const bytes = Buffer.allocUnsafe(texts.reduce((sum, text) => sum + LENGTH_BYTES + text.length, 0));
  let at = 0;
  for (const text of texts) {
    bytes.writeUInt32LE(text.length, at);
    text.copy(bytes, at + LENGTH_BYTES);
    at += LENGTH_BYTES + text.length;
  }
  return bytes;
}
