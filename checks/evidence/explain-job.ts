import type { RowExplanation } from '../explain/explain-row.ts';
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

export type ExplainedPart = Part<ExplainAnswer>;
