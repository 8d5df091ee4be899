import { isFloat } from './datatype.ts';
import type { ColumnDomain, InputMapping, Specification } from './specification.ts';
import type { Datatype, TensorDeclaration } from './tensor.ts';

/**
 * How one record becomes the graph's input tensors: which columns fill which input, in what shape. Glossary: a *column* is
 * what callers and data files name; an *input* is what the graph names; the *row shape* is an input's shape without the
 * batch dimension.
 */
export interface Signature {
  readonly inputs: readonly InputPlan[];
  /** The columns that a record must carry, each once, in the order of their first use. */
  readonly columns: readonly SignatureColumn[];
  /** 1 when some input's batch dimension is the constant 1: one row a run. Undefined: any number of rows. */
  readonly fixedBatch?: 1;
}

export interface InputPlan {
  readonly name: string;
  readonly datatype: Datatype;
  readonly columns: readonly string[];
  /** Empty for [N]; -1 where the data decide. */
  readonly rowShape: readonly number[];
  /** One list column fills a whole row; else every column fills one element of it. */
  readonly list: boolean;
}

export type ColumnType = NonNullable<ColumnDomain['type']>;

export interface SignatureColumn {
  readonly name: string;
  /** From the manifest, else from the graph. */
  readonly type: ColumnType;
  readonly domain: ColumnDomain;
}

/** Why a manifest and a graph do not fit. `pointer` is a JSON pointer into the manifest. */
export interface FitProblem {
  readonly id: string;
  readonly reason: string;
  readonly pointer: string;
  readonly next?: string;
}

/** The plan for filling a graph's inputs, with every reason why it cannot work (the plan is for use only without problems). */
export function signatureOf(
  specification: Pick<Specification, 'inputs' | 'columns'>,
  declarations: readonly TensorDeclaration[],
): { readonly signature: Signature; readonly problems: readonly FitProblem[] } {
  const problems: FitProblem[] = [];
  const known = declarations.map(({ name }) => name);
  const mappings = new Map<string, { readonly mapping: InputMapping; readonly pointer: string }>();
  for (const [index, mapping] of specification.inputs.entries()) {
    const pointer = `/inputs/${index}`;
    if (!known.includes(mapping.name))
      problems.push({
        id: `artifact/input/${mapping.name}`,
        reason: `the manifest fills input "${mapping.name}", which the graph does not have; it has ${listOf(known)}`,
        pointer,
      });
    else if (mappings.has(mapping.name))
      problems.push({
        id: `artifact/input/${mapping.name}`,
        reason: `input "${mapping.name}" is filled twice`,
        pointer,
      });
    else mappings.set(mapping.name, { mapping, pointer });
  }

  const inputs: InputPlan[] = [];
  for (const declaration of declarations) {
    const given = mappings.get(declaration.name);
    const plan = planOf(declaration, given?.mapping, specification.columns);
    if ('reason' in plan)
      problems.push({
        id: `artifact/input/${declaration.name}`,
        pointer: given?.pointer ?? '/inputs',
        reason: plan.reason,
        ...(plan.next === undefined ? {} : { next: plan.next }),
      });
    else inputs.push(plan);
  }

  const columns = columnsOf(inputs, specification.columns, problems);
  const fixed = declarations.some(({ shape }) => shape[0] === 1);
  return { signature: { inputs, columns, ...(fixed ? { fixedBatch: 1 } : {}) }, problems };
}

type Misfit = { readonly reason: string; readonly next?: string };

function planOf(
  { name, datatype, shape }: TensorDeclaration,
  mapping: InputMapping | undefined,
  domains: Readonly<Record<string, ColumnDomain>>,
): InputPlan | Misfit {
  const declared = `input "${name}" is declared ${datatype} ${shapeText(shape)}`;
  const [batch, ...rowShape] = shape;
  if (batch === undefined)
    return {
      reason: `${declared}: a single value without a batch dimension`,
      next: 'Export the graph with inputs of shape [N, …].',
    };
  if (batch !== -1 && batch !== 1)
    return {
      reason: `${declared}: its batch dimension is the constant ${batch}`,
      next: 'Export the graph with a variable batch dimension, or with 1.',
    };
  const columns = mapping?.columns ?? [name];
  const [first] = columns;
  if (first === undefined) return { reason: `input "${name}" is mapped to no column` };
  const wantedShape = mapping?.shape ?? rowShape;
  if (mapping?.shape !== undefined && !fits(mapping.shape, rowShape))
    return {
      reason: `${declared}, so one row is ${shapeText(rowShape)}; the manifest says ${shapeText(mapping.shape)}`,
    };

  const size = sizeOf(wantedShape);
  const list = columns.length === 1 && isList(domains[first], wantedShape, mapping);
  if (list) return { name, datatype, columns, rowShape: wantedShape, list };
  if (size !== undefined && size !== columns.length)
    return {
      reason: `${declared}: one row is ${size} value${size === 1 ? '' : 's'}, and ${columns.length === 1 ? `column "${first}" gives one` : `the manifest packs ${columns.length} columns into it`}`,
      next:
        columns.length === 1
          ? `Name the ${size} columns in their order: inputs: [{ name: ${name}, columns: […] }], or declare the column a list.`
          : `Name exactly ${size} columns, in the order the model was trained with.`,
    };
  return { name, datatype, columns, rowShape: size === undefined ? [columns.length] : wantedShape, list };
}

/** One column fills a row of several values only as a list: declared as one, given a shape, or named like the input itself. */
function isList(
  domain: ColumnDomain | undefined,
  rowShape: readonly number[],
  mapping: InputMapping | undefined,
): boolean {
  if (domain?.type !== undefined) return domain.type === 'list';
  if (mapping?.shape !== undefined) return true;
  return rowShape.length > 1;
}

function columnsOf(
  inputs: readonly InputPlan[],
  domains: Readonly<Record<string, ColumnDomain>>,
  problems: FitProblem[],
): readonly SignatureColumn[] {
  const columns = new Map<string, SignatureColumn>();
  for (const input of inputs)
    for (const name of input.columns) {
      const domain = domains[name] ?? {};
      const type = domain.type ?? (input.list ? 'list' : typeOf(input.datatype));
      const misfit = typeMisfitOf(name, type, input);
      if (misfit !== undefined)
        problems.push({ id: `artifact/column/${name}`, reason: misfit, pointer: `/columns/${pointerPart(name)}/type` });
      if (!columns.has(name)) columns.set(name, { name, type, domain });
    }
  return [...columns.values()];
}

function typeMisfitOf(name: string, type: ColumnType, { name: input, datatype, list }: InputPlan): string | undefined {
  const text = type === 'category' || type === 'text';
  if (datatype === 'BYTES' && !text && type !== 'list')
    return `column "${name}" is declared ${type}, but input "${input}" takes text`;
  if (datatype === 'BYTES' && list) return `column "${name}" is a list of numbers, but input "${input}" takes text`;
  if (datatype !== 'BYTES' && type === 'text')
    return `column "${name}" is declared text, but input "${input}" takes ${datatype}`;
  if (type === 'list' && !list) return `column "${name}" is a list, but input "${input}" takes one value of it a row`;
  return undefined;
}

function typeOf(datatype: Datatype): ColumnType {
  if (datatype === 'BYTES') return 'category';
  if (datatype === 'BOOL') return 'boolean';
  return isFloat(datatype) ? 'number' : 'integer';
}

function fits(wanted: readonly number[], declared: readonly number[]): boolean {
  return wanted.length === declared.length && declared.every((size, axis) => size === -1 || size === wanted[axis]);
}

/** Elements of a shape; undefined when a dimension may vary. */
export function sizeOf(shape: readonly number[]): number | undefined {
  return shape.includes(-1) ? undefined : shape.reduce((product, size) => product * size, 1);
}

/** `[N, 3]`: a shape as people write it. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.map((size) => (size === -1 ? 'N' : String(size))).join(', ')}]`;
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map((name) => `"${name}"`).join(', ');
}

/** A name as one reference token of a JSON pointer (RFC 6901). */
export function pointerPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
