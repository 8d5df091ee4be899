import { Refusal } from '../protocol/refusal.ts';
import type { Told } from '../replica/messages.ts';

/** A recorded prediction as the daemon tells it (`GET /v1/predictions/{id}`); what an explanation does not need is left out. */
export interface LoggedPrediction {
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly revision: string;
  readonly status: number;
  /** Set where the request was too large for the log, and its digest was recorded in its place. */
  readonly inputDigest?: string | null;
  readonly rows: readonly LoggedRow[];
  /** Null where the fleet does not know the revision any more. */
  readonly provenance: unknown;
}

export interface LoggedRow {
  readonly row: number;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly score: number | null;
  readonly class: string | number | null;
}

/** Throws a Refusal with the daemon's own words where it does not tell the prediction. */
export function loggedPredictionOf({ status, body }: Told): LoggedPrediction {
  const parsed: unknown = JSON.parse(body);
  if (status === OK) return parsed as LoggedPrediction;
  const known = REFUSED.find((each) => each === status) ?? 503;
  const said = typeof parsed === 'object' && parsed !== null && 'error' in parsed ? String(parsed.error) : body;
  throw new Refusal(known, said, known === 503 ? { retryAfterSeconds: 1 } : {});
}

const OK = 200;
const REFUSED = [400, 404] as const;
const REQUEST_ERRORS = 400;

/** The row that was asked and answered. Throws a Refusal where there is none to explain. */
export function answeredRow(prediction: LoggedPrediction, row: number): LoggedRow {
  const { id, status, rows } = prediction;
  if (status >= REQUEST_ERRORS)
    throw new Refusal(422, `prediction ${id} was answered with status ${status}: there is no score to explain`);
  const found = rows.find((each) => each.row === row);
  if (found === undefined)
    throw new Refusal(
      400,
      `prediction ${id} has ${rows.length} row${rows.length === 1 ? '' : 's'}, counted from 0; row ${row} was asked for`,
    );
  return found;
}

/**
 * What was asked, as a record of the columns that the revision takes. Throws a Refusal (422) where the log does not hold it: a column was declared
 * private, or the request was too large for it.
 */
export function recordOf(
  { id, inputDigest }: LoggedPrediction,
  { inputs }: LoggedRow,
  columns: readonly string[],
  privateColumns: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof inputDigest === 'string')
    throw new Refusal(
      422,
      `prediction ${id} was too large for the log, which holds the digest of its inputs (${inputDigest}); send the record itself to :explain`,
    );
  const withheld = columns.filter((name) => privateColumns.includes(name) || !Object.hasOwn(inputs, name));
  if (withheld.length > 0)
    throw new Refusal(
      422,
      `prediction ${id} was recorded without ${withheld.map((name) => `"${name}"`).join(', ')}, which the manifest declares pii: what is not recorded as it was cannot be explained; send the record itself to :explain`,
    );
  return Object.fromEntries(columns.map((name) => [name, readable(inputs[name])]));
}

/** A list's missing element is null in the log, and NaN to a model. */
function readable(value: unknown): unknown {
  return Array.isArray(value) ? value.map((each: unknown) => (each === null ? NaN : each)) : value;
}

/** Of the score: what runs of other sizes may differ by in single precision. */
const SAME_SCORE = 1e-4;

/** Whether a revision answers now what it answered then. */
export function agrees(
  logged: Pick<LoggedRow, 'score' | 'class'>,
  found: { readonly score: number; readonly scoreOf?: string | number; readonly class?: string | number },
): boolean {
  if (logged.score === null) return false;
  if (found.class !== undefined && logged.class !== null && String(logged.class) !== String(found.class)) return false;
  // Of another class than the decided one another score is explained than the one that was recorded.
  const isSame =
    found.scoreOf === undefined || found.class === undefined || isBinary(found) || found.scoreOf === found.class;
  return !isSame || Math.abs(logged.score - found.score) <= SAME_SCORE * Math.max(1, Math.abs(logged.score));
}

function isBinary(found: object): boolean {
  return 'threshold' in found;
}
