/**
 * Writes ONNX files, as far as the models of `npm run bench` need: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto gives the field
 * numbers. What is written here is read by `serving/model/onnx-graph.ts` and by ONNX Runtime.
 */
export interface GraphNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: string;
}

export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'ints'; readonly values: readonly number[] }
  | { readonly kind: 'floats'; readonly values: readonly number[] }
  | { readonly kind: 'texts'; readonly values: readonly string[] };

export interface Initializer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** A text is a dimension that may take any size. */
export interface GraphValue {
  readonly name: string;
  readonly datatype: 'FP32' | 'INT64';
  readonly shape: readonly (number | string)[];
}

export interface Graph {
  readonly name: string;
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  readonly nodes: readonly GraphNode[];
  readonly initializers: readonly Initializer[];
}

const IR_VERSION = 8;
const OPSET = 17;
const ML_OPSET = 3;
export const ML_DOMAIN = 'ai.onnx.ml';
const ELEMENT_TYPES = { FP32: 1, INT64: 7 } as const;

/** The bytes of a model; the same graph gives the same bytes on every machine. */
export function onnxModel(graph: Graph): Uint8Array {
  return joined([
    varintField(1, IR_VERSION),
    textField(2, 'slipway'),
    messageField(7, graphParts(graph)),
    messageField(8, [textField(1, ''), varintField(2, OPSET)]),
    messageField(8, [textField(1, ML_DOMAIN), varintField(2, ML_OPSET)]),
  ]);
}

type Part = Uint8Array;

function graphParts({ name, inputs, outputs, nodes, initializers }: Graph): readonly Part[] {
  return [
    ...nodes.map((node) => messageField(1, nodeParts(node))),
    textField(2, name),
    ...initializers.map((each) => messageField(5, tensorParts(each))),
    ...inputs.map((value) => messageField(11, valueParts(value))),
    ...outputs.map((value) => messageField(12, valueParts(value))),
  ];
}

function nodeParts({ type, inputs, outputs, attributes = {}, domain }: GraphNode): readonly Part[] {
  return [
    ...inputs.map((name) => textField(1, name)),
    ...outputs.map((name) => textField(2, name)),
    textField(4, type),
    ...Object.entries(attributes).map(([name, attribute]) =>
      messageField(5, [textField(1, name), ...attributeParts(attribute)]),
    ),
    ...(domain === undefined ? [] : [textField(7, domain)]),
  ];
}

/** Field 20 says which of the fields before it is meant. */
function attributeParts(attribute: Attribute): readonly Part[] {
  switch (attribute.kind) {
    case 'float':
      return [float32Field(2, attribute.value), varintField(20, 1)];
    case 'int':
      return [varintField(3, attribute.value), varintField(20, 2)];
    case 'text':
      return [textField(4, attribute.value), varintField(20, 3)];
    case 'floats':
      return [...attribute.values.map((value) => float32Field(7, value)), varintField(20, 6)];
    case 'ints':
      return [...attribute.values.map((value) => varintField(8, value)), varintField(20, 7)];
    case 'texts':
      return [...attribute.values.map((value) => textField(9, value)), varintField(20, 8)];
  }
}

function tensorParts({ name, shape, data }: Initializer): readonly Part[] {
  return [
    ...shape.map((size) => varintField(1, size)),
    varintField(2, ELEMENT_TYPES[data instanceof Float32Array ? 'FP32' : 'INT64']),
    textField(8, name),
    bytesField(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  ];
}

function valueParts({ name, datatype, shape }: GraphValue): readonly Part[] {
  const sizes = shape.map((size) =>
    messageField(1, [typeof size === 'number' ? varintField(1, size) : textField(2, size)]),
  );
  const tensor = messageField(1, [varintField(1, ELEMENT_TYPES[datatype]), messageField(2, sizes)]);
  return [textField(1, name), messageField(2, [tensor])];
}

const [VARINT, BYTES, FIXED32] = [0, 2, 5] as const;

export function varintField(number: number, value: number): Part {
  return Uint8Array.from([...varint(number * 8 + VARINT), ...varint(value)]);
}

export function textField(number: number, value: string): Part {
  return bytesField(number, Buffer.from(value));
}

export function messageField(number: number, parts: readonly Part[]): Part {
  return bytesField(number, joined(parts));
}

export function bytesField(number: number, bytes: Uint8Array): Part {
  return joined([Uint8Array.from([...varint(number * 8 + BYTES), ...varint(bytes.length)]), bytes]);
}

function float32Field(number: number, value: number): Part {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return joined([Uint8Array.from(varint(number * 8 + FIXED32)), bytes]);
}

/** Whole numbers up to 2^53; a negative one as protobuf's int64 writes it, in ten bytes. */
function varint(value: number): readonly number[] {
  if (value < 0) return negativeVarint(BigInt.asUintN(64, BigInt(value)));
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return [...bytes, rest];
}

function negativeVarint(value: bigint): readonly number[] {
  const bytes: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) + (rest >= 0x80n ? 0x80 : 0));
  return bytes;
}

export function joined(parts: readonly Part[]): Uint8Array {
  return Buffer.concat(parts);
}
