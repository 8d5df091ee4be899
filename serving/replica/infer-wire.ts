import type { InferMessage } from './grpc-messages.ts';
import type { messageOfAnswer } from './grpc-messages.ts';

/**
 * The two messages of ModelInfer on the wire (https://protobuf.dev/programming-guides/encoding/), read and written without a description of them:
 * protobufjs goes through two objects and through text for every 64-bit integer, which costs more than the model does.
 */
type InferResponse = Omit<ReturnType<typeof messageOfAnswer>, 'raw_output_contents'> & {
  readonly raw_output_contents: readonly Uint8Array[];
};

const BYTES = 2;

/** Field numbers of inference.proto. */
const REQUEST = { model: 1, version: 2, id: 3, input: 5, output: 6, raw: 7 } as const;
const TENSOR = { name: 1, datatype: 2, shape: 3 } as const;
const RESPONSE = { model: 1, version: 2, id: 3, output: 5, raw: 6 } as const;

/** A dimension by itself, as writers have it that pack nothing; readers must take both. */
const SINGLE_DIMENSION = TENSOR.shape << 3;

/** Stands for: this message is not in the plain form that is read here. */
const NOT_PLAIN = Symbol();
const NO_PARAMETERS = {};

/**
 * A ModelInferRequest in its commonest form: tensors raw, no parameters, names in ASCII. Undefined for every other, broken ones among them, which the
 * general decoder must read. Raw tensors are views of `bytes`.
 */
export function readInferRequest(bytes: Buffer): InferMessage | undefined {
  try {
    return requestOf(new WireReader(bytes));
  } catch (error) {
    if (error === NOT_PLAIN) return undefined;
    throw error;
  }
}

function requestOf(wire: WireReader): InferMessage {
  const found = { model_name: '', model_version: '', id: '' };
  const inputs: InferMessage['inputs'][number][] = [];
  const outputs: InferMessage['outputs'][number][] = [];
  const raw: Buffer[] = [];
  const { end } = wire;
  while (wire.at < end) {
    switch (fieldOfBytes(wire.varint())) {
      case REQUEST.model:
        found.model_name = wire.text();
        break;
      case REQUEST.version:
        found.model_version = wire.text();
        break;
      case REQUEST.id:
        found.id = wire.text();
        break;
      case REQUEST.input: {
        const { name, datatype, shape } = tensorOf(wire);
        inputs.push({ name, datatype, shape, contents: null });
        break;
      }
      case REQUEST.output: {
        const { name, datatype, shape } = tensorOf(wire);
        if (datatype !== '' || shape.length > 0) throw NOT_PLAIN;
        outputs.push({ name, parameters: NO_PARAMETERS });
        break;
      }
      case REQUEST.raw:
        raw.push(wire.bytes());
        break;
      default:
        throw NOT_PLAIN;
    }
  }
  if (raw.length === 0) throw NOT_PLAIN;
  return { ...found, parameters: NO_PARAMETERS, inputs, outputs, raw_input_contents: raw };
}

function tensorOf(wire: WireReader): { readonly name: string; readonly datatype: string; readonly shape: number[] } {
  const tensor = { name: '', datatype: '', shape: [] as number[] };
  const end = wire.length() + wire.at;
  while (wire.at < end) {
    const tag = wire.varint();
    if (tag === SINGLE_DIMENSION) {
      tensor.shape.push(wire.varint());
      continue;
    }
    switch (fieldOfBytes(tag)) {
      case TENSOR.name:
        tensor.name = wire.text();
        break;
      case TENSOR.datatype:
        tensor.datatype = wire.text();
        break;
      case TENSOR.shape: {
        const packedEnd = wire.length() + wire.at;
        while (wire.at < packedEnd) tensor.shape.push(wire.varint());
        if (wire.at !== packedEnd) throw NOT_PLAIN;
        break;
      }
      default:
        throw NOT_PLAIN;
    }
  }
  if (wire.at !== end) throw NOT_PLAIN;
  return tensor;
}

/** The number of a field that holds bytes: text, a message, packed numbers. */
function fieldOfBytes(tag: number): number {
  if ((tag & 7) !== BYTES || tag > LARGEST_TAG) throw NOT_PLAIN;
  return tag >>> 3;
}

/** Throws NOT_PLAIN at whatever it does not expect. */
class WireReader {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get end(): number {
    return this.#bytes.length;
  }

  /** Up to 2^49: no size or dimension that fits into memory is larger, and negative ones take ten bytes. */
  varint(): number {
    let value = 0;
    let unit = 1;
    for (let index = 0; index < LONGEST_VARINT_BYTES; index++) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) throw NOT_PLAIN;
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
      unit *= 0x80;
    }
    throw NOT_PLAIN;
  }

  /** Of the bytes that follow, all of which are there. */
  length(): number {
    const length = this.varint();
    if (length > this.#bytes.length - this.at) throw NOT_PLAIN;
    return length;
  }

  bytes(): Buffer {
    const length = this.length();
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  text(): string {
    const length = this.length();
    const from = this.at;
    this.at += length;
    for (let index = from; index < this.at; index++) if ((this.#bytes[index] ?? 0) > 0x7f) throw NOT_PLAIN;
    return this.#bytes.toString('latin1', from, this.at);
  }
}

const LONGEST_VARINT_BYTES = 7;
const LARGEST_TAG = 127;

/** A ModelInferResponse in one piece, behind `room` bytes for others to write. Dimensions are whole numbers from 0 to 2^53. */
export function inferResponseBytes(response: InferResponse, room = 0): Buffer {
  const { model_name: model, model_version: version, id, outputs, raw_output_contents: raw } = response;
  const sizes = outputs.map(tensorSizeOf);
  let size = room + textSizeOf(model) + textSizeOf(version) + textSizeOf(id);
  for (const inner of sizes) size += 1 + varintSizeOf(inner) + inner;
  for (const { length } of raw) size += 1 + varintSizeOf(length) + length;
  const wire = new WireWriter(size, room);
  wire.text(RESPONSE.model, model);
  wire.text(RESPONSE.version, version);
  wire.text(RESPONSE.id, id);
  for (const [index, output] of outputs.entries()) {
    wire.begin(RESPONSE.output, sizes[index] ?? 0);
    wire.text(TENSOR.name, output.name);
    wire.text(TENSOR.datatype, output.datatype);
    if (output.shape.length === 0) continue;
    wire.begin(TENSOR.shape, shapeSizeOf(output.shape));
    for (const dimension of output.shape) wire.varint(dimension);
  }
  for (const bytes of raw) wire.bytes(RESPONSE.raw, bytes);
  return wire.done();
}

function tensorSizeOf({ name, datatype, shape }: InferResponse['outputs'][number]): number {
  const packed = shapeSizeOf(shape);
  return textSizeOf(name) + textSizeOf(datatype) + (packed === 0 ? 0 : 1 + varintSizeOf(packed) + packed);
}

function shapeSizeOf(shape: readonly number[]): number {
  let size = 0;
  for (const dimension of shape) size += varintSizeOf(dimension);
  return size;
}

/** With its tag and length; empty text is not written. */
function textSizeOf(text: string): number {
  if (text === '') return 0;
  const size = Buffer.byteLength(text);
  return 1 + varintSizeOf(size) + size;
}

function varintSizeOf(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size += 1;
  return size;
}

class WireWriter {
  readonly #bytes: Buffer;
  #at: number;

  constructor(size: number, from: number) {
    this.#at = from;
    this.#bytes = Buffer.allocUnsafe(size);
  }

  varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes[this.#at++] = (rest % 0x80) | 0x80;
    this.#bytes[this.#at++] = rest;
  }

  begin(field: number, size: number): void {
    this.#bytes[this.#at++] = (field << 3) | BYTES;
    this.varint(size);
  }

  text(field: number, text: string): void {
    if (text === '') return;
    this.begin(field, Buffer.byteLength(text));
    this.#at += this.#bytes.write(text, this.#at);
  }

  bytes(field: number, bytes: Uint8Array): void {
    this.begin(field, bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Throws where what was written is not as long as was said: a bug. */
  done(): Buffer {
    if (this.#at !== this.#bytes.length) throw new Error(`${this.#at} bytes were written of ${this.#bytes.length}`);
    return this.#bytes;
  }
}
