import { expect, it } from 'vitest';
import { inferResponseOf } from './infer-response.ts';

const SPECIAL = [NaN, Infinity, -Infinity, -0, 0, 1e-45, 3.4028235e38, 1 / 3, 2 ** 24 + 1];

function answered(values: readonly number[]): {
  readonly parameters?: unknown;
  readonly outputs: readonly { readonly data: readonly unknown[] }[];
} {
  const data = Float32Array.from(values);
  const outputs = new Map([['y', { datatype: 'FP32' as const, shape: [data.length], data }]]);
  const { text } = inferResponseOf({ id: undefined, model: 'm', version: '1', outputs, isBinary: () => false });
  return JSON.parse(text) as ReturnType<typeof answered>;
}

it.each([1, 9, 63, 64, 65, 1_000])(
  'writes %i numbers as the doubles that they are, what is not finite as null and counted',
  (length) => {
    const values = Array.from({ length }, (_, index) => SPECIAL[index % SPECIAL.length] ?? Math.sin(index));
    const expected = Array.from(Float32Array.from(values), (value) => (Number.isFinite(value) ? value : null));
    const { parameters, outputs } = answered(values);
    // Object.is tells a negative zero.
    const data = outputs[0]?.data ?? [];
    expect(data).toStrictEqual(expected);
    expect(data.every((value, index) => Object.is(value, expected[index]))).toBe(true);
    expect(parameters).toEqual({ non_finite: expected.filter((value) => value === null).length });
  },
);
