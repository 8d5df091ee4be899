import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { readOnnxGraph } from '../model/onnx-graph.ts';
import { openSession } from '../model/session.ts';
import { benchModels } from './bench-models.ts';
import { casesOf } from './bench-requests.ts';

const small = [benchModels.mlp, benchModels.trees];

test.each(small)('$name is the same file every time, and our own reader and the runtime read it', async (model) => {
  const bytes = model.bytes();
  expect(Buffer.from(model.bytes()).equals(bytes)).toBe(true);
  const read = readOnnxGraph(bytes);
  expect(read.kind).toBe('graph');
  const session = await openSession({ model: bytes });
  expect(session.inputs).toEqual([
    { name: model.input.name, datatype: model.input.datatype, shape: [-1, ...model.input.shape] },
  ]);
  expect(session.outputs).toEqual([{ name: model.output.name, datatype: 'FP32', shape: [-1, model.output.size] }]);
  await session.close();
});

test.each(small)(
  '$name answers differently from request to request, so that a mixed-up answer shows',
  async (model) => {
    const cases = await casesOf(model, model.bytes());
    expect(new Set(cases.map(({ numbers }) => numbers.map((number) => number.toFixed(4)).join())).size).toBeGreaterThan(
      cases.length * 0.9,
    );
  },
);

test('the trees are what they are called', () => {
  const read = readOnnxGraph(benchModels.trees.bytes());
  expect(read.kind === 'graph' && read.facts.treeNodes).toBe(100 * (2 ** 7 - 1));
});

/** The same file on every machine: reports of different machines compare the same model. */
test('the small model is this file', () => {
  expect(createHash('sha256').update(benchModels.mlp.bytes()).digest('hex')).toMatchInlineSnapshot(
    `"60f97e53dfbc097b1265a207fbc622ef32f25722a08e0cbf65c03de3f9f4c1bf"`,
  );
});
