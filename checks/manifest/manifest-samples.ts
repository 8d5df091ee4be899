/** The samples of docs/manifest.md, digests written out: what tests start from. */
export const smallestManifest = `apiVersion: slipway/v1
kind: Model
name: income
version: 2.0.0
artifact: { uri: model.onnx, sha256: 11ababababababababababababababababababababababababababababababab }
evaluation:
  data: { uri: evaluation.parquet, sha256: 22ababababababababababababababababababababababababababababababab }
  label: income
`;

export const fullManifest = `apiVersion: slipway/v1
kind: Model
name: income                       # ^[a-z][a-z0-9-]{0,39}$, unique in the repository, equal to its folder's name
version: 2.0.0                     # any label ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$; immutable: one version, one revision, for ever
description: Does this person earn more than 50,000 a year?
owners: ["@acme/credit-ml"]
labels: { domain: credit }

artifact:
  uri: model.onnx                  # relative to this manifest (blob or Git LFS), or https://, s3://, release://owner/repo/tag/file
  sha256: 12ababababababababababababababababababababababababababababababab
  files: [{ uri: model.onnx.data, sha256: 23ababababababababababababababababababababababababababababababab }]   # external weights, each with its digest
features:                          # optional: a second ONNX graph that runs first (raw record -> features), so that analysis
  uri: features.onnx               # and production run the very same feature code; its outputs feed the model's inputs by name
  sha256: 34ababababababababababababababababababababababababababababababab

inputs:                            # how one record (a table row, a JSON object) becomes the graph's input tensors;
                                   # left out: an input takes the column of its own name
  - { name: features, columns: [age, education-num, hours-per-week] }   # several columns packed into [N, 3], in this order
  - { name: workclass, column: workclass }                              # one column -> [N] or [N,1], as the graph declares
  - { name: image, column: pixels, shape: [3, 224, 224] }               # a list column, reshaped
columns:                           # what each column may hold; what a request may carry
  age: { type: number, min: 0, max: 120 }
  workclass: { type: category, values: [Private, State-gov], missing: 0.05 }   # at most 5 % missing
                                   # a column's type comes from here, else from the graph, Parquet, CSV
  sex: { type: category, values: [Male, Female], protected: true }             # a cohort by itself; as an input it blocks, unless
  race: { type: category, protected: true, input: justified, why: "…" }        # …justified here: then advisory, where the policy allows
  email: { type: text, pii: true }                                             # refused as an input
outputs:
  task: binary                     # binary | multiclass | regression
  score: { output: probabilities, index: 1 }   # where the score sits; inferred when there is one candidate
  classes: [0, 1]
  threshold: 0.5                   # binary: score >= threshold is the positive class
serving: { maxBatch: 64, strictInputs: false }   # maxBatch 1 for a graph whose answers depend on what it is batched with

evaluation:
  data: { uri: evaluation.parquet, sha256: 45ababababababababababababababababababababababababababababababab }    # Parquet or CSV
  label: income
  key: person_id                   # optional: rows of one key are resampled together
  time: recorded_at                # optional: orders the rows
  metrics:                         # direction follows from the name
    - { name: roc_auc, min: 0.88, margin: 0.005, cohortMargin: 0.02, claimed: 0.9259 }   # absolute floor; how much worse than
                                                      # the baseline is still fine, overall and in each cohort (default: four times
                                                      # margin); what the proposer measured, recomputed here
    - { name: log_loss, max: 0.35, margin: 0.01 }
  cohorts: [sex, race, { column: age, bins: [25, 45, 65] }]
  cohortGap: { true_positive_rate: 0.10 }             # largest difference between cohorts
  goldens: goldens.jsonl           # {"record": {…}, "expect": {"score": 0.83, "class": 1}, "tolerance": 1e-4, "why": "…"} a line
  corners: true                    # also try missing values, the edges of each column's range, unseen categories, empty batch
baseline: production               # production | { version: 1.0.0 } | simple (majority class, mean, logistic regression);
                                   # production is the stable arm of the policy's last fleet; a first version is compared with simple

breaking: Callers moved to the new field names on 2026-10-01   # optional: says that callers know of a changed contract

reproducibility:
  tolerance: { relative: 1e-3, absolute: 1e-5 }       # of outputs between runs, and of claimed metrics
  training:
    commit: 9f2c0b1                  # of the training code
    repository: acme/income-training
    command: python train.py --seed 7
    lockfile: { uri: requirements.lock, sha256: 56ababababababababababababababababababababababababababababababab }
    data: [{ uri: s3://lake/income/2026-10.parquet, sha256: 67ababababababababababababababababababababababababababababababab }]
    seed: 7
    retrain: on-demand             # never | on-demand | always: run the command in the repository's own Actions and compare

drift:
  reference: { uri: training-sample.parquet, sha256: 78ababababababababababababababababababababababababababababababab }
  window: 7d                       # recorded production traffic
  alpha: 0.01                      # false-alarm rate per check run, after correction over columns (0.01 everywhere by default)
  effect: { psi: 0.1 }             # smallest shift that matters, whatever its significance

performance: { p99Ms: 5, memoryMb: 256, loadMs: 5000, slowdown: 1.25 }   # slowdown: against the baseline, same run
explanation: { background: 100, stable: 0.9 }
impact:                            # the impact matrix: who can be harmed, how, and what is done about it
  decision: automated-with-review
  affected: applicants
  severity: moderate               # low | moderate | high | critical
  reversible: true
  personalData: [age, sex]
  lawfulBasis: contract
  retention: 90d
  mitigations: [human review of every refusal]
attest:                            # what no machine can check, by test id of the rubric, each with a link and a date
  - { test: Model 3, evidence: https://…, by: "@ana", on: 2026-11-01 }

rollout:
  strategy: canary                 # canary | blue-green | ab-test | shadow
  steps: [{ shadow: 10m }, { weight: 5, for: 10m }, { weight: 25, for: 30m }, { pause: true }, { weight: 50, for: 30m }]
  sticky: { header: x-user-id }    # or { column: person_id }
  analysis: { errors: 0.01, latency: 1.2, predictions: 0.05, feedback: { metric: accuracy, margin: 0.01 } }
  minimum: 200                     # requests a step must have seen before it may pass
  onInsufficient: hold             # hold | promote | abort
  onFail: abort                    # abort | hold
  keepWarm: 24h                    # the old version stays loaded this long for an instant rollback
replicas: { min: 1, max: 4, target: 4 }   # target: requests in flight per replica
lifetime: { reviewBy: 2027-03-01, retrain: { schedule: "0 3 * * 1", workflow: retrain.yml } }
`;

export const samplePolicy = `models: models/*/model.yaml
artifactHosts: [models.acme.example]        # https/s3 hosts that may be fetched; private and link-local addresses never
limits: { artifactMb: 2048, dataMb: 2048, checkMinutes: 20 }
checks:
  required: [manifest, artifact, golden, baseline, reproducibility, drift, cohorts, performance, compliance]
  advisory: [replay, explanation, readiness]
  defaults: { drift: { alpha: 0.01 } }      # same shape as in a manifest; a manifest may tighten
  protectedInputs: justified                # justified | never
  undecidedCohorts: list                    # list | block: see checks.md
  undecidedBaseline: block                  # block | list
  selfWaive: false
approvals: { high: 2, critical: 2 }         # reviewers by impact severity
permissions:                                # who may say what; a GitHub permission or a team
  rollback: write
  waive: "@acme/ml-leads"
  promote: write
revert: auto-merge                          # merge | auto-merge | propose: what becomes of the pull request a rollback writes
freeze: [{ from: "Fri 16:00", to: "Mon 08:00", zone: Europe/Berlin }]
fleets:
  staging:    { driver: local }
  production: { driver: kubernetes, namespace: models, after: staging, bake: 1h }
retention: { predictions: 30d }
`;
