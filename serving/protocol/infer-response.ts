import { numberOfHalf } from '../model/datatype.ts';
import type { Tensor } from '../model/tensor.ts';
import { bytesOfTensorData } from './binary-tensor.ts';

/** An answer as it travels: JSON, and behind it the tensors that were asked for as bytes. */
export interface ResponseBody {
  readonly text: string;
  /** Undefined where every tensor stands in the JSON. */
  readonly tail?: readonly Uint8Array[];
}

export interface InferAnswer {
  readonly id: string | undefined;
  readonly model: string;
  readonly version: string;
  /** In the order in which they are to be written. */
  readonly outputs: ReadonlyMap<string, Tensor>;
  readonly isBinary: (output: string) => boolean;
}

const knownNames = new Map<string, string>();
const MOST_NAMES = 4096;

/** Names of models, versions and outputs come again with every answer. */
function quoted(name: string): string {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  if (knownNames.size >= MOST_NAMES) knownNames.clear();
  const text = JSON.stringify(name);
  knownNames.set(name, text);
  return text;
}

/** The body of an answer. JSON has no NaN and no infinity: both are written as null, and the parameter `non_finite` says how many there are. */
export function inferResponseOf({ id, model, version, outputs, isBinary }: InferAnswer): ResponseBody {
  const count = { notFinite: 0 };
  const tail: Uint8Array[] = [];
  let list = '';
  for (const [name, tensor] of outputs) {
    const head = `${list === '' ? '' : ','}{"name":${quoted(name)},"datatype":"${tensor.datatype}","shape":[${tensor.shape.join(',')}]`;
    if (isBinary(name)) {
      const bytes = bytesOfTensorData(tensor.data);
      tail.push(bytes);
      list += `${head},"parameters":{"binary_data_size":${bytes.length}}}`;
    } else list += `${head},"data":[${textOfData(tensor, count)}]}`;
  }
  const idText = id === undefined ? '' : `"id":${JSON.stringify(id)},`;
  const parameters = count.notFinite === 0 ? '' : `"parameters":{"non_finite":${count.notFinite}},`;
  const text = `{${idText}"model_name":${quoted(model)},"model_version":${quoted(version)},${parameters}"outputs":[${list}]}`;
  return tail.length === 0 ? { text } : { text, tail };
}

function textOfData(tensor: Tensor, count: { notFinite: number }): string {
  const { datatype, data } = tensor;
  switch (datatype) {
    case 'FP32':
    case 'FP64':
    case 'FP16': {
      const numbers = datatype === 'FP16' ? Array.from(data as Uint16Array, numberOfHalf) : (data as Float32Array);
      let isPlain = true;
      for (let i = 0; i < numbers.length; i++) {
        if (!Number.isFinite(numbers[i])) count.notFinite += 1;
        else if (Object.is(numbers[i], -0)) isPlain = false;
      }
      return isPlain && numbers.length >= MANY_NUMBERS
        ? JSON.stringify(Array.from(numbers)).slice(1, -1)
        : textOfNumbers(numbers);
    }
    case 'BOOL':
      return Array.from(data as Uint8Array, (bit) => (bit === 0 ? 'false' : 'true')).join(',');
    case 'BYTES':
      return Array.from(data as readonly string[], (text) => JSON.stringify(text)).join(',');
    case 'UINT8':
    case 'UINT16':
    case 'UINT32':
    case 'UINT64':
    case 'INT8':
    case 'INT16':
    case 'INT32':
    case 'INT64':
      return data.join(',');
  }
}

/**
 * From here on JSON.stringify is faster than putting texts together, three times as fast in the end; it writes what is not finite as null, too, but a
 * negative zero without its sign.
 */
const MANY_NUMBERS = 64;

function textOfNumbers(numbers: ArrayLike<number>): string {
  let text = '';
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] ?? NaN;
    text += `${i === 0 ? '' : ','}${Object.is(number, -0) ? '-0' : Number.isFinite(number) ? number : 'null'}`;
  }
  return text;
}
