import type { Column } from '../../serving/model/table.ts';
import { sortedValues } from '../stats/sorted-values.ts';

/** So few values may all differ by chance. */
const FEWEST_DISTINCT = 20;

/** Text or whole numbers that never repeat number the rows, and measure nothing. */
export function isIdentifier(column: Column): boolean {
  switch (column.kind) {
    case 'list':
      return false;
    case 'category':
      if (column.dictionary.length < column.codes.length - 1) return false;
      return column.codes.length >= FEWEST_DISTINCT && isDistinct(Float64Array.from(column.codes));
    case 'integer':
      return column.values.length >= FEWEST_DISTINCT && new Set<bigint>(column.values).size === column.values.length;
    case 'number':
      return (
        column.values.length >= FEWEST_DISTINCT &&
        column.values.every((value) => Number.isInteger(value)) &&
        isDistinct(column.values)
      );
  }
}

function isDistinct(values: Float64Array): boolean {
  const sorted = sortedValues(values);
  for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) return false;
  return true;
}
