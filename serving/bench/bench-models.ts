import { seededRandom } from '../../checks/stats/seeded-random.ts';
import {
  type Attribute,
  type Graph,
  type GraphNode,
  type GraphValue,
  type Initializer,
  ML_DOMAIN,
  onnxModel,
} from './onnx-writer.ts';

/**
 * The four models that `npm run bench` serves: shapes that people serve, with weights that a seed decides. They know nothing; what they cost is what
 * a trained model of that shape costs, and their answers differ from request to request, so that a mixed-up answer shows.
 */
export interface BenchModel {
  readonly name: string;
  /** What it is, in the words of the report. */
  readonly says: string;
  readonly input: { readonly name: string; readonly datatype: 'FP32' | 'INT64'; readonly shape: readonly number[] };
  readonly output: { readonly name: string; readonly size: number };
  /** How many different requests are made of it; a large input is sent in few. */
  readonly requests: number;
  readonly bytes: () => Uint8Array;
}

const ROWS = 'N';

/** A multilayer perceptron, 30 numbers through two hidden layers of 64 to two probabilities. */
const mlp: BenchModel = {
  name: 'mlp',
  says: 'MLP 30-64-64-2',
  input: { name: 'features', datatype: 'FP32', shape: [30] },
  output: { name: 'probabilities', size: 2 },
  requests: 64,
  bytes: () => {
    const layers = layersOf(11);
    const hidden = layers.dense('features', 30, 64, 'Relu');
    layers.rename(layers.node('Softmax', [layers.dense(layers.dense(hidden, 64, 64, 'Relu'), 64, 2)]), 'probabilities');
    return layers.model('mlp', mlp);
  },
};

const TREES = 100;
const DEPTH = 6;

/** A hundred full trees of depth 6 over 30 numbers; the sum of the leaves through the logistic function. */
const trees: BenchModel = {
  name: 'trees',
  says: `${TREES} trees of depth ${DEPTH}`,
  input: { name: 'features', datatype: 'FP32', shape: [30] },
  output: { name: 'score', size: 1 },
  requests: 64,
  bytes: () => {
    const layers = layersOf(12);
    layers.rename(
      layers.node('Sigmoid', [layers.node('TreeEnsembleRegressor', ['features'], forest(), ML_DOMAIN)]),
      'score',
    );
    return layers.model('trees', trees);
  },
};

/** The convolutions of ResNet-18 with their normalisation folded in: 1.8 billion multiplications, 224 × 224 pixels in three colours. */
const cnn: BenchModel = {
  name: 'cnn',
  says: 'ResNet-18, 3 × 224 × 224',
  input: { name: 'image', datatype: 'FP32', shape: [3, 224, 224] },
  output: { name: 'probabilities', size: 10 },
  requests: 4,
  bytes: () => {
    const layers = layersOf(13);
    const pooling = { kernel_shape: ints(3, 3), strides: ints(2, 2), pads: ints(1, 1, 1, 1) };
    let at = layers.node('MaxPool', [layers.convolution('image', [3, 64], 7, 2, 'Relu')], pooling);
    let channels = 64;
    for (const wide of [64, 64, 128, 128, 256, 256, 512, 512]) {
      const stride = wide === channels ? 1 : 2;
      const inner = layers.convolution(at, [channels, wide], 3, stride, 'Relu');
      const outer = layers.convolution(inner, [wide, wide], 3, 1);
      const around = stride === 1 ? at : layers.convolution(at, [channels, wide], 1, stride);
      at = layers.node('Relu', [layers.node('Add', [outer, around])]);
      channels = wide;
    }
    const pooled = layers.node('Flatten', [layers.node('GlobalAveragePool', [at])]);
    layers.rename(layers.node('Softmax', [layers.dense(pooled, channels, 10)]), 'probabilities');
    return layers.model('cnn', cnn);
  },
};

const WIDTH = 256;
const SEQUENCE = 64;
const VOCABULARY = 1000;
const HEADS = 4;
const LAYERS = 4;

/** A transformer encoder over 64 tokens: 4 layers of width 256 with 4 heads; the mean of the last layer to two probabilities. */
const encoder: BenchModel = {
  name: 'encoder',
  says: `encoder, ${LAYERS} layers, width ${WIDTH}, ${SEQUENCE} tokens`,
  input: { name: 'tokens', datatype: 'INT64', shape: [SEQUENCE] },
  output: { name: 'probabilities', size: 2 },
  requests: 32,
  bytes: () => {
    const layers = layersOf(14);
    const embedding = layers.weights([VOCABULARY, WIDTH], 1);
    const position = layers.weights([SEQUENCE, WIDTH], 1);
    let at = layers.node('Add', [layers.node('Gather', [embedding, 'tokens']), position]);
    for (let layer = 0; layer < LAYERS; layer++) {
      at = layers.node('Add', [at, attention(layers, layers.normalised(at, WIDTH))]);
      const wide = layers.dense(layers.normalised(at, WIDTH), WIDTH, 4 * WIDTH, 'Relu');
      at = layers.node('Add', [at, layers.dense(wide, 4 * WIDTH, WIDTH)]);
    }
    const mean = layers.node('ReduceMean', [layers.normalised(at, WIDTH)], { axes: ints(1), keepdims: int(0) });
    layers.rename(layers.node('Softmax', [layers.dense(mean, WIDTH, 2)]), 'probabilities');
    return layers.model('encoder', encoder);
  },
};

export const benchModels = { mlp, trees, cnn, encoder } as const satisfies Record<string, BenchModel>;
export type BenchModelName = keyof typeof benchModels;

type Layers = ReturnType<typeof layersOf>;

function attention(layers: Layers, at: string): string {
  const size = WIDTH / HEADS;
  const shape = layers.constant([0, SEQUENCE, HEADS, size]);
  const heads = (order: readonly number[]): string =>
    layers.node('Transpose', [layers.node('Reshape', [layers.dense(at, WIDTH, WIDTH), shape])], {
      perm: ints(...order),
    });
  const [queries, keys, values] = [heads([0, 2, 1, 3]), heads([0, 2, 3, 1]), heads([0, 2, 1, 3])];
  const scaled = layers.node('Mul', [layers.node('MatMul', [queries, keys]), layers.scalar(1 / Math.sqrt(size))]);
  const mixed = layers.node('MatMul', [layers.node('Softmax', [scaled]), values]);
  const back = layers.node('Transpose', [mixed], { perm: ints(0, 2, 1, 3) });
  return layers.dense(layers.node('Reshape', [back, layers.constant([0, SEQUENCE, WIDTH])]), WIDTH, WIDTH);
}

/** Grows a graph from its input to its output; each step gives the name of what it computes. */
function layersOf(seed: number) {
  const random = seededRandom(seed);
  const nodes: GraphNode[] = [];
  const initializers: Initializer[] = [];
  let names = 0;
  const initializer = (shape: readonly number[], data: Initializer['data']): string => {
    const name = `w${initializers.length}`;
    initializers.push({ name, shape, data });
    return name;
  };
  /** Uniform weights, of a variance that keeps what flows through the graph of one size. */
  const weights = (shape: readonly number[], inputs: number): string => {
    const reach = Math.sqrt(3 / inputs);
    const size = shape.reduce((product, each) => product * each, 1);
    return initializer(
      shape,
      Float32Array.from({ length: size }, () => reach * (2 * random.uniform() - 1)),
    );
  };
  const node = (
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain?: string,
  ): string => {
    const output = `t${names++}`;
    nodes.push({ type, inputs, outputs: [output], attributes, ...(domain === undefined ? {} : { domain }) });
    return output;
  };
  const activated = (name: string, activation: 'Relu' | undefined): string =>
    activation === undefined ? name : node(activation, [name]);
  return {
    node,
    weights,
    scalar: (value: number): string => initializer([], Float32Array.of(value)),
    constant: (values: readonly number[]): string => initializer([values.length], BigInt64Array.from(values, BigInt)),
    dense(at: string, from: number, to: number, activation?: 'Relu'): string {
      const product = node('MatMul', [at, weights([from, to], from)]);
      return activated(node('Add', [product, weights([to], from)]), activation);
    },
    convolution(
      at: string,
      [from, to]: readonly [number, number],
      size: number,
      stride: number,
      activation?: 'Relu',
    ): string {
      const pad = size >> 1;
      const attributes = {
        kernel_shape: ints(size, size),
        strides: ints(stride, stride),
        pads: ints(pad, pad, pad, pad),
      };
      const fan = from * size * size;
      const out = node('Conv', [at, weights([to, from, size, size], fan), weights([to], fan)], attributes);
      return activated(out, activation);
    },
    normalised(at: string, width: number): string {
      const scale = initializer([width], new Float32Array(width).fill(1));
      return node('LayerNormalization', [at, scale, initializer([width], new Float32Array(width))], { axis: int(-1) });
    },
    /** Names the last step's result. */
    rename(name: string, to: string): void {
      const at = nodes.findIndex(({ outputs }) => outputs[0] === name);
      const found = nodes[at];
      if (found !== undefined) nodes[at] = { ...found, outputs: [to] };
    },
    model(name: string, { input, output }: BenchModel): Uint8Array {
      const inputs: readonly GraphValue[] = [{ ...input, shape: [ROWS, ...input.shape] }];
      const outputs: readonly GraphValue[] = [{ name: output.name, datatype: 'FP32', shape: [ROWS, output.size] }];
      const graph: Graph = { name, inputs, outputs, nodes, initializers };
      return onnxModel(graph);
    },
  };
}

/** Attributes of a TreeEnsembleRegressor: node k of a full tree has the children 2k + 1 and 2k + 2. */
function forest(): Readonly<Record<string, Attribute>> {
  const random = seededRandom(15);
  const branches = 2 ** DEPTH - 1;
  const nodes = Array.from({ length: TREES }, (_, tree) =>
    Array.from({ length: 2 * branches + 1 }, (__, id) => ({
      tree,
      id,
      leaf: id >= branches,
      feature: random.index(30),
      // Inputs are uniform from -1 to 1, and so both children are reached.
      threshold: random.uniform() - 0.5,
      weight: 0.2 * (random.uniform() - 0.5),
    })),
  ).flat();
  const leaves = nodes.filter(({ leaf }) => leaf);
  const of = (pick: (node: (typeof nodes)[number]) => number): Attribute => ints(...nodes.map(pick));
  return {
    n_targets: int(1),
    nodes_treeids: of(({ tree }) => tree),
    nodes_nodeids: of(({ id }) => id),
    nodes_featureids: of(({ leaf, feature }) => (leaf ? 0 : feature)),
    nodes_modes: { kind: 'texts', values: nodes.map(({ leaf }) => (leaf ? 'LEAF' : 'BRANCH_LEQ')) },
    nodes_values: { kind: 'floats', values: nodes.map(({ leaf, threshold }) => (leaf ? 0 : threshold)) },
    nodes_truenodeids: of(({ leaf, id }) => (leaf ? 0 : 2 * id + 1)),
    nodes_falsenodeids: of(({ leaf, id }) => (leaf ? 0 : 2 * id + 2)),
    target_treeids: ints(...leaves.map(({ tree }) => tree)),
    target_nodeids: ints(...leaves.map(({ id }) => id)),
    target_ids: ints(...leaves.map(() => 0)),
    target_weights: { kind: 'floats', values: leaves.map(({ weight }) => weight) },
  };
}

function int(value: number): Attribute {
  return { kind: 'int', value };
}

function ints(...values: readonly number[]): Attribute {
  return { kind: 'ints', values };
}
