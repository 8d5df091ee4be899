import { parseJson } from '../protocol/lossless.ts';
import { Refusal, described } from '../protocol/refusal.ts';

/** How an explanation is wanted; the same for records that are sent and for a prediction that was recorded. */
export interface ExplainWish {
  /** Columns whose contributions are told; undefined: all. */
  readonly columns?: readonly string[];
  /** For all rows of the request together. */
  readonly budgetMs: number;
  /** Of several classes, the one whose score is explained; undefined: the decided one. */
  readonly ofClass?: string | number;
}

/** `POST /v1/models/{model}:explain`. */
export interface ExplainRequest extends ExplainWish {
  readonly instances: readonly Readonly<Record<string, unknown>>[];
}

/** `GET` or `POST /v1/predictions/{id}:explain`. */
export interface ExplainPredictionRequest extends ExplainWish {
  /** Of the request that was recorded, from 0. */
  readonly row: number;
}

/** What a person waits for without noticing; enough for a small model with some tens of columns. */
export const DEFAULT_BUDGET_MS = 200;
export const MOST_BUDGET_MS = 10_000;
/** Each is explained by thousands of runs. */
const MOST_INSTANCES = 16;

const WISH_KEYS = ['columns', 'budgetMs', 'class'];

/** The body of `:explain`, parsed. Throws a Refusal (400) that says what was found and what is expected. */
export function parseExplainRequest(text: string): ExplainRequest {
  const body = objectOf(parseJson(text, 'the request body'), ['instances', ...WISH_KEYS]);
  const given = body['instances'];
  if (!Array.isArray(given) || given.length === 0)
    throw new Refusal(400, 'the request body must be {"instances": [{"column": value, …}, …]}, with one row at least');
  if (given.length > MOST_INSTANCES)
    throw new Refusal(400, `at most ${MOST_INSTANCES} rows are explained at once, found ${given.length}`);
  const instances = given.map((instance: unknown, row) => {
    if (isRecord(instance)) return instance;
    throw new Refusal(
      400,
      `instances[${row}] must be an object of column names and values, found ${described(instance)}`,
    );
  });
  return { instances, ...wishOf(body) };
}

/** What is wanted of a recorded prediction: of a `GET` by its query, of a `POST` by its body, which may be empty. */
export function parseExplainPrediction(query: URLSearchParams, text: string): ExplainPredictionRequest {
  const keys = ['row', ...WISH_KEYS];
  const body = objectOf(text.trim() === '' ? fromQuery(query) : parseJson(text, 'the request body'), keys);
  const row = body['row'] ?? 0;
  if (typeof row !== 'number' || !Number.isInteger(row) || row < 0)
    throw new Refusal(400, `row must be a whole number from 0, found ${described(row)}`);
  return { row, ...wishOf(body) };
}

function fromQuery(query: URLSearchParams): Readonly<Record<string, unknown>> {
  const numeric = new Set(['row', 'budgetMs']);
  return Object.fromEntries(
    [...query].map(([key, value]) => [
      key,
      key === 'columns' ? value.split(',') : numeric.has(key) && value.trim() !== '' ? Number(value) : value,
    ]),
  );
}

function wishOf(body: Readonly<Record<string, unknown>>): ExplainWish {
  const { columns, budgetMs = DEFAULT_BUDGET_MS, class: ofClass } = body;
  if (typeof budgetMs !== 'number' || !(budgetMs > 0 && budgetMs <= MOST_BUDGET_MS))
    throw new Refusal(
      400,
      `budgetMs must be a number of milliseconds up to ${MOST_BUDGET_MS}, found ${described(budgetMs)}`,
    );
  if (columns !== undefined && !isNames(columns))
    throw new Refusal(400, `columns must be a list of column names, found ${described(columns)}`);
  if (ofClass !== undefined && typeof ofClass !== 'string' && typeof ofClass !== 'number')
    throw new Refusal(400, `class must be a number or text, found ${described(ofClass)}`);
  return {
    budgetMs,
    ...(columns === undefined ? {} : { columns }),
    ...(ofClass === undefined ? {} : { ofClass }),
  };
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');
}

function objectOf(value: unknown, keys: readonly string[]): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw new Refusal(400, `the request body must be an object, found ${described(value)}`);
  const unknown = Object.keys(value).filter((key) => !keys.includes(key));
  if (unknown.length > 0)
    throw new Refusal(
      400,
      `the request holds ${unknown.map((key) => `"${key}"`).join(', ')}; known: ${keys.join(', ')}`,
    );
  return value;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
