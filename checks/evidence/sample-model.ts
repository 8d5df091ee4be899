/** Tiny ONNX files by hand, for tests: what a hostile or a wasteful proposal would bring. https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
export interface SampleNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface SampleModel {
  readonly nodes: readonly SampleNode[];
  /** Constant vectors of whole numbers. */
  readonly constants: Readonly<Record<string, readonly number[]>>;
  /** One float a row in `x`, one float a row out of `y`. */
  readonly opset?: number;
}

const FLOAT = 1;
const INT64 = 7;

export function sampleModel({ nodes, constants, opset = 17 }: SampleModel): Uint8Array {
  const graph = [
    ...nodes.map(({ type, inputs, outputs }) =>
      message(1, ...inputs.map((name) => text(1, name)), ...outputs.map((name) => text(2, name)), text(4, type)),
    ),
    text(2, 'sample'),
    ...Object.entries(constants).map(([name, values]) =>
      message(5, number(1, values.length), number(2, INT64), ...values.map((value) => number(7, value)), text(8, name)),
    ),
    column(11, 'x'),
    column(12, 'y'),
  ];
  return Uint8Array.from([number(1, 8), message(7, ...graph), message(8, text(1, ''), number(2, opset))].flat());
}

type Bytes = readonly number[];

function varint(value: number): Bytes {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return [...bytes, rest];
}

function number(field: number, value: number): Bytes {
  return [...varint(field * 8), ...varint(value)];
}

function message(field: number, ...content: readonly Bytes[]): Bytes {
  const bytes = content.flat();
  return [...varint(field * 8 + 2), ...varint(bytes.length), ...bytes];
}

function text(field: number, value: string): Bytes {
  return message(field, [...Buffer.from(value)]);
}

/** A float tensor of any number of rows and one column. */
function column(field: number, name: string): Bytes {
  const shape = message(2, message(1, text(2, 'rows')), message(1, number(1, 1)));
  return message(field, text(1, name), message(2, message(1, number(1, FLOAT), shape)));
}
