import { describe, expect, it } from 'vitest';
import { type OnnxNode, randomWhy, trainingModeOf } from './onnx-node.ts';

interface Sketch {
  readonly type: string;
  readonly domain?: string;
  readonly opset: number;
  readonly attributes?: Readonly<Record<string, number>>;
  readonly inputs?: readonly string[];
  readonly constants?: Readonly<Record<string, number>>;
  readonly outputs?: number;
}
const node = ({
  type,
  domain = '',
  opset,
  attributes = {},
  inputs = ['x'],
  constants = {},
  outputs = 1,
}: Sketch): OnnxNode => ({
  type,
  domain,
  opset,
  name: 'n',
  inputs,
  outputs,
  attributes: new Map(Object.entries(attributes)),
  constant: (input) => constants[inputs[input] ?? ''],
});
const told = (sketch: Sketch) => {
  const mode = trainingModeOf(node(sketch));
  return mode === undefined ? 'inference' : mode.certain ? 'training' : 'who knows';
};

describe('the training mode of Dropout', () => {
  const dropout = { type: 'Dropout' } as const;
  const switched = { ...dropout, opset: 17, inputs: ['x', 'ratio', 'mode'] } as const;
  it.each([
    ['before opset 7 is on unless is_test is 1', { ...dropout, opset: 6 }, 'training'],
    ['before opset 7 is off where is_test is 1', { ...dropout, opset: 6, attributes: { is_test: 1 } }, 'inference'],
    ['of opsets 7 to 11 cannot be switched on', { ...dropout, opset: 11, attributes: { ratio: 0.5 } }, 'inference'],
    ['is off where its third input is left out', { ...dropout, opset: 17, inputs: ['x', 'ratio'] }, 'inference'],
    ['is off where its third input is empty', { ...dropout, opset: 17, inputs: ['x', 'ratio', ''] }, 'inference'],
    ['is on where the third input is a true constant', { ...switched, constants: { mode: 1 } }, 'training'],
    ['is off where the third input is a false constant', { ...switched, constants: { mode: 0 } }, 'inference'],
    ['does nothing where the share that it drops is 0', { ...switched, constants: { mode: 1, ratio: 0 } }, 'inference'],
    ['cannot be told where the switch is computed', switched, 'who knows'],
    [
      'of a fused Dropout is read as well',
      {
        type: 'BiasDropout',
        domain: 'com.microsoft',
        opset: 1,
        inputs: ['x', 'b', '', '', 'mode'],
        constants: { mode: 1 },
      },
      'training',
    ],
    [
      'of somebody else’s operator of that name is not known',
      { ...switched, domain: 'x', constants: { mode: 1 } },
      'inference',
    ],
  ] as const)('%s', (_, sketch, expected) => expect(told(sketch)).toBe(expected));
});

describe('the training mode of BatchNormalization', () => {
  const norm = { type: 'BatchNormalization' } as const;
  it.each([
    ['before opset 7 is on unless is_test is 1', { ...norm, opset: 1 }, 'training'],
    ['before opset 7 is off where is_test is 1', { ...norm, opset: 6, attributes: { is_test: 1 } }, 'inference'],
    ['of opsets 7 to 13 is told by its further outputs', { ...norm, opset: 9, outputs: 5 }, 'training'],
    ['of opsets 7 to 13 is off with one output', { ...norm, opset: 13 }, 'inference'],
    [
      'from opset 14 on is its attribute',
      { ...norm, opset: 15, attributes: { training_mode: 1 }, outputs: 3 },
      'training',
    ],
    ['from opset 14 on is off without it', { ...norm, opset: 15, attributes: { training_mode: 0 } }, 'inference'],
  ] as const)('%s', (_, sketch, expected) => expect(told(sketch)).toBe(expected));

  it('draws no random numbers: it makes rows depend on each other', () => {
    expect(trainingModeOf(node({ ...norm, opset: 15, attributes: { training_mode: 1 } }))).toMatchObject({
      random: false,
      why: expect.stringContaining('the rows of the batch'),
    });
  });
});

it('operators that sample are told apart by whether they name a seed', () => {
  expect([
    randomWhy(node({ type: 'Multinomial', opset: 17 })),
    randomWhy(node({ type: 'RandomNormal', opset: 17, attributes: { seed: 3 } })),
    randomWhy(node({ type: 'Sampling', domain: 'com.microsoft', opset: 1 })),
    randomWhy(node({ type: 'Relu', opset: 17 })),
  ]).toEqual([
    'it draws random numbers without a seed',
    'it draws random numbers from a fixed seed, anew in every run',
    'it draws random numbers without a seed',
    undefined,
  ]);
});
