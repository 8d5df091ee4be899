/** Times of both models on the same rows, asked by turns so that whatever else the machine does falls on both. */
export interface PerformanceEvidence {
  readonly candidate: TimedModel;
  readonly champion?: TimedModel;
  /** Why a champion that there is was not timed. */
  readonly championLeft?: string;
  /** Different rows that were asked alone, in turn. */
  readonly singleRows: number;
  /** Rounds of single runs, each followed by a full batch. */
  readonly rounds: number;
  /** How many single runs each model had made when a round ended. */
  readonly roundEnds: Int32Array;
  /** Why no more runs were made: every declared budget was decided, runs were enough, or time was up. */
  readonly stopped: 'decided' | 'enough' | 'time';
}

export interface TimedModel {
  readonly label: string;
  /** Milliseconds of each single-row run, in the order in which they were made; the n-th of both models followed each other. */
  readonly runMs: Float64Array;
  /**
   * Milliseconds that this process computed in each of these runs: what others took from the machine is not in them. The same as `runMs` where the
   * system counts too coarsely.
   */
  readonly computeMs: Float64Array;
  /** Rows a second in full batches, one value a round. */
  readonly rowsPerSecond: Float64Array;
  /** Rows of a full batch; fewer where the model is slow. */
  readonly batch: number;
  /** Resident memory that loading and warming up added, in bytes, one value a fresh process; undefined where it could not be told apart. */
  readonly memoryBytes?: Float64Array;
  /** One value a load. */
  readonly loadMs: Float64Array;
}
