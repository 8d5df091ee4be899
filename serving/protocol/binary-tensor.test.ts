import { describe, expect, it } from 'vitest';
import { tensorDataOfBytes } from './binary-tensor.ts';

const VALUES = Float64Array.of(1.5, -2.25, Infinity);

/** The same bytes, `skipped` behind the beginning of their memory. */
function bytesAt(skipped: number): Buffer {
  const memory = Buffer.from(new ArrayBuffer(skipped + VALUES.byteLength));
  memory.set(new Uint8Array(VALUES.buffer), skipped);
  return memory.subarray(skipped);
}

describe('a tensor that came as bytes', () => {
  it.each([0, 8, 16])('is a view of them where they lie as its elements must (%i)', (skipped) => {
    const bytes = bytesAt(skipped);
    const data = tensorDataOfBytes('x', 'FP64', 3, bytes);
    expect(data).toEqual(VALUES);
    expect((data as Float64Array).buffer).toBe(bytes.buffer);
  });

  it.each([1, 3, 4, 7, 9])('is a copy where they do not, and holds the same (%i)', (skipped) => {
    const bytes = bytesAt(skipped);
    const data = tensorDataOfBytes('x', 'FP64', 3, bytes);
    expect(data).toEqual(VALUES);
    expect((data as Float64Array).buffer).not.toBe(bytes.buffer);
  });
});
