/** Times of both models on the same rows, asked by turns so that whatever else the machine does falls on both. */
export interface PerformanceEvidence {
  readonly candidate: TimedModel;
  readonly champion?: TimedModel;
  /** Rows of one run, and how many runs each model made. */
  readonly singleRows: number;
  readonly rounds: number;
}

export interface TimedModel {
  readonly label: string;
  /** Milliseconds of each single-row run, in the order in which they were made; the n-th of both models followed each other. */
  readonly runMs: Float64Array;
  /** Rows a second in full batches, one value a round. */
  readonly rowsPerSecond: Float64Array;
  /** Rows of a full batch. */
  readonly batch: number;
  /** Resident memory that loading and warming up added, in bytes; undefined where it could not be told apart. */
  readonly memoryBytes?: number;
  /** One value a load. */
  readonly loadMs: Float64Array;
}
