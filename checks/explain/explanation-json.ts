import type { RowExplanation } from './explain-row.ts';

/** What of one row's explanation is told; the names are a public contract (docs/serving.md, `slipway explain --json`). */
export interface ToldExplanation {
  readonly task: RowExplanation['task'];
  readonly score: number;
  readonly scoreOf?: string | number;
  readonly class?: string | number;
  readonly threshold?: number;
  readonly background: { readonly mean: number; readonly rows: number; readonly dataRows: number };
  /** The greatest first. */
  readonly columns: readonly ToldContribution[];
  /** Of the columns that were not asked for: how many, and what they contribute together. */
  readonly others?: { readonly columns: number; readonly contribution: number };
  readonly additivity: RowExplanation['additivity'];
  readonly method: {
    readonly name: 'interventional Shapley values';
    readonly exactRows: number;
    readonly orders: number;
    readonly asked: number;
  };
}

export interface ToldContribution {
  /** A column, or a patch of a list column. */
  readonly column: string;
  readonly value: string | number | null;
  readonly contribution: number;
  readonly standardError: number;
  /** Null where one background row says nothing of others. */
  readonly backgroundError: number | null;
}

/** An explanation as JSON tells it; with `columns`, those alone, and the sum of the others. */
export function explanationJson(explanation: RowExplanation, columns?: ReadonlySet<string>): ToldExplanation {
  const { contributions, values, score, background, class: decided, of, task, threshold, ...rest } = explanation;
  const isTold = (column: string): boolean => columns === undefined || columns.has(column);
  const others = contributions.filter(({ column }) => !isTold(column));
  return {
    task,
    score,
    ...(of === undefined ? {} : { scoreOf: of }),
    ...(decided === undefined ? {} : { class: decided }),
    ...(threshold === undefined ? {} : { threshold }),
    background: { mean: background, rows: rest.backgroundRows, dataRows: rest.dataRows },
    columns: contributions
      .map(({ factor, column, value, standardError, backgroundError }, k) => ({
        of: column,
        told: {
          column: factor,
          value: values[k] ?? null,
          contribution: value,
          standardError,
          backgroundError: Number.isFinite(backgroundError) ? backgroundError : null,
        },
      }))
      .filter(({ of: column }) => isTold(column))
      .map(({ told }) => told)
      .toSorted((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)),
    ...(columns === undefined
      ? {}
      : { others: { columns: others.length, contribution: others.reduce((sum, { value }) => sum + value, 0) } }),
    additivity: rest.additivity,
    method: {
      name: 'interventional Shapley values',
      exactRows: rest.exactRows,
      orders: rest.orders,
      asked: rest.asked,
    },
  };
}
