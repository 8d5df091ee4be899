import { parseJson } from '../protocol/lossless.ts';
import { type InferInput, parseInferRequest } from '../protocol/infer-request.ts';
import { inputValues } from '../protocol/input-tensor.ts';
import type { ColumnType, InputPlan } from '../model/signature.ts';
import type { LogSchema, ReceivedEntry } from './entry.ts';
import type { LogValue } from './log-column.ts';

/** The input columns of an entry: for each logged column its value in each row. A body that does not say is null throughout. */
export function inputsOf(entry: ReceivedEntry, schema: LogSchema): ReadonlyMap<string, readonly LogValue[]> {
  const raw = rawInputsOf(entry, schema);
  return new Map(
    schema.columns.map(({ name, type }) => [
      name,
      Array.from({ length: entry.rows }, (_, row) => valueOf(raw?.(name, row), type)),
    ]),
  );
}

type RawInputs = (column: string, row: number) => unknown;

function rawInputsOf({ body, tail, protocol }: ReceivedEntry, schema: LogSchema): RawInputs | undefined {
  if (body === undefined) return undefined;
  try {
    return protocol === 'v1'
      ? recordsOf(parseJson(body, 'a logged body'))
      : tensorsOf(parseInferRequest({ text: body, ...(tail === undefined ? {} : { tail }) }).inputs, schema);
  } catch {
    // It was refused for the same reason, which stands among the flags.
    return undefined;
  }
}

function recordsOf(body: unknown): RawInputs | undefined {
  const instances: unknown = isRecord(body) ? body['instances'] : undefined;
  if (!Array.isArray(instances)) return undefined;
  return (column, row) => {
    const record: unknown = instances[row];
    return isRecord(record) ? record[column] : undefined;
  };
}

interface SentTensor {
  readonly flat: readonly unknown[];
  /** Values a row. */
  readonly width: number;
}

/** Tensors taken apart into columns by the plan by which records become tensors; without one, an input is a list of its own name. */
function tensorsOf(sent: readonly InferInput[], { inputs }: LogSchema): RawInputs {
  const tensors = new Map(sent.map((input) => [input.name, tensorOf(input)]));
  const plans = new Map(inputs.flatMap((plan) => plan.columns.map((column, at) => [column, { plan, at }] as const)));
  return (column, row) => {
    const place = plans.get(column);
    const tensor = tensors.get(place?.plan.name ?? column);
    return tensor === undefined ? undefined : cellOf(tensor, row, place);
  };
}

function cellOf(
  { flat, width }: SentTensor,
  row: number,
  place: { readonly plan: InputPlan; readonly at: number } | undefined,
): unknown {
  if (place === undefined && width === 1) return flat[row];
  if (place === undefined || place.plan.list) return flat.slice(row * width, (row + 1) * width);
  return flat[row * width + place.at];
}

function tensorOf(input: InferInput): SentTensor {
  return {
    flat: inputValues(input).flat(input.shape.length),
    width: input.shape.slice(1).reduce((product, size) => product * size, 1),
  };
}

/** A value as its column's type stores it; what does not fit is null. */
function valueOf(raw: unknown, type: ColumnType): LogValue {
  switch (type) {
    case 'number':
      return numberOf(raw);
    case 'integer':
      return integerOf(raw);
    case 'boolean':
      return typeof raw === 'boolean' ? raw : raw === 1 ? true : raw === 0 ? false : null;
    case 'category':
    case 'text':
      return typeof raw === 'string' ? raw : typeof raw === 'number' ? String(raw) : null;
    case 'list':
      return Array.isArray(raw) ? raw.map(numberOf) : null;
  }
}

function numberOf(raw: unknown): number | null {
  const number = typeof raw === 'bigint' ? Number(raw) : raw;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;

function integerOf(raw: unknown): bigint | null {
  const digits = typeof raw === 'string' && /^-?\d{1,19}$/.test(raw);
  if (typeof raw !== 'bigint' && !digits && !Number.isSafeInteger(raw)) return null;
  const integer = BigInt(raw as bigint | number | string);
  return integer >= LEAST && integer <= MOST ? integer : null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
