import { lookup as lookupAddress } from 'node:dns';
import { request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { isPublicAddress, isPublicHost } from '../manifest/public-host.ts';
import { artifactTokenOf } from './config.ts';

export type Fetched =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'problem'; readonly reason: string };

const FETCH_LIMIT_MS = 600_000;
const MOST_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Fetches a file by https from a host that the policy lists. Private, loopback and link-local addresses are refused where the name is resolved, so that a public
 * name cannot lead inside; a redirect leads only to hosts that the policy lists too.
 */
export async function fetchArtifact(
  url: string,
  options: { readonly hosts: readonly string[]; readonly limitBytes: number; readonly signal?: AbortSignal },
): Promise<Fetched> {
  const limit = AbortSignal.timeout(FETCH_LIMIT_MS);
  const signal = options.signal === undefined ? limit : AbortSignal.any([limit, options.signal]);
  let at = new URL(url);
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    const refusal = hostRefusal(at, options.hosts);
    if (refusal !== undefined) return { kind: 'problem', reason: refusal };
    const response = await get(at, signal);
    const { location } = response.headers;
    if (REDIRECTS.has(response.statusCode ?? 0) && location !== undefined) {
      response.destroy();
      at = new URL(location, at);
    } else return await bytesOf(response, at, options.limitBytes);
  }
  return { kind: 'problem', reason: `${url} redirects more than ${MOST_REDIRECTS} times` };
}

function hostRefusal(url: URL, hosts: readonly string[]): string | undefined {
  if (url.protocol !== 'https:') return `${url.href} is not https`;
  if (!hosts.includes(url.host.toLowerCase()))
    return `${url.hostname} is not among the policy's artifactHosts (${hosts.length === 0 ? 'none are listed' : hosts.join(', ')})`;
  return isPublicHost(url.hostname) ? undefined : `${url.hostname} is not a public host`;
}

function get(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const token = artifactTokenOf(url.hostname);
  const options: RequestOptions = {
    signal,
    lookup: publicLookup,
    headers: { 'user-agent': 'slipway', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
  };
  return new Promise((resolve, reject) => {
    request(url, options, resolve)
      .on('error', (error) => reject(new Error(`${url.href} cannot be fetched: ${error.message}`, { cause: error })))
      .end();
  });
}

const publicLookup: NonNullable<RequestOptions['lookup']> = (hostname, options, callback) => {
  lookupAddress(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, '', 0);
    const [first] = addresses;
    const inside = addresses.find(({ address }) => !isPublicAddress(address));
    if (first === undefined || inside !== undefined)
      return callback(new Error(`${hostname} leads to ${inside?.address ?? 'no address'}, which is not public`), '', 0);
    return options.all === true ? callback(null, addresses) : callback(null, first.address, first.family);
  });
};

async function bytesOf(response: IncomingMessage, url: URL, limitBytes: number): Promise<Fetched> {
  if (response.statusCode !== 200) {
    response.destroy();
    return { kind: 'problem', reason: `${url.href} answers ${response.statusCode ?? 'nothing'}` };
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limitBytes) {
      response.destroy();
      return { kind: 'problem', reason: `${url.href} is larger than ${limitBytes} bytes` };
    }
    chunks.push(chunk);
  }
  return { kind: 'bytes', bytes: Buffer.concat(chunks) };
}
