import type { Datatype, TensorData } from './tensor.ts';

/** What each datatype is called by ONNX Runtime, and which array carries it here. */
export const DATATYPES = {
  BOOL: { runtime: 'bool', array: Uint8Array },
  UINT8: { runtime: 'uint8', array: Uint8Array },
  UINT16: { runtime: 'uint16', array: Uint16Array },
  UINT32: { runtime: 'uint32', array: Uint32Array },
  UINT64: { runtime: 'uint64', array: BigUint64Array },
  INT8: { runtime: 'int8', array: Int8Array },
  INT16: { runtime: 'int16', array: Int16Array },
  INT32: { runtime: 'int32', array: Int32Array },
  INT64: { runtime: 'int64', array: BigInt64Array },
  FP16: { runtime: 'float16', array: Uint16Array },
  FP32: { runtime: 'float32', array: Float32Array },
  FP64: { runtime: 'float64', array: Float64Array },
  BYTES: { runtime: 'string', array: Array },
} as const satisfies Record<Datatype, { runtime: string; array: unknown }>;

const BY_RUNTIME_NAME = new Map<string, Datatype>(
  Object.entries(DATATYPES).map(([name, { runtime }]) => [runtime, name as Datatype]),
);

/** The datatype that ONNX Runtime calls `runtimeName`; undefined for those that cannot travel (int4, bfloat16, …). */
export function datatypeOf(runtimeName: string): Datatype | undefined {
  return BY_RUNTIME_NAME.get(runtimeName);
}

export function isFloat(datatype: Datatype): boolean {
  return datatype === 'FP16' || datatype === 'FP32' || datatype === 'FP64';
}

export function isInteger(datatype: Datatype): boolean {
  return datatype.startsWith('INT') || datatype.startsWith('UINT');
}

/** The value of IEEE 754 half-precision bits. */
export function numberOfHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** IEEE 754 half-precision bits nearest to `value`, ties to even; beyond 65,519 it is infinite. */
export function halfOfNumber(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundToEven(size * 2 ** 24);
  const exponent = Math.min(15, Math.floor(Math.log2(size)));
  // Rounding the fraction up to 2^10 carries into the exponent, which is just what it should do.
  const fraction = roundToEven((size / 2 ** exponent - 1) * 1024);
  return sign | (((exponent + 15) << 10) + fraction);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Every element as a float64, exactly where that is possible (64-bit integers beyond 2^53 are rounded). Text is NaN. */
export function numbersOf(datatype: Datatype, data: TensorData): Float64Array {
  const numbers = new Float64Array(data.length);
  if (datatype === 'FP16') for (let i = 0; i < numbers.length; i++) numbers[i] = numberOfHalf(Number(data[i]));
  else if (datatype === 'BYTES') numbers.fill(NaN);
  else for (let i = 0; i < numbers.length; i++) numbers[i] = Number(data[i]);
  return numbers;
}
