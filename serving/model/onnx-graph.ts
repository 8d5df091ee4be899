import { type Field, fieldsOf, WireError } from './wire.ts';

/** What an ONNX file says about itself, read without ONNX Runtime. */
export interface GraphFacts {
  readonly irVersion: number;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  readonly producer: string;
  /** Every node's operator with how often it occurs, subgraphs and functions included; `domain` empty for ai.onnx. */
  readonly operators: readonly { readonly domain: string; readonly type: string; readonly count: number }[];
  /** Locations of external data as the file writes them. */
  readonly externalData: readonly string[];
  /** Nodes that draw random numbers (Random*, Multinomial, Bernoulli), or Dropout in training mode. */
  readonly random: readonly { readonly type: string; readonly node: string; readonly why: string }[];
  readonly outputs: readonly {
    readonly name: string;
    readonly kind: 'tensor' | 'sequence' | 'map' | 'optional' | 'sparse';
    readonly elementType: string;
  }[];
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

function startsWith(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes.subarray(0, text.length)).toString('latin1') === text;
}

/** Subgraphs (If, Loop, Scan) lie in attributes of nodes; real models nest a handful. */
const DEEPEST_NESTING = 64;

interface Facts {
  readonly operators: Map<string, { domain: string; type: string; count: number }>;
  readonly externalData: Set<string>;
  readonly random: { type: string; node: string; why: string }[];
}

/** Names of values that are constants, and the truth of those that are booleans; looked up from inner graphs outwards. */
interface Scope {
  readonly truths: ReadonlyMap<string, boolean>;
  readonly outer?: Scope;
}

function factsOf(bytes: Uint8Array): GraphRead {
  const facts: Facts = { operators: new Map(), externalData: new Set(), random: [] };
  const opsets: { domain: string; version: number }[] = [];
  const metadata: Record<string, string> = {};
  let irVersion = 0;
  let producer = ['', ''];
  let outputs: GraphFacts['outputs'] | undefined;
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
        outputs = readGraph(bytes, field, facts, undefined, 0);
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
        readFunction(bytes, field, facts);
        break;
    }
  }
  if (outputs === undefined || irVersion === 0)
    return { kind: 'refused', reason: 'not an ONNX model: the file holds no graph' };
  return {
    kind: 'graph',
    facts: {
      irVersion,
      opsets,
      producer: producer.filter((part) => part !== '').join(' '),
      operators: [...facts.operators.values()].toSorted((a, b) => b.count - a.count || (a.type < b.type ? -1 : 1)),
      externalData: [...facts.externalData],
      random: facts.random,
      outputs,
      metadata,
    },
  };
}

function bytesOf(field: Field, what: string): Field {
  if (field.wire !== 'bytes')
    throw new WireError(
      `${what} (field ${field.number} at byte ${field.at}) has the wrong wire type, so this is some other protobuf`,
    );
  return field;
}

function varintOf(field: Field, what: string): number {
  if (field.wire !== 'varint')
    throw new WireError(
      `${what} (field ${field.number} at byte ${field.at}) has the wrong wire type, so this is some other protobuf`,
    );
  return field.value;
}

function textOf(bytes: Uint8Array, field: Field, what: string): string {
  const { start, end } = bytesOf(field, what);
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
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

function entryOf(bytes: Uint8Array, message: Field): readonly [string, string] {
  let key = '';
  let value = '';
  for (const field of inside(bytes, message, 'an entry')) {
    if (field.number === 1) key = textOf(bytes, field, 'a key');
    if (field.number === 2) value = textOf(bytes, field, 'a value');
  }
  return [key, value];
}

function inside(bytes: Uint8Array, message: Field, what: string): Generator<Field, void> {
  const { start, end } = bytesOf(message, what);
  return fieldsOf(bytes, start, end);
}

function readGraph(
  bytes: Uint8Array,
  message: Field,
  facts: Facts,
  outer: Scope | undefined,
  depth: number,
): GraphFacts['outputs'] {
  if (depth > DEEPEST_NESTING) throw new WireError(`graphs are nested deeper than ${DEEPEST_NESTING}`);
  const outputs: GraphFacts['outputs'][number][] = [];
  const truths = new Map<string, boolean>();
  const nodes: Field[] = [];
  for (const field of inside(bytes, message, 'a graph')) {
    if (field.number === 1) nodes.push(bytesOf(field, 'a node'));
    else if (field.number === 5) {
      const tensor = readTensor(bytes, field, facts);
      if (tensor.truth !== undefined) truths.set(tensor.name, tensor.truth);
    } else if (field.number === 12) outputs.push(outputOf(bytes, field));
    else if (field.number === 15)
      for (const part of inside(bytes, field, 'a sparse tensor'))
        if (part.number === 1 || part.number === 2) readTensor(bytes, part, facts);
  }
  const scope: Scope = { truths, ...(outer === undefined ? {} : { outer }) };
  for (const node of nodes) readNode(bytes, node, facts, scope, truths, depth);
  return outputs;
}

function readFunction(bytes: Uint8Array, message: Field, facts: Facts): void {
  const truths = new Map<string, boolean>();
  for (const field of inside(bytes, message, 'a function'))
    if (field.number === 7) readNode(bytes, field, facts, { truths }, truths, 0);
}

const RANDOM = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
]);
/** Constants that make random numbers of ONNX Runtime's own kind. */
const TRAINING_MODE_INPUT = 2;

function readNode(
  bytes: Uint8Array,
  message: Field,
  facts: Facts,
  scope: Scope,
  truths: Map<string, boolean>,
  depth: number,
): void {
  const inputs: string[] = [];
  const outputs: string[] = [];
  let name = '';
  let type = '';
  let domain = '';
  let seeded = false;
  let trainsByAttribute = false;
  let constant: boolean | undefined;
  for (const field of inside(bytes, message, 'a node')) {
    if (field.number === 1) inputs.push(textOf(bytes, field, "a node's input"));
    else if (field.number === 2) outputs.push(textOf(bytes, field, "a node's output"));
    else if (field.number === 3) name = textOf(bytes, field, "a node's name");
    else if (field.number === 4) type = textOf(bytes, field, "a node's operator");
    else if (field.number === 7) domain = textOf(bytes, field, "a node's domain");
    else if (field.number === 5) {
      const attribute = readAttribute(bytes, field, facts, scope, depth);
      seeded ||= attribute.name === 'seed';
      trainsByAttribute ||= attribute.name === 'is_test' && attribute.integer === 0;
      if (attribute.name === 'value') constant = attribute.truth;
    }
  }
  if (domain === 'ai.onnx') domain = '';
  const key = `${domain}\u0000${type}`;
  const seen = facts.operators.get(key);
  if (seen === undefined) facts.operators.set(key, { domain, type, count: 1 });
  else seen.count += 1;

  const [output] = outputs;
  if (type === 'Constant' && constant !== undefined && output !== undefined) truths.set(output, constant);
  const node = name === '' ? (output ?? '') : name;
  if (domain === '' && RANDOM.has(type))
    facts.random.push({
      type,
      node,
      why: seeded
        ? 'it draws random numbers from a fixed seed, anew in every run'
        : 'it draws random numbers without a seed',
    });
  if (domain === '' && type === 'Dropout') {
    const mode = inputs[TRAINING_MODE_INPUT];
    if (trainsByAttribute || (mode !== undefined && mode !== '' && truthOf(scope, mode) === true))
      facts.random.push({ type, node, why: 'its training mode is on, so it drops values at random' });
  }
}

function truthOf(scope: Scope, name: string): boolean | undefined {
  return scope.truths.get(name) ?? (scope.outer === undefined ? undefined : truthOf(scope.outer, name));
}

interface Attribute {
  readonly name: string;
  readonly integer?: number;
  readonly truth?: boolean;
}

function readAttribute(bytes: Uint8Array, message: Field, facts: Facts, scope: Scope, depth: number): Attribute {
  let name = '';
  let integer: number | undefined;
  let truth: boolean | undefined;
  for (const field of inside(bytes, message, 'an attribute')) {
    if (field.number === 1) name = textOf(bytes, field, "an attribute's name");
    else if (field.number === 3) integer = varintOf(field, "an attribute's integer");
    else if (field.number === 5 || field.number === 10) truth = readTensor(bytes, field, facts).truth;
    else if (field.number === 6 || field.number === 11) readGraph(bytes, field, facts, scope, depth + 1);
    else if (field.number === 22 || field.number === 23)
      for (const part of inside(bytes, field, 'a sparse tensor'))
        if (part.number === 1 || part.number === 2) readTensor(bytes, part, facts);
  }
  return { name, ...(integer === undefined ? {} : { integer }), ...(truth === undefined ? {} : { truth }) };
}

const BOOL = 9;

/** A tensor's name, and for a single boolean its value; external data are noted by the way. */
function readTensor(
  bytes: Uint8Array,
  message: Field,
  facts: Facts,
): { readonly name: string; readonly truth?: boolean } {
  let name = '';
  let dataType = 0;
  let first: number | undefined;
  for (const field of inside(bytes, message, 'a tensor')) {
    if (field.number === 2) dataType = varintOf(field, "a tensor's type");
    else if (field.number === 8) name = textOf(bytes, field, "a tensor's name");
    else if (field.number === 5 || field.number === 9)
      // Both raw bytes and packed int32 values begin with the value's lowest byte.
      first = field.wire === 'varint' ? field.value : bytes[field.start];
    else if (field.number === 13) {
      const [key, value] = entryOf(bytes, field);
      if (key === 'location') facts.externalData.add(value);
    }
  }
  return dataType === BOOL && first !== undefined ? { name, truth: first !== 0 } : { name };
}

const KINDS: Readonly<Record<number, GraphFacts['outputs'][number]['kind']>> = {
  1: 'tensor',
  4: 'sequence',
  5: 'map',
  8: 'sparse',
  9: 'optional',
};

/** TensorProto.DataType, by number. */
const ELEMENT_TYPES = [
  'undefined',
  'float',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'double',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
] as const;

function outputOf(bytes: Uint8Array, message: Field): GraphFacts['outputs'][number] {
  let name = '';
  let kind: GraphFacts['outputs'][number]['kind'] = 'tensor';
  let elementType = 'undefined';
  for (const field of inside(bytes, message, 'an output')) {
    if (field.number === 1) name = textOf(bytes, field, "an output's name");
    else if (field.number === 2)
      for (const type of inside(bytes, field, "an output's type")) {
        kind = KINDS[type.number] ?? kind;
        if (type.number !== 1 && type.number !== 8) continue;
        for (const part of inside(bytes, type, 'a tensor type'))
          if (part.number === 1) elementType = ELEMENT_TYPES[varintOf(part, 'an element type')] ?? `type ${part.value}`;
      }
  }
  return { name, kind, elementType };
}
