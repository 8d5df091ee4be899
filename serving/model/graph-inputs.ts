import { inside, textOf } from './onnx-fields.ts';
import { type OutputFacts, outputOf } from './onnx-output.ts';
import { fieldsOf, WireError } from './wire.ts';

/**
 * What a graph must be fed, in its order: its inputs without those that it has a value for itself. Undefined where the bytes are no ONNX model.
 * Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
 */
export function graphInputs(bytes: Uint8Array): readonly OutputFacts[] | undefined {
  const inputs: OutputFacts[] = [];
  const initialized = new Set<string>();
  try {
    for (const model of fieldsOf(bytes, 0, bytes.length)) {
      if (model.number !== MODEL_GRAPH) continue;
      // Inputs and outputs are declared in the same way.
      for (const field of inside(bytes, model, 'a graph'))
        if (field.number === GRAPH_INPUT) inputs.push(outputOf(bytes, field));
        else if (field.number === GRAPH_INITIALIZER)
          for (const tensor of inside(bytes, field, 'an initializer'))
            if (tensor.number === TENSOR_NAME) initialized.add(textOf(bytes, tensor, "an initializer's name"));
    }
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
  return inputs.length === 0 ? undefined : inputs.filter(({ name }) => !initialized.has(name));
}

const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
const GRAPH_INPUT = 11;
const TENSOR_NAME = 8;
