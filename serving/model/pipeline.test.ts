import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openPipeline } from './pipeline.ts';
import type { Tensor } from './tensor.ts';

const model = join(import.meta.dirname, '../../fixtures/awkward-models/dynamic_batch.onnx');

/** Protobuf by hand: ONNX IR 8, opset 17, one node `Neg` from `from` to `to`, both float [N, 4]. */
function negation(from: string, to: string): Uint8Array {
  const bytes = (field: number, ...content: readonly (readonly number[])[]): readonly number[] => [
    field * 8 + 2,
    content.flat().length,
    ...content.flat(),
  ];
  const small = (field: number, value: number): readonly number[] => [field * 8, value];
  const text = (field: number, value: string): readonly number[] => bytes(field, [...Buffer.from(value)]);
  const shape = bytes(2, bytes(1, text(2, 'N')), bytes(1, small(1, 4)));
  const value = (field: number, name: string): readonly number[] =>
    bytes(field, text(1, name), bytes(2, bytes(1, small(1, 1), shape)));
  const node = bytes(1, text(1, from), text(2, to), text(4, 'Neg'));
  const graph = bytes(7, node, text(2, 'g'), value(11, from), value(12, to));
  return Uint8Array.from([...small(1, 8), ...graph, ...bytes(8, small(2, 17))]);
}

const row = (...values: readonly number[]): Tensor => ({
  datatype: 'FP32',
  shape: [1, 4],
  data: Float32Array.from(values),
});

it('a feature graph runs first, and what it makes feeds the model’s inputs by name', async () => {
  const [alone, piped] = [
    await openPipeline({ model }),
    await openPipeline({ model }, { model: negation('raw', 'x') }),
  ];
  expect(piped.inputs).toEqual([{ name: 'raw', datatype: 'FP32', shape: [-1, 4] }]);
  expect(piped.outputs).toEqual(alone.outputs);
  const expected = await alone.run(new Map([['x', row(-1, 2, -3, 4)]]));
  expect(await piped.run(new Map([['raw', row(1, -2, 3, -4)]]))).toEqual(expected);
  await Promise.all([alone.close(), piped.close()]);
});

it('a feature graph that feeds nothing is refused with the names of both sides', async () => {
  const opening = openPipeline({ model: readFileSync(model) }, { model: negation('raw', 'features') });
  await expect(opening).rejects.toThrow(
    'the feature graph makes "features", and none of them is an input of the model, which takes "x"',
  );
});
