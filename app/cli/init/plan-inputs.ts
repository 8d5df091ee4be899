import { nearestOf } from '../../../checks/manifest/nearest.ts';
import { sizeOf, shapeText } from '../../../serving/model/signature.ts';
import type { InputMapping } from '../../../serving/model/specification.ts';
import type { Column, Table } from '../../../serving/model/table.ts';
import type { TensorDeclaration } from '../../../serving/model/tensor.ts';
import { RefusedModel } from './refused.ts';

/** How the data's columns fill the graph's inputs, and what was assumed to find out. */
export interface PlannedInputs {
  /** Only where a manifest must say it: an input takes the column of its own name by itself. */
  readonly mappings: readonly InputMapping[];
  /** Every column that becomes an input, in order. */
  readonly columns: readonly string[];
  readonly assumptions: readonly string[];
}

export interface InputQuestion {
  readonly declarations: readonly TensorDeclaration[];
  readonly table: Table;
  readonly label: string;
  /** Said by the user: the columns of a packed input, in order. */
  readonly given?: readonly string[];
  /** Said by the model: the same. */
  readonly told?: { readonly names: readonly string[]; readonly from: string };
}

/** Throws RefusedModel where no column can be told, with the columns that there are. */
export function planInputs(question: InputQuestion): PlannedInputs {
  const plans = question.declarations.map((declaration) => planInput(declaration, question));
  return {
    mappings: plans.flatMap(({ mapping }) => (mapping === undefined ? [] : [mapping])),
    columns: [...new Set(plans.flatMap(({ columns }) => columns))],
    assumptions: plans.flatMap(({ assumption }) => (assumption === undefined ? [] : [assumption])),
  };
}

interface Plan {
  readonly columns: readonly string[];
  readonly mapping?: InputMapping;
  readonly assumption?: string;
}

function planInput(declaration: TensorDeclaration, question: InputQuestion): Plan {
  const { name, shape } = declaration;
  const { table, label, declarations, given } = question;
  const names = [...table.columns.keys()].filter((column) => column !== label);
  const size = sizeOf(shape.slice(1));
  const own = table.columns.get(name);
  if (name === label) {
    throw new RefusedModel(
      `the graph's input "${name}" is the label: a model that is told the answer cannot be judged`,
      'Name the right --label, or train without it.',
    );
  }
  if (given !== undefined && declarations.length === 1)
    return packed(name, wholly(given, names, size, name), undefined);
  if (own !== undefined) return own.kind === 'list' ? listed(name, name, shape) : { columns: [name] };
  const alike = names.filter((column) => plain(column) === plain(name));
  const [twin] = alike;
  if (twin !== undefined && alike.length === 1 && (size === 1 || table.columns.get(twin)?.kind === 'list')) {
    const plan =
      table.columns.get(twin)?.kind === 'list'
        ? listed(name, twin, shape)
        : { columns: [twin], mapping: { name, columns: [twin] } };
    return {
      ...plan,
      assumption: `input "${name}" takes the column "${twin}", whose name differs only in its spelling`,
    };
  }
  const isPacked = shape.length === 2 && (size === undefined || size > 1);
  if (isPacked && declarations.length === 1) return pack(declaration, question, names);
  const near = nearestOf(name, names);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  throw new RefusedModel(
    `input "${name}" is ${declaration.datatype} ${shapeText(shape)}, and no column is named so; the data have ${quoted(names)}${hint}`,
    'Rename the column, or write the manifest by hand: inputs: [{ name: …, column: … }].',
  );
}

/** One input that holds several columns: which ones, in which order, is said by someone, or counts decide. */
function pack(
  { name, shape, datatype }: TensorDeclaration,
  { table, told }: InputQuestion,
  names: readonly string[],
): Plan {
  const size = sizeOf(shape.slice(1));
  if (
    told !== undefined &&
    told.names.every((column) => names.includes(column)) &&
    (size ?? told.names.length) === told.names.length
  ) {
    return packed(
      name,
      told.names,
      `input "${name}" packs the ${told.names.length} columns that ${told.from} names, in its order: ${told.names.join(', ')}`,
    );
  }
  const numeric = names.filter((column) => isNumeric(table.columns.get(column)));
  const withoutIds = numeric.filter((column) => !isIdentifier(column));
  const fitting = [numeric, withoutIds].find((columns) => columns.length === size);
  if (fitting !== undefined) {
    const left = numeric.filter((column) => !fitting.includes(column));
    const without = left.length === 0 ? '' : ` without ${left.join(', ')}`;
    return packed(
      name,
      fitting,
      `input "${name}" packs the ${fitting.length} numeric columns in the order of the file${without}: ${fitting.join(', ')}`,
    );
  }
  const wanted = size === undefined ? 'any number of values' : `${size} values`;
  throw new RefusedModel(
    `input "${name}" is ${datatype} ${shapeText(shape)}: one row is ${wanted}, and the data have ${numeric.length} numeric columns besides the label: ${numeric.join(', ')}`,
    'Name the columns in the order the model was trained with: --columns a,b,c',
  );
}

function wholly(
  given: readonly string[],
  names: readonly string[],
  size: number | undefined,
  input: string,
): readonly string[] {
  const unknown = given.filter((column) => !names.includes(column));
  if (unknown.length > 0)
    throw new RefusedModel(
      `--columns names ${quoted(unknown)}, which the data do not have; they have ${quoted(names)}`,
    );
  if (size !== undefined && size !== given.length) {
    throw new RefusedModel(
      `--columns names ${given.length} columns, and one row of input "${input}" is ${size} values`,
    );
  }
  return given;
}

function packed(name: string, columns: readonly string[], assumption: string | undefined): Plan {
  return { columns, mapping: { name, columns }, ...(assumption === undefined ? {} : { assumption }) };
}

/** A list column fills a row by itself; the manifest says its shape, so that one number is not taken for one column. */
function listed(name: string, column: string, shape: readonly number[]): Plan {
  const row = shape.slice(1);
  return { columns: [column], mapping: { name, columns: [column], ...(row.includes(-1) ? {} : { shape: row }) } };
}

/** Numbers that only count or name rows; a model that learnt from them learnt the file. */
export function isIdentifier(column: string): boolean {
  return /(^|[_\s-])(id|uuid|guid|index|row|rownum|key)$/i.test(column) || /^unnamed/i.test(column);
}

function isNumeric(column: Column | undefined): boolean {
  return column?.kind === 'number' || column?.kind === 'integer';
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
