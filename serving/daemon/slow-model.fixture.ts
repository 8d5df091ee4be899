import { onnxModel } from '../bench/onnx-writer.ts';
import type { RevisionTarget } from '../fleet.ts';
import { revisionOfManifest, sha256Of } from './loans.fixture.ts';

const WIDTH = 384;

/** A model of one input `value`, whose score is 0: each run multiplies so many matrices, 0.5 to 1 ms a product on one processor. */
export function slowModel(
  name: string,
  version: string,
  products: number,
  more = '',
  columns = 1,
): { readonly target: RevisionTarget; readonly files: ReadonlyMap<string, Uint8Array> } {
  const chain = Array.from({ length: products }, (_, k) => ({
    type: 'MatMul',
    inputs: [`m${k}`, 'weights'],
    outputs: [`m${k + 1}`],
  }));
  const bytes = onnxModel({
    name: `${name} ${version}`,
    inputs: [{ name: 'value', datatype: 'FP32', shape: ['N', columns] }],
    outputs: [{ name: 'score', datatype: 'FP32', shape: ['N', 1] }],
    nodes: [
      // What depends on the input cannot be computed when the model is loaded.
      { type: 'ReduceMean', inputs: ['value'], outputs: ['mean'], attributes: { keepdims: { kind: 'int', value: 0 } } },
      { type: 'Mul', inputs: ['weights', 'mean'], outputs: ['m0'] },
      ...chain,
      {
        type: 'ReduceMean',
        inputs: [`m${products}`],
        outputs: ['last'],
        attributes: { keepdims: { kind: 'int', value: 0 } },
      },
      {
        type: 'ReduceMean',
        inputs: ['value'],
        outputs: ['row'],
        attributes: { axes: { kind: 'ints', values: [1] }, keepdims: { kind: 'int', value: 1 } },
      },
      { type: 'Mul', inputs: ['row', 'last'], outputs: ['score'] },
    ],
    initializers: [{ name: 'weights', shape: [WIDTH, WIDTH], data: new Float32Array(WIDTH * WIDTH) }],
  });
  const target = revisionOfManifest(`apiVersion: slipway/v1
kind: Model
name: ${name}
version: ${version}
artifact: { uri: model.onnx, sha256: ${sha256Of(bytes)} }
outputs: { score: { output: score } }
${more}
evaluation: { data: { uri: evaluation.parquet, sha256: ${'ab'.repeat(32)} }, label: y }
`);
  return { target, files: new Map([[sha256Of(bytes), bytes]]) };
}
