/** What drives a model's answers, measured by asking it about rows of which single columns were exchanged. */
export interface ExplanationEvidence {
  readonly candidate: ExplainedModel;
  readonly champion?: ExplainedModel;
}

export interface ExplainedModel {
  readonly label: string;
  /** The metric whose loss is the importance, positive where the column helps. */
  readonly metric: string;
  readonly rows: number;
  /** One entry an input column. */
  readonly columns: readonly {
    readonly column: string;
    /** Loss of the metric, one value a shuffle. */
    readonly losses: Float64Array;
  }[];
}
