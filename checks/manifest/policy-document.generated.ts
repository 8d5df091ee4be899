// Generated from policy.schema.json by generate-types.ts; do not edit.

/**
 * A check.
 */
export type Check =
  | 'manifest'
  | 'artifact'
  | 'golden'
  | 'baseline'
  | 'replay'
  | 'reproducibility'
  | 'drift'
  | 'cohorts'
  | 'performance'
  | 'explanation'
  | 'compliance'
  | 'readiness';
export type Permission = string;
export type WeekTime = string;

/**
 * The repository's policy, .github/slipway.yml: read from the default branch, never from the proposal.
 */
export interface PolicyDocument {
  /**
   * Where manifests are: a glob, relative to the repository.
   */
  models: string;
  /**
   * https hosts and s3 buckets that may be fetched from. Private and link-local addresses never.
   */
  artifactHosts: string[];
  /**
   * Limits of one evaluation.
   */
  limits: {
    /**
     * Largest artifact, in megabytes.
     */
    artifactMb: number;
    /**
     * Largest data file, in megabytes.
     */
    dataMb: number;
    /**
     * Longest evaluation of one model, in minutes.
     */
    checkMinutes: number;
    /**
     * Memory of the process that runs a model, in megabytes.
     */
    memoryMb: number;
  };
  /**
   * Which checks decide, and how strictly.
   */
  checks: {
    /**
     * Checks whose failing findings block.
     */
    required: Check[];
    /**
     * Checks that are told and never decide.
     */
    advisory: Check[];
    /**
     * Defaults for every model, in the shape of a manifest; a manifest may tighten.
     */
    defaults: Readonly<Record<string, unknown>>;
    /**
     * Whether a protected column may be an input when the manifest says why.
     */
    protectedInputs: 'justified' | 'never';
    /**
     * What becomes of a cohort whose rows cannot decide.
     */
    undecidedCohorts: 'list' | 'block';
    /**
     * What becomes of a metric whose rows cannot decide.
     */
    undecidedBaseline: 'block' | 'list';
    /**
     * Whether authors and committers may waive findings of their own proposal.
     */
    selfWaive: boolean;
    /**
     * Which models need an impact matrix: none, those with protected or pii columns, or all.
     */
    impact: 'optional' | 'personal' | 'always';
    /**
     * namespace: refuse to run a model where the kernel refuses namespaces.
     */
    isolation: 'any' | 'namespace';
  };
  /**
   * Reviewers that a proposal needs, by impact severity.
   */
  approvals: {
    /**
     * For severity low.
     */
    low?: number;
    /**
     * For severity moderate.
     */
    moderate?: number;
    /**
     * For severity high.
     */
    high: number;
    /**
     * For severity critical.
     */
    critical: number;
  };
  /**
   * Who may say what: read, triage, write, maintain, admin, or a team.
   */
  permissions: {
    rollback: Permission;
    promote: Permission;
    pause: Permission;
    resume: Permission;
    abort: Permission;
    retry: Permission;
    waive: Permission;
    unwaive: Permission;
    sync: Permission;
    unhold: Permission;
    retrain: Permission;
    freeze: Permission;
    unfreeze: Permission;
    check: Permission;
    status: Permission;
    help: Permission;
    explain: Permission;
    compare: Permission;
    history: Permission;
  };
  /**
   * What becomes of the pull request that a rollback writes.
   */
  revert: 'merge' | 'auto-merge' | 'propose';
  /**
   * Windows in which no rollout moves on.
   *
   * Items: One window a week.
   */
  freeze: {
    from: WeekTime;
    to: WeekTime;
    /**
     * Time zone, such as Europe/Berlin.
     */
    zone: string;
  }[];
  /**
   * Fleets by name; `after` orders them, the last is production.
   */
  fleets: {
    [k: string]: Fleet;
  };
  /**
   * How long things are kept.
   */
  retention: {
    /**
     * Recorded predictions.
     */
    predictions: string;
  };
  /**
   * Whether a model is retired when its manifest is removed.
   */
  prune: boolean;
}
/**
 * One fleet.
 */
export interface Fleet {
  /**
   * What drives it.
   */
  driver: 'local' | 'kubernetes' | 'memory';
  /**
   * The fleet that comes before this one.
   */
  after?: string;
  /**
   * How long it must be healthy before the next fleet.
   */
  bake: string;
  /**
   * kubernetes: the namespace.
   */
  namespace?: string;
  /**
   * kubernetes: the context.
   */
  context?: string;
  /**
   * local: the daemon's admin address.
   */
  url?: string;
}
