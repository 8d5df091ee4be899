import { describe, expect, it } from 'vitest';
import { answerOf, decisionOf, joinScores, scoreMappingOf, scoresOf } from './score.ts';
import type { OutputMapping } from './specification.ts';
import type { Tensor, TensorDeclaration } from './tensor.ts';

const label: TensorDeclaration = { name: 'label', datatype: 'INT64', shape: [-1] };
const float = (name: string, ...shape: readonly number[]): TensorDeclaration => ({ name, datatype: 'FP32', shape });

function told(outputs: readonly TensorDeclaration[], mapping: OutputMapping = {}) {
  const result = scoreMappingOf(mapping, outputs);
  return result.kind === 'mapping' ? result.mapping : result.problem.reason;
}

describe('the score is told from the graph', () => {
  it.each([
    [
      'two values a row beside a label',
      [label, float('p', -1, 2)],
      {},
      { task: 'binary', output: 'p', index: 1, classes: [0, 1], threshold: 0.5 },
    ],
    ['three values a row', [float('p', -1, 3)], {}, { task: 'multiclass', output: 'p', classes: [0, 1, 2] }],
    ['one value', [float('y', -1, 1)], {}, { task: 'regression', output: 'y', index: 0, classes: [] }],
    ['one value without its own dimension', [float('y', -1)], {}, { task: 'regression', index: 0 }],
    ['one value beside a label', [label, float('p', -1, 1)], {}, { task: 'binary', index: 0 }],
    [
      'one value and two declared classes',
      [float('p', -1, 1)],
      { classes: ['no', 'yes'] },
      { task: 'binary', index: 0, classes: ['no', 'yes'] },
    ],
    ['a declared task', [float('p', -1)], { task: 'binary', threshold: 0.3 }, { task: 'binary', threshold: 0.3 }],
    [
      'a declared index',
      [float('p', -1, 3)],
      { task: 'regression', score: { output: 'p', index: 2 } },
      { task: 'regression', index: 2 },
    ],
    [
      'an integer, where the task is regression',
      [{ name: 'n', datatype: 'INT64', shape: [-1] }],
      { task: 'regression' },
      { output: 'n' },
    ],
  ] as const)('%s', (_, outputs, mapping, expected) => {
    expect(told(outputs as readonly TensorDeclaration[], mapping)).toMatchObject(expected);
  });

  it.each([
    ['only a label', [label], {}, /no output holds a score/],
    ['two candidates', [float('a', -1), float('b', -1)], {}, /the score cannot be told: 2 outputs/],
    [
      'a name that is not there',
      [float('a', -1)],
      { score: { output: 'b' } },
      /names "b", which the graph does not have; it has "a"/,
    ],
    [
      'an index beyond the output',
      [float('a', -1, 2)],
      { score: { output: 'a', index: 2 } },
      /has 2 values a row, counted from 0/,
    ],
    ['a map of features', [float('a', -1, 3, 3)], {}, /not one score, or one row of scores/],
    [
      'three classes for four values',
      [float('a', -1, 4)],
      { classes: ['a', 'b', 'c'] },
      /lists 3 classes, the output has 4/,
    ],
    [
      'a regression of two values',
      [float('a', -1, 2)],
      { task: 'regression' },
      /a regression model's score is one number/,
    ],
  ] as const)('and refused for %s', (_, outputs, mapping, reason) => {
    expect(told(outputs as readonly TensorDeclaration[], mapping as OutputMapping)).toMatch(reason);
  });
});

describe('scores', () => {
  const tensor = (shape: readonly number[], ...values: readonly number[]): Tensor => ({
    datatype: 'FP32',
    shape,
    data: Float32Array.from(values),
  });
  const binary = { task: 'binary', output: 'p', index: 1, classes: ['no', 'yes'], threshold: 0.5 } as const;

  it('of a binary model are the positive class’s, and decide at the threshold', () => {
    const scores = scoresOf(binary, new Map([['p', tensor([3, 2], 0.5, 0.5, 0.75, 0.25, 0, 1)]]), 3);
    expect(scores).toMatchObject({ task: 'binary', scores: Float64Array.of(0.5, 0.25, 1), probabilities: true });
    expect([0, 1, 2].map((row) => answerOf(scores, row))).toEqual([
      { score: 0.5, class: 'yes' },
      { score: 0.25, class: 'no' },
      { score: 1, class: 'yes' },
    ]);
  });

  it('of a multiclass model decide for the largest, the first of equals', () => {
    const scores = scoresOf(
      { task: 'multiclass', output: 'p', classes: ['a', 'b', 'c'], threshold: 0.5 },
      new Map([['p', tensor([2, 3], 1, 3, 3, 0, 0, 0)]]),
      2,
    );
    expect([answerOf(scores, 0), decisionOf(scores, 1)]).toEqual([{ score: [1, 3, 3], class: 'b' }, 0]);
    expect(scores.task === 'multiclass' && scores.probabilities).toBe(false);
  });

  it('that are not numbers decide nothing', () => {
    const scores = scoresOf(binary, new Map([['p', tensor([1, 2], NaN, NaN)]]), 1);
    expect([decisionOf(scores, 0), answerOf(scores, 0)]).toEqual([-1, { score: NaN }]);
  });

  it('of an output whose shape broke the graph’s own word are an error, not a guess', () => {
    expect(() => scoresOf(binary, new Map([['p', tensor([3], 1, 2, 3)]]), 2)).toThrow('one answer a row was expected');
    expect(() => scoresOf(binary, new Map(), 1)).toThrow('gave no output "p"');
  });

  it('of several runs are joined in order', () => {
    const part = (...values: readonly number[]) =>
      scoresOf(binary, new Map([['p', tensor([values.length], ...values)]]), values.length);
    expect(joinScores([part(0.25), part(0.5, 2)])).toMatchObject({
      rows: 3,
      scores: Float64Array.of(0.25, 0.5, 2),
      probabilities: false,
    });
  });

  it('of no rows are none', () => {
    expect(scoresOf(binary, new Map([['p', tensor([0, 2])]]), 0)).toMatchObject({
      rows: 0,
      scores: new Float64Array(0),
    });
  });
});
