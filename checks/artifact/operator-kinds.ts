import type { GraphFacts } from '../evidence/evidence.ts';

type Operator = GraphFacts['operators'][number];

/** Domains of operators that ONNX Runtime brings along. */
const KNOWN_DOMAINS = new Set([
  '',
  'ai.onnx.ml',
  'ai.onnx.preview.training',
  'ai.onnx.training',
  'com.microsoft',
  'com.microsoft.nchwc',
]);

/** A quantised operator whose scale is computed from the whole tensor at run time: a row's answer depends on its batch. */
const SCALED_BY_BATCH = new Set(['DynamicQuantizeLinear', 'DynamicQuantizeMatMul', 'DynamicQuantizeLSTM']);
const QUANTISED =
  /^(QLinear|DynamicQuantize|MatMulNBits|MatMulBnb4|QGemm|QAttention|QMoE|QOrdered|QEmbed)|^(De)?QuantizeLinear$|Integer/;
/** How often the body runs follows from values. */
const REPEATS = new Set(['Loop', 'Scan', 'SequenceMap']);

/** What kinds of operators a graph holds, each with how often. */
export interface OperatorKinds {
  /** Written `domain:Type`. */
  readonly custom: Counts;
  readonly quantised: Counts;
  readonly scaledByBatch: Counts;
  readonly loops: Counts;
  readonly branches: Counts;
}
export type Counts = Readonly<Record<string, number>>;

export function operatorKinds({ operators }: Pick<GraphFacts, 'operators'>): OperatorKinds {
  const known = (type: (name: string) => boolean) =>
    counted(operators.filter(({ domain, type: name }) => KNOWN_DOMAINS.has(domain) && type(name)));
  return {
    custom: counted(operators.filter(({ domain }) => !KNOWN_DOMAINS.has(domain))),
    quantised: known((name) => QUANTISED.test(name)),
    scaledByBatch: known((name) => SCALED_BY_BATCH.has(name)),
    loops: known((name) => REPEATS.has(name)),
    branches: known((name) => name === 'If'),
  };
}

function counted(operators: readonly Operator[]): Counts {
  return Object.fromEntries(
    operators.map(({ domain, type, count }) => [domain === '' ? type : `${domain}:${type}`, count]),
  );
}
