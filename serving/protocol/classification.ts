import { numbersOf } from '../model/datatype.ts';
import type { Tensor } from '../model/tensor.ts';
import { Refusal } from './refusal.ts';

const DECIMALS = 6;

/**
 * The classification extension: of each row the `most` greatest values as text `value:index` or `value:index:label`, greatest first; of equals the
 * first. A tensor of one dimension is one row. Source: Triton's extension_classification.md; values with six decimals, as it writes them. Throws a
 * Refusal with status 400 for text.
 */
export function classificationOf(
  name: string,
  { datatype, shape, data }: Tensor,
  most: number,
  labels: readonly (string | number)[] | undefined,
): Tensor {
  if (datatype === 'BYTES') throw new Refusal(400, `output "${name}" holds text, which cannot be classified`);
  const numbers = numbersOf(datatype, data);
  const rows = shape.length < 2 ? 1 : (shape[0] ?? 0);
  const width = rows === 0 ? 0 : numbers.length / rows;
  const count = Math.min(most, width);
  const texts: string[] = [];
  for (let row = 0; row < rows; row++) {
    const values = numbers.subarray(row * width, (row + 1) * width);
    const order = [...values.keys()].toSorted((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b);
    for (const place of order.slice(0, count)) {
      const label = labels?.length === width ? `:${labels[place]}` : '';
      texts.push(`${(values[place] ?? NaN).toFixed(DECIMALS)}:${place}${label}`);
    }
  }
  return { datatype: 'BYTES', shape: shape.length < 2 ? [count] : [rows, count], data: texts };
}
