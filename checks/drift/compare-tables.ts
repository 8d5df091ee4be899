import type { Column, Table } from '../../serving/model/table.ts';
import type { DriftMethod } from './column-drift.ts';
import { comparableColumn, type ComparableColumn } from './comparable-column.ts';
import {
  compareSamples,
  type DriftComparison,
  type DriftOptions,
  type SampleColumn,
  type Samples,
} from './compare-samples.ts';
import { labelColumn, predictionLosses } from './prediction-losses.ts';
import { crossFittedLosses } from './relation-losses.ts';

/** How two tables are compared: what the command line says. */
export interface TableComparisonOptions extends DriftOptions {
  /** Input columns; left out: every column of both but label and prediction. */
  readonly columns?: readonly string[];
  readonly label?: string;
  readonly prediction?: string;
  /** A test for every column, or for some. */
  readonly method?: DriftMethod;
  readonly methods?: ReadonlyMap<string, DriftMethod>;
}

/**
 * Did the world change between two tables? Every column, the predictions and the labels where they are named, the relation of label to
 * inputs, and all inputs together. The relation is seen by the loss of the predictions, or of trees that learn the label here.
 */
export function compareTables(reference: Table, window: Table, options: TableComparisonOptions): DriftComparison {
  return compareSamples(samplesOf(reference, window, options), options);
}

function samplesOf(reference: Table, window: Table, options: TableComparisonOptions): Samples {
  const { label, prediction } = options;
  const all = allNames(reference, window).filter((name) => name !== label && name !== prediction);
  const identifiers = all.filter(
    (name) => isIdentifier(reference.columns.get(name)) && isIdentifier(window.columns.get(name)),
  );
  const names = options.columns ?? all.filter((name) => !identifiers.includes(name));
  const left = names === options.columns ? [] : identifiers.map((column) => ({ column, why: IDENTIFIER }));
  const compared = (name: string, role: SampleColumn['role'], of = comparableColumn): readonly SampleColumn[] => {
    const [first, second] = [reference.columns.get(name), window.columns.get(name)];
    const why =
      first === undefined
        ? 'the reference does not hold it'
        : second === undefined
          ? 'the window does not hold it'
          : undefined;
    const column = first === undefined || second === undefined ? undefined : of(first, second);
    if (column === undefined) {
      left.push({ column: name, why: why ?? 'a list of numbers has no distribution that a table shows' });
      return [];
    }
    const method = options.methods?.get(name) ?? options.method;
    return [{ name, role, column, ...(method === undefined ? {} : { method }) }];
  };
  const inputs = names.flatMap((name) => compared(name, 'input'));
  const predictions = prediction === undefined ? [] : compared(prediction, 'prediction');
  const labels = label === undefined ? [] : compared(label, 'label', labelColumn);
  const losses = lossesOf(inputs, predictions[0]?.column, labels[0]?.column, options.seed);
  return {
    rows: { reference: reference.rows, window: window.rows },
    columns: [...inputs, ...predictions, ...labels],
    left,
    ...(losses === undefined ? {} : { losses }),
  };
}

function lossesOf(
  inputs: readonly SampleColumn[],
  prediction: ComparableColumn | undefined,
  label: ComparableColumn | undefined,
  seed: number,
) {
  if (label === undefined) return undefined;
  if (prediction !== undefined) return predictionLosses(prediction, label);
  return crossFittedLosses(
    inputs.map(({ column }) => column),
    label,
    seed,
  );
}

const IDENTIFIER = 'every row has a value of its own: an identifier; name it among the columns to compare it';

/** Text or whole numbers that never repeat number the rows, and measure nothing. */
function isIdentifier(column: Column | undefined): boolean {
  if (column === undefined || column.kind === 'list') return false;
  if (column.kind === 'number' && !column.values.every((value) => Number.isInteger(value))) return false;
  const values = column.kind === 'category' ? column.codes : column.values;
  return values.length >= FEWEST_DISTINCT && new Set<number | bigint>(values).size === values.length;
}
/** So few values may all differ by chance. */
const FEWEST_DISTINCT = 20;

/** The reference's order, then what only the window holds. */
function allNames(reference: Table, window: Table): readonly string[] {
  return [...new Set<string>([...reference.columns.keys(), ...window.columns.keys()])];
}
