import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BodyBytes } from './body-bytes.ts';

const KB = 1024;
const LIMIT = 1024 * KB;
const bytesOf = (size: number, from = 0): Buffer =>
  Buffer.from(Uint8Array.from({ length: size }, (_, k) => (from + k * 7) % 251));

/** The body in chunks that end at these places, each in memory of its own. */
function chunksOf(body: Buffer, ends: readonly number[]): readonly Buffer[] {
  const cuts = [0, ...ends.filter((end) => end < body.length).toSorted((a, b) => a - b), body.length];
  return cuts.slice(1).map((end, index) => {
    const part = body.subarray(cuts[index], end);
    const chunk = Buffer.allocUnsafeSlow(part.length);
    chunk.set(part);
    return chunk;
  });
}

describe('a body', () => {
  it('is what was sent, however it was cut and whatever was announced', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 160 * KB }),
        fc.array(fc.integer({ min: 0, max: 160 * KB }), { maxLength: 6 }),
        fc.oneof(fc.constant(undefined), fc.integer({ min: 0, max: 160 * KB })),
        fc.integer({ min: 0, max: 40 }),
        (size, ends, said, alignedAt) => {
          const body = bytesOf(size, alignedAt);
          const bytes = new BodyBytes({ announced: said ?? size, alignedAt, limitBytes: LIMIT });
          for (const chunk of chunksOf(body, ends)) expect(bytes.take(chunk)).toBe(true);
          expect(bytes.whole().equals(body)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('of several chunks lies so that what begins at `alignedAt` begins at a multiple of 8', () => {
    for (const announced of [0, 200 * KB])
      for (let alignedAt = 0; alignedAt < 9; alignedAt++) {
        const bytes = new BodyBytes({ announced, alignedAt, limitBytes: LIMIT });
        for (const chunk of chunksOf(bytesOf(200 * KB), [70 * KB])) bytes.take(chunk);
        expect((bytes.whole().byteOffset + alignedAt) % 8).toBe(0);
      }
  });

  it('shares no memory with another', () => {
    const [one, other] = [bytesOf(200 * KB, 1), bytesOf(200 * KB, 2)];
    const [first, second] = [one, other].map((body) => {
      const bytes = new BodyBytes({ announced: body.length, alignedAt: 0, limitBytes: LIMIT });
      return { body, bytes, chunks: chunksOf(body, [64 * KB, 128 * KB]) };
    });
    for (const index of [0, 1, 2])
      for (const each of [first, second]) each?.bytes.take(each.chunks[index] ?? Buffer.alloc(0));
    expect(first?.bytes.whole().equals(one)).toBe(true);
    expect(second?.bytes.whole().equals(other)).toBe(true);
  });

  it('leaves alone what a chunk shares its memory with', () => {
    const memory = bytesOf(200 * KB);
    const bytes = new BodyBytes({ announced: 100 * KB, alignedAt: 0, limitBytes: LIMIT });
    bytes.take(memory.subarray(0, 100 * KB));
    expect(bytes.whole().equals(bytesOf(100 * KB))).toBe(true);
    expect(memory.equals(bytesOf(200 * KB))).toBe(true);
  });

  it('gives its memory back when it is told to, and then is empty to whoever still looks', () => {
    const bytes = new BodyBytes({ announced: 200 * KB, alignedAt: 0, limitBytes: LIMIT });
    bytes.take(bytesOf(200 * KB));
    const whole = bytes.whole();
    bytes.release?.();
    expect([whole.length, whole.buffer.byteLength]).toEqual([0, 0]);
  });

  it('has nothing to give back where its chunk may be shared', () => {
    const bytes = new BodyBytes({ announced: KB, alignedAt: 0, limitBytes: LIMIT });
    bytes.take(bytesOf(KB));
    expect(bytes.release).toBeUndefined();
  });

  it('is not taken beyond its limit', () => {
    const bytes = new BodyBytes({ announced: 0, alignedAt: 0, limitBytes: 100 * KB });
    expect(bytes.take(bytesOf(100 * KB))).toBe(true);
    expect(bytes.take(bytesOf(1))).toBe(false);
  });
});
