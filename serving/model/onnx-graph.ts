import { bytesOf, countOf, entryOf, inside, textOf, varintOf } from './onnx-fields.ts';
import { type OnnxNode, randomWhy, trainingModeOf } from './onnx-node.ts';
import { type OutputFacts, outputOf } from './onnx-output.ts';
import { floatAt, readTensor } from './onnx-tensor.ts';
import { type Field, fieldsOf, WireError } from './wire.ts';

/** What an ONNX file says about itself, read without ONNX Runtime. */
export interface GraphFacts {
  readonly irVersion: number;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  readonly producer: string;
  /** Every node's operator with how often it occurs, subgraphs and functions included; `domain` empty for ai.onnx. */
  readonly operators: readonly { readonly domain: string; readonly type: string; readonly count: number }[];
  /** Graphs inside of nodes (If, Loop, Scan), at every depth, and functions that the file brings along. */
  readonly subgraphs: number;
  readonly functions: number;
  /** Elements of all initializers and constants. */
  readonly parameters: number;
  /** Nodes of decision trees, which lie in attributes. */
  readonly treeNodes: number;
  /** Locations of external data as the file writes them. */
  readonly externalData: readonly string[];
  /** Nodes that draw random numbers (Random*, Multinomial, Bernoulli), or Dropout in training mode. */
  readonly random: readonly { readonly type: string; readonly node: string; readonly why: string }[];
  /** Nodes in training mode, and (`certain` false) those whose mode only a run can tell. An optimiser may remove them; the file says them all the same. */
  readonly training: readonly {
    readonly type: string;
    readonly node: string;
    readonly why: string;
    readonly certain: boolean;
  }[];
  readonly outputs: readonly OutputFacts[];
  readonly metadata: Readonly<Record<string, string>>;
}

export type GraphRead =
  | { readonly kind: 'graph'; readonly facts: GraphFacts }
  | { readonly kind: 'refused'; readonly reason: string };

/** Reads an ONNX file's structure: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto gives the field numbers. */
export function readOnnxGraph(bytes: Uint8Array): GraphRead {
  if (bytes.length === 0) return { kind: 'refused', reason: 'the file is empty (0 bytes)' };
  if (startsWith(bytes, 'version https://git-lfs'))
    return { kind: 'refused', reason: 'this is a Git LFS pointer, not the model it points to' };
  try {
    return factsOf(bytes);
  } catch (error) {
    if (error instanceof WireError) return { kind: 'refused', reason: `not a readable ONNX model: ${error.message}` };
    throw error;
  }
}

/** A model and the graph of features before it, as one: both run for a request. Format, opsets and outputs are the model's. */
export function togetherOf(model: GraphFacts, features: GraphFacts): GraphFacts {
  const operators = Map.groupBy(
    [...model.operators, ...features.operators],
    ({ domain, type }) => `${domain}\u0000${type}`,
  );
  return {
    ...model,
    operators: [...operators.values()].flatMap(([first, second]) =>
      first === undefined ? [] : [{ ...first, count: first.count + (second?.count ?? 0) }],
    ),
    subgraphs: model.subgraphs + features.subgraphs,
    functions: model.functions + features.functions,
    parameters: model.parameters + features.parameters,
    treeNodes: model.treeNodes + features.treeNodes,
    externalData: [...model.externalData, ...features.externalData],
    random: [...model.random, ...features.random],
    training: [...model.training, ...features.training],
  };
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes.subarray(0, text.length)).toString('latin1') === text;
}

/** Subgraphs (If, Loop, Scan) lie in attributes of nodes; real models nest a handful. */
const DEEPEST_NESTING = 64;

interface Facts {
  readonly operators: Map<string, { domain: string; type: string; count: number }>;
  readonly externalData: Set<string>;
  readonly random: GraphFacts['random'][number][];
  readonly training: GraphFacts['training'][number][];
  subgraphs: number;
  parameters: number;
  treeNodes: number;
}

/** The values of constants that hold one boolean or float, by name; looked up from inner graphs outwards. */
interface Scope {
  readonly constants: Map<string, number>;
  readonly opsets: ReadonlyMap<string, number>;
  readonly outer?: Scope;
}

type Opsets = GraphFacts['opsets'];

function factsOf(bytes: Uint8Array): GraphRead {
  const facts: Facts = {
    operators: new Map(),
    externalData: new Set(),
    random: [],
    training: [],
    subgraphs: 0,
    parameters: 0,
    treeNodes: 0,
  };
  const opsets: Opsets[number][] = [];
  const metadata: Record<string, string> = {};
  let irVersion = 0;
  let producer = ['', ''];
  const graphs: Field[] = [];
  const functions: Field[] = [];
  for (const field of fieldsOf(bytes, 0, bytes.length)) {
    switch (field.number) {
      case 1:
        irVersion = varintOf(field, 'the IR version');
        break;
      case 2:
        producer = [textOf(bytes, field, 'the producer'), producer[1] ?? ''];
        break;
      case 3:
        producer = [producer[0] ?? '', textOf(bytes, field, "the producer's version")];
        break;
      case 7:
        graphs.push(bytesOf(field, 'a graph'));
        break;
      case 8:
        opsets.push(opsetOf(bytes, field));
        break;
      case 14: {
        const [key, value] = entryOf(bytes, field);
        metadata[key] = value;
        break;
      }
      case 25:
        functions.push(bytesOf(field, 'a function'));
        break;
    }
  }
  if (graphs.length === 0 || irVersion === 0)
    return { kind: 'refused', reason: 'not an ONNX model: the file holds no graph' };
  // What a node means depends on the opset, which stands behind the graph.
  const outputs = readGraph(bytes, graphs, facts, scopeOf(opsets), 0);
  for (const each of functions) readFunction(bytes, each, facts, opsets);
  return {
    kind: 'graph',
    facts: {
      irVersion,
      opsets,
      producer: producer.filter((part) => part !== '').join(' '),
      operators: [...facts.operators.values()].toSorted((a, b) => b.count - a.count || (a.type < b.type ? -1 : 1)),
      subgraphs: facts.subgraphs,
      functions: functions.length,
      parameters: facts.parameters,
      treeNodes: facts.treeNodes,
      externalData: [...facts.externalData],
      random: facts.random,
      training: facts.training,
      outputs,
      metadata,
    },
  };
}

function scopeOf(opsets: Opsets, outer?: Scope): Scope {
  return {
    constants: new Map(),
    opsets: new Map(opsets.map(({ domain, version }) => [domain, version])),
    ...(outer === undefined ? {} : { outer }),
  };
}

function opsetOf(bytes: Uint8Array, message: Field): { domain: string; version: number } {
  let domain = '';
  let version = 0;
  for (const field of inside(bytes, message, 'an operator set')) {
    if (field.number === 1) domain = textOf(bytes, field, 'a domain');
    if (field.number === 2) version = varintOf(field, 'a version');
  }
  return { domain: domain === 'ai.onnx' ? '' : domain, version };
}

/** Protobuf merges a message that comes several times, and so does the runtime: a graph may lie in parts, and no part may hide. */
function readGraph(
  bytes: Uint8Array,
  parts: readonly Field[],
  facts: Facts,
  scope: Scope,
  depth: number,
): readonly OutputFacts[] {
  if (depth > DEEPEST_NESTING) throw new WireError(`graphs are nested deeper than ${DEEPEST_NESTING}`);
  const outputs: OutputFacts[] = [];
  const nodes: Field[] = [];
  for (const part of parts)
    for (const field of inside(bytes, part, 'a graph')) {
      if (field.number === 1) nodes.push(bytesOf(field, 'a node'));
      else if (field.number === 5) {
        const tensor = noteTensor(bytes, field, facts);
        if (tensor.scalar !== undefined) scope.constants.set(tensor.name, tensor.scalar);
      } else if (field.number === 12) outputs.push(outputOf(bytes, field));
      else if (field.number === 15) noteSparse(bytes, field, facts);
    }
  for (const node of nodes) readNode(bytes, node, facts, scope, depth);
  return outputs;
}

function readFunction(bytes: Uint8Array, message: Field, facts: Facts, opsets: Opsets): void {
  const own: Opsets[number][] = [];
  const nodes: Field[] = [];
  for (const field of inside(bytes, message, 'a function')) {
    if (field.number === 7) nodes.push(bytesOf(field, 'a node'));
    else if (field.number === 9) own.push(opsetOf(bytes, field));
  }
  const scope = scopeOf([...opsets, ...own]);
  for (const node of nodes) readNode(bytes, node, facts, scope, 0);
}

function readNode(bytes: Uint8Array, message: Field, facts: Facts, scope: Scope, depth: number): void {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, number>();
  let name = '';
  let type = '';
  let domain = '';
  let constant: number | undefined;
  for (const field of inside(bytes, message, 'a node')) {
    if (field.number === 1) inputs.push(textOf(bytes, field, "a node's input"));
    else if (field.number === 2) outputs.push(textOf(bytes, field, "a node's output"));
    else if (field.number === 3) name = textOf(bytes, field, "a node's name");
    else if (field.number === 4) type = textOf(bytes, field, "a node's operator");
    else if (field.number === 7) domain = textOf(bytes, field, "a node's domain");
    else if (field.number === 5) {
      const attribute = readAttribute(bytes, field, facts, scope, depth);
      if (attribute.value !== undefined) attributes.set(attribute.name, attribute.value);
      // `Constant` says its value as a tensor, or since opset 12 as a single float.
      if (attribute.name === 'value') constant = attribute.scalar;
      if (attribute.name === 'value_float') constant = attribute.value;
      if (attribute.name === 'nodes_treeids') facts.treeNodes += attribute.count;
    }
  }
  if (domain === 'ai.onnx') domain = '';
  const [output] = outputs;
  if (output !== undefined) {
    if (type === 'Constant' && constant !== undefined) scope.constants.set(output, constant);
    const passed = type === 'Identity' ? constantOf(scope, inputs[0]) : undefined;
    if (passed !== undefined) scope.constants.set(output, passed);
  }
  noteNode(facts, {
    type,
    domain,
    name: name === '' ? (output ?? '') : name,
    inputs,
    outputs: outputs.filter((each) => each !== '').length,
    attributes,
    opset: opsetIn(scope, domain),
    constant: (input) => constantOf(scope, inputs[input]),
  });
}

/** A file that imports no opset for a domain is refused by the runtime; its nodes are then read by the newest rules. */
function opsetIn(scope: Scope, domain: string): number {
  return scope.opsets.get(domain) ?? Infinity;
}

function constantOf(scope: Scope, name: string | undefined): number | undefined {
  if (name === undefined || name === '') return undefined;
  return scope.constants.get(name) ?? (scope.outer === undefined ? undefined : constantOf(scope.outer, name));
}

function noteNode(facts: Facts, node: OnnxNode): void {
  const { domain, type } = node;
  const key = `${domain}\u0000${type}`;
  const seen = facts.operators.get(key);
  if (seen === undefined) facts.operators.set(key, { domain, type, count: 1 });
  else seen.count += 1;
  const told = { type, node: node.name };
  const why = randomWhy(node);
  if (why !== undefined) facts.random.push({ ...told, why });
  const mode = trainingModeOf(node);
  if (mode === undefined) return;
  facts.training.push({ ...told, why: mode.why, certain: mode.certain });
  if (mode.random) facts.random.push({ ...told, why: mode.why });
}

interface Attribute {
  readonly name: string;
  /** Of an integer or a float. */
  readonly value?: number;
  /** Of a tensor that holds one boolean or float. */
  readonly scalar?: number;
  /** Integers of a list. */
  readonly count: number;
}

function readAttribute(bytes: Uint8Array, message: Field, facts: Facts, scope: Scope, depth: number): Attribute {
  let name = '';
  let value: number | undefined;
  let scalar: number | undefined;
  let count = 0;
  const parts: Field[] = [];
  const readInner = (fields: readonly Field[]): void => {
    facts.subgraphs += 1;
    readGraph(bytes, fields, facts, { constants: new Map(), opsets: scope.opsets, outer: scope }, depth + 1);
  };
  for (const field of inside(bytes, message, 'an attribute')) {
    if (field.number === 1) name = textOf(bytes, field, "an attribute's name");
    else if (field.number === 2 && field.wire === 'fixed32') value = floatAt(bytes, field.start);
    else if (field.number === 3) value = varintOf(field, "an attribute's integer");
    else if (field.number === 5 || field.number === 10) scalar = noteTensor(bytes, field, facts).scalar;
    else if (field.number === 8) count += countOf(bytes, field);
    else if (field.number === 6) parts.push(field);
    else if (field.number === 11) readInner([field]);
    else if (field.number === 22 || field.number === 23) noteSparse(bytes, field, facts);
  }
  if (parts.length > 0) readInner(parts);
  return { name, count, ...(value === undefined ? {} : { value }), ...(scalar === undefined ? {} : { scalar }) };
}

function noteTensor(bytes: Uint8Array, field: Field, facts: Facts): ReturnType<typeof readTensor> {
  const tensor = readTensor(bytes, field);
  facts.parameters += tensor.elements;
  for (const location of tensor.locations) facts.externalData.add(location);
  return tensor;
}

function noteSparse(bytes: Uint8Array, field: Field, facts: Facts): void {
  for (const part of inside(bytes, field, 'a sparse tensor'))
    if (part.number === 1 || part.number === 2) noteTensor(bytes, part, facts);
}
