type Growable = Uint8Array | Int32Array | Uint32Array | Float64Array;

const LEAST = 256;

/** The array itself where it holds `needed` elements, else a copy of at least twice its size. */
export function grown<A extends Growable>(array: A, needed: number): A {
  if (needed <= array.length) return array;
  // The same kind of array as was given.
  const Kind = array.constructor as new (length: number) => A;
  const larger = new Kind(Math.max(LEAST, needed, array.length * 2));
  larger.set(array);
  return larger;
}

/** The bytes of the first elements, without copying. */
export function bytesOf(array: Growable, elements: number): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, elements * array.BYTES_PER_ELEMENT);
}
