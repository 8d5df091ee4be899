import { describe, expect, it } from 'vitest';
import { type LoggedPrediction, agrees, answeredRow, loggedPredictionOf, recordOf } from './logged-prediction.ts';

const inputs = { age: 28, region: 'west', pixels: [1, null] };
const logged: LoggedPrediction = {
  id: 'p1',
  model: 'loans',
  version: '2.0.0',
  revision: 'sha256:2',
  status: 200,
  inputDigest: null,
  rows: [{ row: 0, inputs, score: 0.25, class: 0 }],
  provenance: {},
};
const [row = { row: 0, inputs, score: 0.25, class: 0 }] = logged.rows;

describe('a recorded prediction', () => {
  it('is asked again with the columns that the revision takes; what a list lacks is NaN', () => {
    expect(recordOf(logged, row, ['age', 'pixels'], [])).toEqual({ age: 28, pixels: [1, NaN] });
  });

  it('cannot be asked again without a column that was private', () => {
    const asked = () => recordOf(logged, row, ['age', 'email'], ['email']);
    expect(asked).toThrow('prediction p1 was recorded without "email", which the manifest declares pii');
  });

  it('cannot be asked again with a private column of which the log holds a hash', () => {
    expect(() => recordOf(logged, row, ['region'], ['region'])).toThrow('was recorded without "region"');
  });

  it('cannot be asked again where the log holds a digest in place of its inputs', () => {
    const large = { ...logged, inputDigest: 'sha256:ab' };
    expect(() => recordOf(large, row, ['age'], [])).toThrow('was too large for the log');
  });

  it('has no score to explain where it was refused', () => {
    expect(() => answeredRow({ ...logged, status: 400 }, 0)).toThrow('was answered with status 400');
  });

  it('is refused in the words of the daemon where it has none', () => {
    const told = (status: number) => () =>
      loggedPredictionOf({ status, contentType: 'application/json', body: '{"error": "not recorded"}' });
    expect(told(404)).toThrow(expect.objectContaining({ status: 404, message: 'not recorded' }));
    expect(told(500)).toThrow(expect.objectContaining({ status: 503 }));
  });

  const binary = { threshold: 0.5, scoreOf: 1, class: 0 };
  it.each([
    ['the same score', { score: 0.250001, ...binary }, true],
    ['another score', { score: 0.26, ...binary }, false],
    ['another class', { score: 0.25, ...binary, class: 1 }, false],
    ['a regression of the same value', { score: 0.25 }, true],
    [
      'another class than the decided one of several, which has another score',
      { score: 0.7, scoreOf: 2, class: 0 },
      true,
    ],
    ['the decided one of several, with another score', { score: 0.7, scoreOf: 0, class: 0 }, false],
  ])('agrees with what is found now: %s', (_, found, expected) => {
    expect(agrees(row, found)).toBe(expected);
  });
});
