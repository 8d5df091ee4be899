/** An expected refusal of a request: how it is told over HTTP. Its message says what was found and what was expected. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 410 | 413 | 415 | 422 | 429 | 500 | 503;
  readonly retryAfterSeconds: number | undefined;
  /** The revision lacks an input that the request does not carry: another revision may answer it. */
  readonly unservable: boolean;
  /** The methods that a path takes, of a refused one. */
  readonly allow: string | undefined;
  constructor(
    status: Refusal['status'],
    message: string,
    more: { readonly retryAfterSeconds?: number; readonly unservable?: boolean; readonly allow?: string } = {},
  ) {
    super(message);
    this.status = status;
    this.retryAfterSeconds = more.retryAfterSeconds;
    this.unservable = more.unservable ?? false;
    this.allow = more.allow;
  }
}

/** What a value is, for a message: its type, and itself when it is short. */
export function described(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  const text = typeof value === 'bigint' ? value.toString() : JSON.stringify(value);
  return `${typeof value} ${text.length > DESCRIBED_CHARACTERS ? `${text.slice(0, DESCRIBED_CHARACTERS)}…` : text}`;
}

const DESCRIBED_CHARACTERS = 60;
