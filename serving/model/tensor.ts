/**
 * Tensors as the Open Inference Protocol names them.
 *
 * `data` is row-major. FP16 travels as raw half-precision bits in a Uint16Array; BOOL as 0 or 1 in a Uint8Array;
 * 64-bit integers as BigInt arrays, so that 2^53 + 1 survives; BYTES as strings (UTF-8).
 */
export type Datatype =
  | 'BOOL'
  | 'UINT8'
  | 'UINT16'
  | 'UINT32'
  | 'UINT64'
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'FP16'
  | 'FP32'
  | 'FP64'
  | 'BYTES';

export type TensorData =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array
  | readonly string[];

export interface Tensor {
  readonly datatype: Datatype;
  /** Each dimension at least 0; their product is `data.length`. */
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** A tensor as a graph declares it. A dimension that may vary is -1. */
export interface TensorDeclaration {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}
