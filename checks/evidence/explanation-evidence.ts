import type { MetricName } from '../manifest/manifest.ts';

/** What drives a model's answers, measured by asking it about rows of which single columns were exchanged. */
export interface ExplanationEvidence {
  readonly candidate: ExplainedModel;
  /** The champion on the same rows and shuffles, where it can answer them. */
  readonly champion?: ExplainedModel;
  /** One entry a protected column that the candidate takes; on the rows of the sample. */
  readonly counterfactuals?: readonly Counterfactual[];
  /** Single answers of the candidate, explained as `slipway explain --row` does: the lowest, the middle and the highest of the sample. */
  readonly decisions?: readonly ExplainedDecision[];
}

/** Shapley values of one evaluation row. */
export interface ExplainedDecision {
  /** Of the evaluation data, from 0. */
  readonly row: number;
  readonly score: number;
  readonly background: number;
  readonly backgroundRows: number;
  readonly contributions: readonly {
    readonly factor: string;
    readonly value: number;
    readonly standardError: number;
  }[];
  readonly additivity: {
    readonly sum: number;
    readonly expected: number;
    readonly difference: number;
    readonly holds: boolean;
  };
  readonly exactRows: number;
  readonly orders: number;
  readonly asked: number;
}

/** What the candidate would have answered had everybody held another value of one column, all else equal. */
export interface Counterfactual {
  readonly column: string;
  readonly rows: number;
  readonly alternatives: readonly Alternative[];
  /** Rows whose decision changes under some alternative. */
  readonly flipped: number;
  /** Standard deviation of the scores as they are. */
  readonly spread: number;
}

export interface Alternative {
  readonly value: string | number;
  /** Rows that hold another value. */
  readonly rows: number;
  /** Of them, decisions that change. */
  readonly flips: number;
  /** Of the flips, those that become the positive class. */
  readonly toPositive?: number;
  /** Of the score, on the rows that hold another value. */
  readonly meanChange?: number;
  readonly meanAbsoluteChange: number;
}

export interface ExplainedModel {
  readonly label: string;
  /** The metric whose loss is the importance, positive where the column helps. */
  readonly metric: MetricName;
  /** The metric of the answers as they are, on these rows. */
  readonly value: number;
  /** Rows of the sample, and of how many it was taken. */
  readonly rows: number;
  readonly of: number;
  /** Parts that the rows were cut into; values were shuffled within their part, and rows of one key lie in one. */
  readonly parts: number;
  readonly shuffles: number;
  /** One entry an input column; a list column has one a patch. */
  readonly columns: readonly ColumnImportance[];
  /**
   * Whole columns that are worth less than the metric's margin one by one, shuffled together by one permutation: what stands in for each other shows only
   * so. Undefined with fewer than two of them.
   */
  readonly together?: TogetherImportance;
  /** Columns (or patches) that there was no time to ask about. */
  readonly left: readonly string[];
}

export interface ColumnImportance {
  readonly column: string;
  /** Undefined for a whole column; else the name of the patch of the list that was exchanged. */
  readonly patch?: string;
  /** Loss of the metric, one value a shuffle. */
  readonly losses: Float64Array;
  /** The mean loss without one part of the rows, one value a part (jackknife). */
  readonly withoutPart: Float64Array;
  /** The mean loss on both halves of several splits of the parts: `[first, second, first, second, …]`. */
  readonly onHalves: Float64Array;
  /** Rows whose answer changed at all. */
  readonly changed: number;
}

export interface TogetherImportance {
  readonly columns: readonly string[];
  readonly losses: Float64Array;
  readonly withoutPart: Float64Array;
}
