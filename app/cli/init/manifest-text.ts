import type { InputMapping, OutputMapping } from '../../../serving/model/specification.ts';
import { defaultMarginText, type ProposedMetric } from './propose-metrics.ts';

/** Everything that the written manifest says. */
export interface ManifestFacts {
  readonly name: string;
  readonly version: string;
  readonly artifact: Reference & { readonly files: readonly Reference[] };
  readonly inputs: readonly InputMapping[];
  readonly outputs: OutputMapping;
  readonly data: Reference;
  readonly label: string;
  readonly metrics: readonly ProposedMetric[];
  /** Columns that may be protected by their names, and what the data hold of them. */
  readonly protectedCandidates: readonly { readonly name: string; readonly found: string; readonly isInput: boolean }[];
  readonly rows: number;
  /** Columns whose rows may belong together, by their names. */
  readonly keyCandidates: readonly string[];
}
interface Reference {
  readonly uri: string;
  readonly sha256: string;
}

/** The manifest as YAML with comments: what was found stands there, what a person must decide stands there as a comment. */
export function manifestText(facts: ManifestFacts): string {
  const { artifact, data } = facts;
  const weights =
    artifact.files.length === 0 ? [] : ['  files:', ...artifact.files.map((file) => `    - ${reference(file)}`)];
  const lines = [
    '# Written by slipway init. Every field and its default: docs/manifest.md',
    'apiVersion: slipway/v1',
    'kind: Model',
    `name: ${facts.name}`,
    `version: ${scalar(facts.version)}`,
    '# description: What does it answer, about whom?',
    '# owners: ["@acme/credit-ml"]',
    'artifact:',
    `  uri: ${scalar(artifact.uri)}`,
    `  sha256: ${artifact.sha256}`,
    ...weights,
    ...inputLines(facts.inputs),
    ...columnLines(facts),
    ...outputLines(facts.outputs),
    'evaluation:',
    `  data: ${reference(data)}`,
    `  label: ${scalar(facts.label)}`,
    `  # key: ${scalar(facts.keyCandidates[0] ?? 'person_id')}   # rows of one key are resampled together`,
    ...metricLines(facts.metrics),
    '  # cohorts: [region, { column: age, bins: [25, 45, 65] }]',
    '  # goldens: goldens.jsonl   # {"record": {…}, "expect": {"score": 0.83}, "why": "…"} a line',
    '# drift:',
    '#   reference: { uri: training-sample.parquet, sha256: … }   # what production is compared with until it has recorded rows of its own',
    '# impact: { decision: automated-with-review, affected: applicants, severity: moderate }',
    '# rollout: { strategy: canary }   # the default: 5, 25, 50 %, ten minutes each',
  ];
  return `${lines.join('\n')}\n`;
}

function inputLines(inputs: readonly InputMapping[]): readonly string[] {
  if (inputs.length === 0) return ['# inputs: each input of the graph takes the column of its own name'];
  const lines = inputs.map(({ name, columns, shape }) => {
    const [only] = columns;
    const which = columns.length === 1 && only !== undefined ? `column: ${scalar(only)}` : `columns: ${list(columns)}`;
    return `  - { name: ${scalar(name)}, ${which}${shape === undefined ? '' : `, shape: ${list(shape)}`} }`;
  });
  return ['inputs:', ...lines];
}

function columnLines({ protectedCandidates }: ManifestFacts): readonly string[] {
  if (protectedCandidates.length === 0)
    return [
      '# columns: { sex: { protected: true }, email: { pii: true } }   # a protected column is a cohort by itself',
    ];
  return [
    '# columns:   # protected by their names? Uncomment those that are: each is a cohort by itself',
    ...protectedCandidates.map(({ name, found, isInput }) => {
      const justified = isInput ? ', input: justified, why: "…"' : '';
      return `#   ${scalar(name)}: { protected: true${justified} }   # ${found}${isInput ? '; it is an input: as a protected one it blocks until it is justified' : ''}`;
    }),
  ];
}

function outputLines({ task, score, classes, threshold }: OutputMapping): readonly string[] {
  return [
    'outputs:',
    ...(task === undefined ? [] : [`  task: ${task}`]),
    ...(score === undefined
      ? []
      : [`  score: { output: ${scalar(score.output)}${score.index === undefined ? '' : `, index: ${score.index}`} }`]),
    ...(classes === undefined
      ? []
      : [`  classes: ${list(classes)}${task === 'binary' ? '   # the second is the positive one' : ''}`]),
    ...(threshold === undefined ? [] : [`  threshold: ${threshold}   # score >= threshold is the positive class`]),
  ];
}

function metricLines(metrics: readonly ProposedMetric[]): readonly string[] {
  if (metrics.length === 0) return [];
  const lines = metrics.flatMap(({ name, direction, floor, margin, claimed, standardError }) => {
    const bound = direction === 'higher' ? `min: ${floor}` : `max: ${floor}`;
    const why =
      margin === undefined || standardError === undefined
        ? []
        : [
            `    # margin: about the smallest that these rows can decide (standard error ${standardError.toPrecision(2)}); the default is ${defaultMarginText(name)}`,
          ];
    return [
      ...why,
      `    - { name: ${name}, ${bound}${margin === undefined ? '' : `, margin: ${margin}`}, claimed: ${claimed} }`,
    ];
  });
  return ['  metrics:   # claimed: as measured by init; min and max: four margins from there', ...lines];
}

function reference({ uri, sha256 }: Reference): string {
  return `{ uri: ${scalar(uri)}, sha256: ${sha256} }`;
}

function list(values: readonly (string | number)[]): string {
  return `[${values.map((value) => (typeof value === 'number' ? String(value) : scalar(value))).join(', ')}]`;
}

/** Words that YAML 1.1 or 1.2 readers take for something else than text. */
const reserved = /^(true|false|null|yes|no|on|off|y|n|~)$/i;

/** A text as YAML: plain where every reader agrees on it, else in double quotes as JSON writes it. */
export function scalar(text: string): string {
  return /^[A-Za-z_][\w./-]*$/.test(text) && !reserved.test(text)
    ? text
    : isVersion(text)
      ? text
      : JSON.stringify(text);
}

/** `1.0.0` is text to every reader; `1.0` is a number and is quoted. */
function isVersion(text: string): boolean {
  return /^\d+\.\d+\.\d+$/.test(text);
}
