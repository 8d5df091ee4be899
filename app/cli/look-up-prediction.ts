import { readToken } from './read-token.ts';
/** A prediction as a fleet's log tells it (docs/serving.md); what is not used here is left out. */
export interface LoggedPrediction {
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly revision: string;
  readonly digest: string;
  readonly rows: readonly {
    readonly inputs?: Readonly<Record<string, unknown>>;
    readonly score?: unknown;
    readonly class?: string | number;
  }[];
}

const LIMIT_MS = 30_000;
const ANSWER_SHOWN = 300;

/** A fleet that predictions are asked of, by its public address. */
export interface AskedFleet {
  readonly url: string;
  readonly tokenFile: string | undefined;
}

/** Looks a prediction up in a fleet's log. Throws with what the fleet said where it does not have it. */
export async function lookUpPrediction(id: string, fleet: AskedFleet, signal: AbortSignal): Promise<LoggedPrediction> {
  const told = await askFleet(fleet, `/v1/predictions/${encodeURIComponent(id)}`, signal);
  if (told.kind === 'refused')
    throw new Error(`the fleet at ${fleet.url} does not tell prediction ${id}: ${told.said}`);
  if (!isPrediction(told.body)) throw new Error(`the fleet at ${fleet.url} answered something else than a prediction`);
  return told.body;
}

/** What a fleet answered to a `GET`, or in its own words why not. Throws where none answers. */
export async function askFleet(
  { url: fleet, tokenFile }: AskedFleet,
  path: string,
  signal: AbortSignal,
): Promise<{ readonly kind: 'told'; readonly body: unknown } | { readonly kind: 'refused'; readonly said: string }> {
  const token = await readToken(tokenFile, '--token-file');
  const url = `${fleet.replace(/\/$/, '')}${path}`;
  let response: Response;
  try {
    response = await fetch(url, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]),
    });
  } catch (cause) {
    throw new Error(`no fleet answered at ${url}`, { cause });
  }
  const body = await response.text();
  if (!response.ok) return { kind: 'refused', said: saidOf(body, response.status) };
  return { kind: 'told', body: JSON.parse(body) };
}

function saidOf(body: string, status: number): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'error' in parsed)
      return `${String(parsed.error)} (status ${status})`;
  } catch {
    // Not a fleet of ours: said as it is.
  }
  return `status ${status}: ${body.slice(0, ANSWER_SHOWN)}`;
}

function isPrediction(value: unknown): value is LoggedPrediction {
  return (
    typeof value === 'object' &&
    value !== null &&
    'rows' in value &&
    Array.isArray(value.rows) &&
    'revision' in value &&
    'model' in value
  );
}
