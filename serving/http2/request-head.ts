import type { Field } from './hpack-decoder.ts';

/** A request's head. Shared by all that were sent in the same bytes: nothing may be changed in it. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly scheme: string;
  readonly authority: string | undefined;
  /** A name that came several times has its values with commas between them. */
  readonly headers: Readonly<Record<string, string>>;
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** Nothing that ends a line elsewhere, and no space at either end (RFC 9113, section 8.2.1). */
const BAD_VALUE = /[\0\r\n]|^[ \t]|[ \t]$/;
const PSEUDO = [':method', ':path', ':scheme', ':authority'] as const;
/** They say how one hop of HTTP/1.1 is framed. */
const OF_A_CONNECTION = new Set(['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade']);

/** A request's head from its fields; undefined where they make none (RFC 9113, sections 8.2 and 8.3). */
export function requestHead(fields: readonly Field[]): RequestHead | undefined {
  const pseudo: Partial<Record<string, string>> = {};
  // Names are the caller's: none may mean something to an object.
  const headers = Object.create(null) as Record<string, string>;
  let isPseudoOver = false;
  for (const [name, value] of fields) {
    if (BAD_VALUE.test(value)) return undefined;
    if (name.startsWith(':')) {
      if (isPseudoOver || !isPseudo(name) || pseudo[name] !== undefined) return undefined;
      pseudo[name] = value;
      continue;
    }
    isPseudoOver = true;
    if (!NAME.test(name) || OF_A_CONNECTION.has(name) || (name === 'te' && value !== 'trailers')) return undefined;
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}${name === 'cookie' ? ';' : ','} ${value}`;
  }
  const { ':method': method, ':path': path, ':scheme': scheme, ':authority': authority } = pseudo;
  if (method === undefined || scheme === undefined || path === undefined || path === '') return undefined;
  return { method, path, scheme, authority, headers };
}

/** Trailers must have nothing that a head has before its other fields. */
export function areTrailers(fields: readonly Field[]): boolean {
  return fields.every(([name, value]) => NAME.test(name) && !BAD_VALUE.test(value));
}

function isPseudo(name: string): name is (typeof PSEUDO)[number] {
  return (PSEUDO as readonly string[]).includes(name);
}
