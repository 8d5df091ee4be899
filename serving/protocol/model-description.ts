import type { TensorDeclaration } from '../model/tensor.ts';

/** What is said of a model over HTTP and gRPC alike: the protocol's metadata, Triton's configuration, statistics and index. */
export interface DescribedModel {
  readonly name: string;
  readonly version: string;
  readonly revision: string;
  readonly versions: readonly string[];
  readonly inputs: readonly TensorDeclaration[];
  readonly outputs: readonly TensorDeclaration[];
  /** Most rows of one run. */
  readonly maxBatch: number;
}

export const SERVER_NAME = 'slipway';
export const PLATFORM = 'onnxruntime_onnx';
/** Extensions of the protocol, by Triton's names, that are whole here. */
export const EXTENSIONS: readonly string[] = [
  'binary_tensor_data',
  'classification',
  'model_configuration',
  'model_repository',
  'parameters',
  'statistics',
];

export function metadataOf({ name, version, revision, versions, inputs, outputs }: DescribedModel) {
  return { name, versions, platform: PLATFORM, inputs, outputs, properties: { revision, version } };
}

/** Triton's ModelConfig: with a batch dimension that varies everywhere, dims leave it out. */
export function configOf({ name, inputs, outputs, maxBatch }: DescribedModel) {
  const batched = maxBatch > 1 && [...inputs, ...outputs].every(({ shape }) => (shape[0] ?? 0) < 0);
  const tensor = ({ name: of, datatype, shape }: TensorDeclaration) => ({
    name: of,
    data_type: `TYPE_${datatype === 'BYTES' ? 'STRING' : datatype}`,
    dims: batched ? shape.slice(1) : [...shape],
  });
  return {
    name,
    platform: PLATFORM,
    backend: 'onnxruntime',
    max_batch_size: batched ? maxBatch : 0,
    input: inputs.map(tensor),
    output: outputs.map(tensor),
    ...(batched ? { dynamic_batching: {} } : {}),
  };
}
