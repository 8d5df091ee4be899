import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DATATYPES, datatypeOf, halfOfNumber, numberOfHalf, numbersOf } from './datatype.ts';
import { ModelRefused, openSession, runtimeVersion } from './session.ts';
import type { Tensor, TensorData } from './tensor.ts';

const zoo = join(import.meta.dirname, '../../../shared/data/zoo');

interface StoredTensor {
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly hex?: string;
  readonly data?: readonly string[];
}
interface GoldenCase {
  readonly inputs: Readonly<Record<string, StoredTensor>>;
  readonly outputs: Readonly<Record<string, StoredTensor>>;
}
interface IndexEntry {
  readonly name: string;
  readonly onnxruntime_node_1_30_0: string;
}

function tensorOf({ dtype, dims, hex, data }: StoredTensor): Tensor {
  const datatype = datatypeOf(dtype);
  if (datatype === undefined) throw new Error(`no datatype for ${dtype}`);
  if (datatype === 'BYTES') return { datatype, shape: dims, data: (data ?? []).map(String) };
  const bytes = Uint8Array.from(Buffer.from(hex ?? '', 'hex'));
  const array = DATATYPES[datatype].array;
  return { datatype, shape: dims, data: new array(bytes.buffer) as TensorData };
}

describe.skipIf(!existsSync(zoo))('a session', () => {
  const read = (file: string): unknown =>
    existsSync(zoo) ? JSON.parse(readFileSync(join(zoo, 'golden', file), 'utf8')) : {};
  const goldens = read('golden_cases.json') as Readonly<Record<string, GoldenCase>>;
  const index = existsSync(zoo) ? (read('index.json') as readonly IndexEntry[]) : [];
  const matching = index.filter(
    ({ name, onnxruntime_node_1_30_0: node }) => node === 'match' && goldens[name] !== undefined,
  );

  it('has at least the 29 models that the stock binding answers', () => {
    expect(matching.length).toBeGreaterThanOrEqual(29);
  });

  it.each(matching)('answers $name as published', async ({ name }) => {
    const golden = goldens[name] ?? { inputs: {}, outputs: {} };
    const session = await openSession({ model: join(zoo, 'golden', name, 'model.onnx') });
    const feeds = new Map(Object.entries(golden.inputs).map(([input, stored]) => [input, tensorOf(stored)]));
    const outputs = await session.run(feeds);
    for (const [output, stored] of Object.entries(golden.outputs)) {
      const found = outputs.get(output);
      const expected = tensorOf(stored);
      expect([found?.datatype, found?.shape]).toEqual([expected.datatype, expected.shape]);
      const texts = (tensor: Tensor | undefined) => (tensor?.datatype === 'BYTES' ? tensor.data : []);
      expect(texts(found)).toEqual(texts(expected));
      const [got, wanted] = [
        numbersOf(expected.datatype, found?.data ?? []),
        numbersOf(expected.datatype, expected.data),
      ];
      // rtol 1e-3 and atol 1e-7 are what the ONNX project itself asks of a runtime.
      const off = got.findIndex(
        (value, i) => Math.abs(value - (wanted[i] ?? NaN)) > 1e-7 + 1e-3 * Math.abs(wanted[i] ?? NaN),
      );
      expect(off).toBe(-1);
    }
    await session.close();
  });

  it('refuses by its metadata what would abort the process, and what cannot come back', async () => {
    const open = (path: string) => openSession({ model: join(zoo, path) });
    await expect(open('awkward/int4_output.onnx')).rejects.toThrow(ModelRefused);
    await expect(open('awkward/int4_output.onnx')).rejects.toThrow('output "y" has type int4');
    await expect(open('golden/go_float16/model.onnx')).rejects.toThrow('bfloat16');
    await expect(open('golden/go_sklearn_randomforest/model.onnx')).rejects.toMatchObject({
      next: expect.stringContaining("'zipmap': False"),
    });
  });

  it('feeds half-precision numbers, which the binding does not read from a Float16Array', async () => {
    const session = await openSession({ model: join(zoo, 'golden/onnx_isnan_float16/model.onnx') });
    const data = Uint16Array.from([1, NaN, -Infinity, 65504, 0, 2 ** -24], halfOfNumber);
    const outputs = await session.run(new Map([['x', { datatype: 'FP16', shape: [6], data }]]));
    expect(outputs.get('y')?.data).toEqual(Uint8Array.of(0, 1, 0, 0, 0, 0));
    await session.close();
  });

  it('carries 2^53 + 1 through an int64 graph', async () => {
    const session = await openSession({ model: readFileSync(join(zoo, 'awkward/int64_identity.onnx')) });
    const data = BigInt64Array.of(9007199254740993n);
    const outputs = await session.run(new Map([['x', { datatype: 'INT64', shape: [1], data }]]));
    expect(outputs.get('y')?.data).toEqual(data);
    await session.close();
  });

  it('takes external weights as bytes by the location that the graph names', async () => {
    const bytes = readFileSync(join(zoo, 'awkward/weights.bin'));
    const model = readFileSync(join(zoo, 'awkward/external_ok.onnx'));
    const session = await openSession({ model, externalData: [{ location: 'weights.bin', bytes }] });
    expect(session.inputs).toEqual([{ name: 'x', datatype: 'FP32', shape: [-1, 4] }]);
    await session.close();
  });

  it('refuses text that the binding would cut or change', async () => {
    const session = await openSession({ model: join(zoo, 'golden/onnx_string_concat/model.onnx') });
    const feeds = (text: string): ReadonlyMap<string, Tensor> =>
      new Map(['x', 'y'].map((name) => [name, { datatype: 'BYTES', shape: [2], data: [text, ''] }]));
    await expect(session.run(feeds('a\0b'))).rejects.toThrow('NUL');
    await expect(session.run(feeds('\ud800'))).rejects.toThrow('not valid Unicode');
    expect((await session.run(feeds('é🙂'))).get('result')?.data).toEqual(['é🙂é🙂', '']);
    await session.close();
  });

  it('waits with closing for the runs under way, may be closed twice, and runs no more after that', async () => {
    const session = await openSession({ model: join(zoo, 'awkward/dynamic_batch.onnx') });
    const feeds = new Map<string, Tensor>([['x', { datatype: 'FP32', shape: [1, 4], data: new Float32Array(4) }]]);
    const running = session.run(feeds);
    const closed = Promise.all([session.close(), session.close()]);
    expect((await running).get('y')?.shape).toEqual([1, 3]);
    await closed;
    await expect(session.run(feeds)).rejects.toThrow('the session is closed');
  });
});

describe('half precision', () => {
  it('is exact there and back for every bit pattern', () => {
    const wrong: number[] = [];
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = numberOfHalf(bits);
      const again = halfOfNumber(value);
      if (Number.isNaN(value) ? !Number.isNaN(numberOfHalf(again)) : again !== bits) wrong.push(bits);
    }
    expect(wrong).toEqual([]);
  });

  it('rounds to the nearest, ties to even, and overflows to infinity', () => {
    const rounded = (value: number): number => numberOfHalf(halfOfNumber(value));
    expect([2049, 2051, 65519, 65520, 1e-8, -1.0009765625].map(rounded)).toEqual([
      2048,
      2052,
      65504,
      Infinity,
      0,
      -1.0009765625,
    ]);
  });
});

it('tells the version of the runtime without loading it', () => {
  expect(runtimeVersion()).toMatch(/^\d+\.\d+\.\d+$/);
});
