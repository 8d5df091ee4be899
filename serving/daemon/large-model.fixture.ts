import { createHash } from 'node:crypto';
import { onnxModel } from '../bench/onnx-writer.ts';

/** A model file that is made as it is read, so that a test of a large one need not hold it. */
export interface LargeModel {
  readonly sha256: string;
  readonly sizeBytes: number;
  chunks(): Iterable<Uint8Array>;
}

const WIDTH = 64;
const CHUNK_BYTES = 16 * 2 ** 20;
const GRAPH_FIELD = 7;

/** Scores of rows of a table, as large as is said: quick to ask, slow to load. Input `ids` [N], output `score` [N]: the mean of row `id`. */
export function tableModel(sizeBytes: number): LargeModel {
  const rows = Math.max(1, Math.floor(sizeBytes / (WIDTH * Float32Array.BYTES_PER_ELEMENT)));
  const raw = rows * WIDTH * Float32Array.BYTES_PER_ELEMENT;
  const small = onnxModel({
    name: 'table',
    inputs: [{ name: 'ids', datatype: 'INT64', shape: ['N'] }],
    outputs: [{ name: 'score', datatype: 'FP32', shape: ['N'] }],
    nodes: [
      { type: 'Gather', inputs: ['table', 'ids'], outputs: ['row'] },
      {
        type: 'ReduceMean',
        inputs: ['row'],
        outputs: ['score'],
        attributes: { axes: { kind: 'ints', values: [1] }, keepdims: { kind: 'int', value: 0 } },
      },
    ],
    initializers: [],
  });
  const fields = fieldsOf(small);
  const graph = fields.find(({ number }) => number === GRAPH_FIELD)?.payload ?? new Uint8Array(0);
  const others = fields.filter(({ number }) => number !== GRAPH_FIELD).map(({ whole }) => whole);
  // The table last, in the tensor, in the graph and in the file: all that comes before it is known without it.
  const tensorHead = Buffer.concat([
    ...[rows, WIDTH].map((size) => Buffer.concat([tag(1, 0), varint(size)])),
    tag(2, 0),
    varint(1),
    lengthDelimited(8, Buffer.from('table')),
    tag(9, 2),
    varint(raw),
  ]);
  const tensor = Buffer.concat([tag(5, 2), varint(tensorHead.length + raw), tensorHead]);
  const head = Buffer.concat([
    ...others,
    tag(GRAPH_FIELD, 2),
    varint(graph.length + tensor.length + raw),
    graph,
    tensor,
  ]);
  const chunk = new Uint8Array(Float32Array.from({ length: CHUNK_BYTES / 4 }, (_, k) => (k % 997) / 997).buffer);
  function* chunks(): Iterable<Uint8Array> {
    yield head;
    for (let left = raw; left > 0; left -= chunk.length) yield left >= chunk.length ? chunk : chunk.subarray(0, left);
  }
  const hash = createHash('sha256');
  for (const part of chunks()) hash.update(part);
  return { sha256: hash.digest('hex'), sizeBytes: head.length + raw, chunks };
}

interface Field {
  readonly number: number;
  readonly whole: Uint8Array;
  readonly payload: Uint8Array;
}

/** The fields of a message of Protocol Buffers that are numbers or have a length. */
function fieldsOf(bytes: Uint8Array): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  const readVarint = (): number => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  };
  while (at < bytes.length) {
    const start = at;
    const key = readVarint();
    const value = readVarint();
    const payloadStart = at;
    if (key % 8 === 2) at += value;
    fields.push({ number: key >> 3, whole: bytes.subarray(start, at), payload: bytes.subarray(payloadStart, at) });
  }
  return fields;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.from([...bytes, rest]);
}

function tag(field: number, kind: 0 | 2): Buffer {
  return varint(field * 8 + kind);
}

function lengthDelimited(field: number, payload: Uint8Array): Buffer {
  return Buffer.concat([tag(field, 2), varint(payload.length), payload]);
}
