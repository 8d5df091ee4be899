/**
 * The head of the one kind of request that the fast lane answers: a prediction asked for over HTTP/1.1 in its plainest form. Recognised exactly or not
 * at all: whatever differs by one character from what stands here is node:http's to judge.
 */
export interface RequestHead {
  readonly protocol: 'v1' | 'v2';
  readonly path: string;
  readonly model: string;
  /** Asked for by path; undefined: the arms decide. */
  readonly version: string | undefined;
  /** Names in lower case; each stood there once. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyBytes: number;
}

/** A longer head is node:http's to judge. */
export const MAX_HEAD_BYTES = 8192;
/** Where reading a larger body takes its time, the way its bytes come in does not matter. */
export const MAX_FAST_BODY_BYTES = 65_536;

/** Only characters that stand for themselves: nothing to decode, nothing to normalise, no query. */
const REQUEST_LINE =
  /^POST (\/v2\/models\/([\w.~-]+)(?:\/versions\/([\w.~-]+))?\/infer|\/v1\/models\/([\w.~-]+)(?:\/versions\/([\w.~-]+))?:predict) HTTP\/1\.1$/;
/** RFC 9110's field names; at most one space before the value, none behind it; printable ASCII. */
const HEADER_LINE = /^([!#$%&'*+.^`|~\w-]+): ?((?:[!-~](?:[ -~]*[!-~])?)?)$/;
const LENGTH = /^(?:0|[1-9]\d{0,4})$/;

/** What changes how a message is framed or a connection goes on; and what a plain object would take for something else. */
const OTHERS_TO_JUDGE: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'content-encoding',
  'expect',
  'upgrade',
  'te',
  'trailer',
  'http2-settings',
  'proxy-connection',
  '__proto__',
]);

/** `text`: the head without the empty line that ends it, one character a byte. Undefined: not recognised. */
export function parseRequestHead(text: string): RequestHead | undefined {
  const [first = '', ...lines] = text.split('\r\n');
  const line = REQUEST_LINE.exec(first);
  if (line === null) return undefined;
  const headers = headersOf(lines);
  if (headers === undefined || headers['host'] === undefined) return undefined;
  const { connection, 'content-length': length = '' } = headers;
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return undefined;
  if (!LENGTH.test(length) || Number(length) > MAX_FAST_BODY_BYTES) return undefined;
  const [, path = '', tensors, tensorsVersion, records = '', recordsVersion] = line;
  const bodyBytes = Number(length);
  return tensors === undefined
    ? { protocol: 'v1', path, model: records, version: recordsVersion, headers, bodyBytes }
    : { protocol: 'v2', path, model: tensors, version: tensorsVersion, headers, bodyBytes };
}

function headersOf(lines: readonly string[]): Record<string, string> | undefined {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [, written, value] = HEADER_LINE.exec(line) ?? [];
    if (written === undefined || value === undefined) return undefined;
    const name = written.toLowerCase();
    if (OTHERS_TO_JUDGE.has(name) || Object.hasOwn(headers, name)) return undefined;
    headers[name] = value;
  }
  return headers;
}

/** Callers send the same head again and again: what was parsed is kept by its exact text. */
export class RequestHeads {
  readonly #known = new Map<string, RequestHead>();

  find(text: string): RequestHead | undefined {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const parsed = parseRequestHead(text);
    if (parsed === undefined) return undefined;
    // Heads that never come again must not fill the memory; those that do are soon here again.
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(text, parsed);
    return parsed;
  }
}

const MAX_KNOWN = 512;
