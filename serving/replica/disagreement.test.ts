import { describe, expect, it } from 'vitest';
import type { Scores } from '../model/score.ts';
import { disagreementOf } from './disagreement.ts';

const binary = (...scores: readonly number[]): Scores => ({
  task: 'binary',
  rows: scores.length,
  classes: ['no', 'yes'],
  scores: Float64Array.from(scores),
  threshold: 0.5,
  probabilities: true,
});
const regression = (...scores: readonly number[]): Scores => ({
  task: 'regression',
  rows: scores.length,
  scores: Float64Array.from(scores),
});
const multiclass = (classes: readonly string[], ...scores: readonly number[]): Scores => ({
  task: 'multiclass',
  rows: scores.length / classes.length,
  classes,
  scores: Float64Array.from(scores),
  probabilities: true,
});

describe('disagreement', () => {
  it('counts the rows that are decided otherwise, and how far their scores lie apart', () => {
    expect(disagreementOf(binary(0.25, 0.75, 0.5), binary(0.5, 1, 0.25))).toEqual({
      rows: 3,
      decided: 3,
      flips: 2,
      distance: { count: 3, sum: 0.75, sumOfSquares: 3 * 0.0625 },
    });
  });

  it('decides nothing in a regression', () => {
    expect(disagreementOf(regression(1, 2), regression(1.5, 2))).toEqual({
      rows: 2,
      decided: 0,
      flips: 0,
      distance: { count: 2, sum: 0.5, sumOfSquares: 0.25 },
    });
  });

  it('knows classes by their names, in whatever order', () => {
    const found = disagreementOf(
      multiclass(['a', 'b', 'c'], 0.5, 0.25, 0.25, 0, 0, 1),
      multiclass(['c', 'a', 'b'], 0.25, 0.5, 0.25, 0, 1, 0),
    );
    expect(found).toEqual({ rows: 2, decided: 2, flips: 1, distance: { count: 2, sum: 1, sumOfSquares: 1 } });
  });

  it.each([
    ['a score that is not a number has no distance, and flips what was decided', binary(NaN), binary(0.7), 1, 0],
    ['two that are not numbers agree', binary(NaN), binary(NaN), 0, 0],
    [
      'classes of other names have no distance',
      multiclass(['a', 'b', 'c'], 1, 0, 0),
      multiclass(['a', 'b', 'd'], 1, 0, 0),
      0,
      0,
    ],
    ['another kind of model has no distance', binary(0.7), multiclass(['yes', 'no', 'x'], 1, 0, 0), 0, 0],
  ])('%s', (_, stable, shadow, flips, count) => {
    expect(disagreementOf(stable, shadow)).toMatchObject({ flips, distance: { count } });
  });

  it('cannot be told of answers with other numbers of rows', () => {
    expect(disagreementOf(binary(0.1, 0.2), binary(0.1))).toBeUndefined();
  });
});
