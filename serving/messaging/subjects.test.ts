import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { askedBy, deadSubject, resultSubject, subjectsOf, tokenOf } from './subjects.ts';

describe('subjects', () => {
  test.each([
    ['loans', 'loans'],
    ['credit-risk_2', 'credit-risk_2'],
    ['a.b', 'a%2Eb'],
    ['a b*>', 'a%20b%2A%3E'],
    ['größe', 'gr%C3%B6%C3%9Fe'],
    ['@17', '%4017'],
    ["!~'()%", '%21%7E%27%28%29%25'],
  ])('%s is written %s', (text, token) => {
    expect(tokenOf(text)).toBe(token);
  });

  test('any text is one token without wildcards, and is read back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
        const token = tokenOf(text);
        expect(token).toMatch(/^[A-Za-z0-9_%-]+$/);
        expect(askedBy(`slipway.infer.${token}`)).toEqual({ model: text, version: undefined });
      }),
    );
  });

  test('a version is whatever follows the model, with its points as they are', () => {
    expect(askedBy('slipway.infer.loans.2.0.0')).toEqual({ model: 'loans', version: '2.0.0' });
    expect(askedBy('slipway.async.loans.1%2B2')).toEqual({ model: 'loans', version: '1+2' });
  });

  test('a subject that is not written in percent as it should be asks for nothing', () => {
    expect(askedBy('slipway.infer.%E0')).toBeUndefined();
    expect(askedBy('slipway.infer')).toBeUndefined();
  });

  test('a model is asked with and without a version', () => {
    expect(subjectsOf('infer', 'loans')).toEqual(['slipway.infer.loans', 'slipway.infer.loans.>']);
  });

  test("an answer is found by the sender's id, or by the number in the stream, and the two are never the same", () => {
    expect(resultSubject('loans', 'order.17', 3)).toBe('slipway.result.loans.order%2E17');
    expect(resultSubject('loans', undefined, 17)).toBe('slipway.result.loans.@17');
    expect(resultSubject('loans', '@17', 3)).not.toBe(resultSubject('loans', undefined, 17));
    expect(deadSubject('loans')).toBe('slipway.dead.loans');
  });
});
