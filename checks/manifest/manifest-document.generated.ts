// Generated from model.schema.json by generate-types.ts; do not edit.

export type Version = string;
/**
 * Relative to this manifest's folder (a blob or Git LFS), or https://, s3://, release://owner/repo/tag/file.
 */
export type Uri = string;
/**
 * SHA-256 of the file's bytes.
 */
export type Sha256 = string;
/**
 * What is measured, with floors and margins. Left out: the task's default metrics with their default margins.
 */
export type Metrics = Metric[];
export type Cohort =
  | string
  | {
      /**
       * The column.
       */
      column: string;
      /**
       * Rising edges: [25, 45] makes below 25, 25 to below 45, 45 and above.
       */
      bins?: number[];
    };
/**
 * Columns whose values split the rows; protected columns are cohorts by themselves.
 */
export type Cohorts = Cohort[];
export type Baseline =
  | ('production' | 'simple')
  | {
      version: Version;
    };
export type Duration = string;
export type Date = string;

/**
 * One model, one folder, one manifest: models/<name>/model.yaml.
 */
export interface ModelDocument {
  /**
   * The version of this format.
   */
  apiVersion: 'slipway/v1';
  /**
   * What this document describes.
   */
  kind: 'Model';
  /**
   * The model's name: unique in the repository, equal to its folder's name.
   */
  name: string;
  version: Version;
  /**
   * What the model answers, in one sentence.
   */
  description?: string;
  /**
   * Who answers for the model: GitHub logins or teams, "@acme/credit-ml".
   */
  owners: string[];
  /**
   * Free labels for finding models, text to text.
   */
  labels: {
    [k: string]: string;
  };
  artifact: Artifact;
  features?: Reference;
  /**
   * How one record becomes the graph's input tensors. Left out: an input takes the column of its own name.
   */
  inputs: Input[];
  /**
   * What each column may hold, and what a request may carry, by column name.
   */
  columns: {
    [k: string]: Column;
  };
  outputs: Outputs;
  serving: Serving;
  evaluation: Evaluation;
  baseline: Baseline;
  /**
   * Says that callers know of a changed contract, and since when.
   */
  breaking?: string;
  reproducibility: Reproducibility;
  drift: Drift;
  performance?: Performance;
  replay?: Replay;
  explanation: Explanation;
  impact?: Impact;
  /**
   * What no machine can check, by test id of the ML Test Score rubric, each with a link and a date.
   */
  attest: Attestation[];
  readiness?: Readiness;
  rollout: Rollout;
  replicas: Replicas;
  lifetime?: Lifetime;
}
/**
 * An ONNX file with its digest and those of its external weights.
 */
export interface Artifact {
  uri: Uri;
  sha256: Sha256;
  /**
   * External weights, each with its digest.
   */
  files: Reference[];
}
/**
 * A file with its digest.
 */
export interface Reference {
  uri: Uri;
  sha256: Sha256;
}
/**
 * One input tensor.
 */
export interface Input {
  /**
   * The graph input's name.
   */
  name: string;
  /**
   * One column, which becomes [N] or [N, 1], as the graph declares.
   */
  column?: string;
  /**
   * Several columns packed into [N, k], in this order.
   */
  columns?: string[];
  /**
   * For a list column: the shape of one row's tensor, without the batch dimension.
   */
  shape?: number[];
}
/**
 * What a column may hold.
 */
export interface Column {
  /**
   * The column's type. Left out: from the graph, Parquet, CSV.
   */
  type?: 'number' | 'integer' | 'category' | 'text' | 'boolean' | 'list';
  /**
   * Smallest value in its domain.
   */
  min?: number;
  /**
   * Largest value in its domain.
   */
  max?: number;
  /**
   * The categories that may occur.
   */
  values?: (string | number)[];
  /**
   * Largest share of missing values.
   */
  missing?: number;
  /**
   * A cohort by itself; as an input it blocks, unless it is justified.
   */
  protected: boolean;
  /**
   * Personal data that identifies someone: refused as an input, never logged; with `hash` logged as a keyed hash, by which a person's rows are found.
   */
  pii: true | false | 'hash';
  /**
   * Why a protected column is an input is said in `why`: then advisory, where the policy allows.
   */
  input?: 'justified';
  /**
   * The justification.
   */
  why?: string;
}
/**
 * How the graph's outputs are read.
 */
export interface Outputs {
  /**
   * Left out: told from the graph's outputs.
   */
  task?: 'binary' | 'multiclass' | 'regression';
  /**
   * Where the score sits. Left out: inferred when there is one candidate.
   */
  score?: {
    /**
     * The graph output's name.
     */
    output: string;
    /**
     * Which element of a row.
     */
    index?: number;
  };
  /**
   * The classes in the order of the scores; binary: the second is the positive one.
   */
  classes?: (string | number)[];
  /**
   * Binary: score >= threshold is the positive class.
   */
  threshold?: number;
}
/**
 * How the model may be served.
 */
export interface Serving {
  /**
   * Most rows in one run. 1 for a graph whose answers depend on what it is batched with.
   */
  maxBatch: number;
  /**
   * Refuse a request that carries an input no live revision knows, instead of ignoring that input.
   */
  strictInputs: boolean;
  /**
   * Answers to requests that come again are kept in each replica, up to so many megabytes. Left out: none are. No part of the revision.
   */
  cacheMb?: number;
}
/**
 * The rows that the model is judged on, and by what.
 */
export interface Evaluation {
  data: Reference;
  /**
   * The column that holds what is true.
   */
  label: string;
  /**
   * Rows of one key are resampled together.
   */
  key?: string;
  /**
   * Orders the rows.
   */
  time?: string;
  metrics: Metrics;
  cohorts: Cohorts;
  cohortGap: CohortGap;
  /**
   * JSON lines, {"record": …, "expect": …, "tolerance": …, "why": …} each; path relative to this folder.
   */
  goldens?: string;
  /**
   * Also try missing values, the edges of each column's range, unseen categories, an empty batch.
   */
  corners: boolean;
}
/**
 * One metric; its direction follows from the name.
 */
export interface Metric {
  /**
   * Which metric.
   */
  name:
    | 'roc_auc'
    | 'average_precision'
    | 'log_loss'
    | 'brier'
    | 'accuracy'
    | 'balanced_accuracy'
    | 'precision'
    | 'recall'
    | 'specificity'
    | 'f1'
    | 'matthews_correlation'
    | 'macro_roc_auc'
    | 'macro_f1'
    | 'macro_precision'
    | 'macro_recall'
    | 'weighted_f1'
    | 'weighted_precision'
    | 'weighted_recall'
    | 'micro_f1'
    | 'micro_precision'
    | 'micro_recall'
    | 'top_2_accuracy'
    | 'top_3_accuracy'
    | 'top_5_accuracy'
    | 'mae'
    | 'median_absolute_error'
    | 'mape'
    | 'mse'
    | 'rmse'
    | 'r2';
  /**
   * Absolute floor of the point estimate.
   */
  min?: number;
  /**
   * Absolute ceiling of the point estimate.
   */
  max?: number;
  /**
   * How much worse than the baseline is still fine. Left out: the metric's default.
   */
  margin?: number;
  /**
   * The same in each cohort. Left out: four times the margin.
   */
  cohortMargin?: number;
  /**
   * What the proposer measured; recomputed by the reproducibility check.
   */
  claimed?: number;
}
/**
 * Largest difference between cohorts, by rate or metric.
 */
export interface CohortGap {
  [k: string]: number;
}
/**
 * How equal is equal, and how the model was trained.
 */
export interface Reproducibility {
  tolerance: Tolerance;
  /**
   * Where the model comes from.
   */
  training?: {
    /**
     * Commit of the training code.
     */
    commit?: string;
    /**
     * Repository of the training code. Left out: this one.
     */
    repository?: string;
    /**
     * What was run.
     */
    command?: string;
    lockfile?: Reference;
    /**
     * What it was trained on.
     */
    data: Reference[];
    /**
     * The seed of every random draw.
     */
    seed?: number;
    /**
     * Whether to run the command in the repository's own Actions and compare.
     */
    retrain: 'never' | 'on-demand' | 'always';
  };
}
/**
 * How much outputs may differ between runs, and claimed metrics from measured ones.
 */
export interface Tolerance {
  /**
   * Relative difference.
   */
  relative: number;
  /**
   * Absolute difference.
   */
  absolute: number;
}
/**
 * How far the evaluation data may be from what production sees.
 */
export interface Drift {
  reference?: Reference;
  window: Duration;
  /**
   * False-alarm rate per check run, after correction over columns.
   */
  alpha: number;
  effect: Effect;
}
/**
 * Smallest shift that matters, by measure.
 */
export interface Effect {
  /**
   * Population stability index of a column.
   */
  psi: number;
  /**
   * AUC of a classifier that tells the two samples apart, all columns together.
   */
  auc: number;
}
/**
 * Budgets. Only those that are declared are judged.
 */
export interface Performance {
  /**
   * 99th percentile of what a request of one row takes, in milliseconds.
   */
  p99Ms?: number;
  /**
   * Resident memory that loading and warming up adds to a process, in megabytes.
   */
  memoryMb?: number;
  /**
   * Median time to load, in milliseconds.
   */
  loadMs?: number;
  /**
   * Median compute time against the baseline, as a ratio, in the same run; counts only beyond 0.2 ms.
   */
  slowdown?: number;
}
/**
 * What may change for recorded requests. Left out: it is told and decides nothing.
 */
export interface Replay {
  /**
   * Largest share of recorded requests whose decision may change against the baseline.
   */
  flips?: number;
}
/**
 * How the model is explained.
 */
export interface Explanation {
  /**
   * Rows of the background sample.
   */
  background: number;
  /**
   * Rank correlation of importances between samples that counts as stable.
   */
  stable: number;
}
/**
 * The impact matrix: who can be harmed, how, and what is done about it.
 */
export interface Impact {
  /**
   * What is decided and by whom, such as automated-with-review.
   */
  decision?: string;
  /**
   * Whom the decision is about.
   */
  affected?: string;
  /**
   * How bad a wrong decision is; the policy asks for approvals by it.
   */
  severity: 'low' | 'moderate' | 'high' | 'critical';
  /**
   * Whether a wrong decision can be undone.
   */
  reversible?: boolean;
  /**
   * Columns that hold personal data.
   */
  personalData: string[];
  /**
   * Why these data may be used.
   */
  lawfulBasis?: string;
  retention?: Duration;
  /**
   * What is done against harm.
   */
  mitigations: string[];
}
/**
 * One test of the rubric that was done by hand.
 */
export interface Attestation {
  /**
   * Test id of the rubric.
   */
  test:
    | 'Data 1'
    | 'Data 2'
    | 'Data 3'
    | 'Data 4'
    | 'Data 5'
    | 'Data 6'
    | 'Data 7'
    | 'Model 1'
    | 'Model 2'
    | 'Model 3'
    | 'Model 4'
    | 'Model 5'
    | 'Model 6'
    | 'Model 7'
    | 'Infra 1'
    | 'Infra 2'
    | 'Infra 3'
    | 'Infra 4'
    | 'Infra 5'
    | 'Infra 6'
    | 'Infra 7'
    | 'Monitor 1'
    | 'Monitor 2'
    | 'Monitor 3'
    | 'Monitor 4'
    | 'Monitor 5'
    | 'Monitor 6'
    | 'Monitor 7';
  /**
   * Where it can be read.
   */
  evidence: string;
  /**
   * Who says so.
   */
  by: string;
  on: Date;
  until?: Date;
  /**
   * A check run or status of the same commit that runs this test automatically: while it succeeds, the test counts as automated.
   */
  check?: string;
}
/**
 * What the ML Test Score must reach.
 */
export interface Readiness {
  /**
   * Least score of the lowest section, of 14. Left out: the score is told and decides nothing.
   */
  minimum?: number;
}
/**
 * How production gets to this version.
 */
export interface Rollout {
  /**
   * The kind of rollout.
   */
  strategy: 'canary' | 'blue-green' | 'ab-test' | 'shadow';
  /**
   * In order; weights may not fall.
   */
  steps: Step[];
  /**
   * Whose requests stay with one arm.
   */
  sticky?: {
    /**
     * A request header.
     */
    header?: string;
    /**
     * A column of the record.
     */
    column?: string;
  };
  analysis: Analysis;
  /**
   * Requests that a step must have seen before it may pass.
   */
  minimum: number;
  /**
   * When there was too little traffic to tell.
   */
  onInsufficient: 'hold' | 'promote' | 'abort';
  /**
   * When the analysis fails.
   */
  onFail: 'abort' | 'hold';
  keepWarm: Duration;
}
/**
 * One step: a weight, a shadow, or a pause.
 */
export interface Step {
  /**
   * Share of the traffic, in percent.
   */
  weight?: number;
  for?: Duration;
  shadow?: Duration;
  /**
   * Wait for /promote or /resume.
   */
  pause?: true;
}
/**
 * Tolerances against the stable arm.
 */
export interface Analysis {
  /**
   * Difference of error rates.
   */
  errors: number;
  /**
   * Ratio of median compute times.
   */
  latency: number;
  /**
   * Shift of the mean score, in the stable arm's standard deviations.
   */
  predictions?: number;
  /**
   * In shadow steps: share of decisions that differ from the stable arm's; for regression, mean distance of the scores in the stable arm's standard deviations.
   */
  disagreement: number;
  /**
   * Quality by labels that callers send back.
   */
  feedback?: {
    /**
     * accuracy, or mae for scores; others cannot be followed label by label, and are told as undecided.
     */
    metric: string;
    /**
     * How much worse is still fine.
     */
    margin: number;
  };
}
/**
 * How many processes serve the model.
 */
export interface Replicas {
  /**
   * At least this many; 0 lets the model sleep.
   */
  min: number;
  /**
   * At most this many.
   */
  max: number;
  /**
   * Requests in flight per replica.
   */
  target: number;
}
/**
 * When the model must be looked at again, and retrained.
 */
export interface Lifetime {
  reviewBy?: Date;
  /**
   * When it is trained again.
   */
  retrain?: {
    /**
     * Cron, five fields.
     */
    schedule?: string;
    /**
     * A workflow file of this repository.
     */
    workflow?: string;
  };
}
