import type { ShapleyExplanation } from '../explain/shapley-values.ts';
import type { Part } from './evidence.ts';
import type { ExplanationEvidence } from './explanation-evidence.ts';

/** What a limited child is asked about one model, in `question.json` beside its job. */
export type ExplainQuestion =
  | { readonly kind: 'global' }
  /** A row of the data, counted from 0. */
  | { readonly kind: 'row'; readonly row: number }
  | { readonly kind: 'record'; readonly record: unknown };

export type ExplainAnswer =
  | { readonly kind: 'global'; readonly evidence: ExplanationEvidence }
  | { readonly kind: 'row'; readonly explanation: RowExplanation };

/** Why one row got its score. */
export interface RowExplanation extends ShapleyExplanation {
  readonly task: 'binary' | 'multiclass' | 'regression';
  /** What the score is the score of: the positive class, or the class that was decided; undefined for a regression. */
  readonly of?: string | number;
  readonly class?: string | number;
  readonly threshold?: number;
  /** The row's values by factor: text, numbers; the length of a list; null where it is missing. */
  readonly values: readonly (string | number | null)[];
  /** Rows of the data that the background was spread over. */
  readonly dataRows: number;
}

export type ExplainedPart = Part<ExplainAnswer>;
