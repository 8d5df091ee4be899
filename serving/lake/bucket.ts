import { createHash } from 'node:crypto';
import { AwsClient } from 'aws4fetch';

/** A bucket of S3 or of anything that speaks its protocol (MinIO, Ceph, R2, Garage, …), and the prefix under which the log lies there. */
export interface BucketOptions {
  readonly bucket: string;
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string;
  readonly region: string;
  /** `https://…` of a server that is not AWS; it is asked by path (`/bucket/key`). Undefined: AWS. */
  readonly endpoint?: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

export interface StoredObject {
  /** Without the prefix. */
  readonly key: string;
  readonly sizeBytes: number;
}

/** `s3://bucket/prefix` as its two parts; undefined where it is none. */
export function bucketOfUrl(url: string): { readonly bucket: string; readonly prefix: string } | undefined {
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(url) ?? [];
  return bucket === undefined ? undefined : { bucket, prefix: prefix.replace(/^\/+|\/+$/g, '') };
}

/** What the log asks of a bucket. Each request has a limit; what fails says which object and why, and nothing of the credentials. */
export class Bucket {
  readonly #options: BucketOptions;
  readonly #client: AwsClient;
  readonly #root: string;

  constructor(options: BucketOptions) {
    this.#options = options;
    const { bucket, endpoint, region } = options;
    // Trying again is the uploader's, which has more patience.
    this.#client = new AwsClient({ ...options.credentials, service: 's3', region, retries: 0 });
    this.#root =
      endpoint === undefined
        ? `https://${bucket}.s3.${region}.amazonaws.com`
        : `${endpoint.replace(/\/+$/, '')}/${encodeURIComponent(bucket)}`;
  }

  /** Puts an object there, and proves that it is: the server checks the bytes' SHA-256 as it takes them, then says what it has. */
  async put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const response = await this.#ask('PUT', key, {
      body: bytes,
      headers: {
        'content-type': key.endsWith('.parquet') ? 'application/vnd.apache.parquet' : 'application/x-ndjson',
        'x-amz-content-sha256': createHash('sha256').update(bytes).digest('hex'),
      },
    });
    await response.arrayBuffer();
    const etag = (response.headers.get('etag') ?? '').replaceAll('"', '');
    // The ETag is the MD5 of what was stored, unless the bucket encrypts with keys of its own.
    if (etag !== createHash('md5').update(bytes).digest('hex')) await this.#verifySize(key, bytes.length);
  }

  async #verifySize(key: string, sizeBytes: number): Promise<void> {
    const response = await this.#ask('HEAD', key);
    const found = Number(response.headers.get('content-length') ?? Number.NaN);
    if (found !== sizeBytes) throw new Error(`${key} has ${found} bytes in the bucket, ${sizeBytes} were sent`);
  }

  /** Undefined: there is no such object (any more). */
  async get(key: string): Promise<Uint8Array | undefined> {
    const response = await this.#ask('GET', key, {}, [NOT_FOUND]);
    if (response.status === NOT_FOUND) return undefined;
    return new Uint8Array(await response.arrayBuffer());
  }

  async delete(key: string): Promise<void> {
    await (await this.#ask('DELETE', key, {}, [NOT_FOUND])).arrayBuffer();
  }

  /** Every object below a key, in the order of their names. */
  async list(below: string): Promise<readonly StoredObject[]> {
    const objects: StoredObject[] = [];
    let token: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = new URLSearchParams({
        'list-type': '2',
        'encoding-type': 'url',
        prefix: this.#keyOf(below),
        ...(token === undefined ? {} : { 'continuation-token': token }),
      });
      const text = await (await this.#request('GET', `/?${query.toString()}`, `the list of ${below}`)).text();
      for (const [, item = ''] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs))
        objects.push({
          key: decodeURIComponent((tagOf(item, 'Key') ?? '').replaceAll('+', ' ')).slice(this.#keyOf('').length),
          sizeBytes: Number(tagOf(item, 'Size')),
        });
      token = tagOf(text, 'NextContinuationToken');
      if (token === undefined) return objects;
    }
    throw new Error(`more than ${MAX_PAGES} pages of objects below ${below}`);
  }

  #keyOf(key: string): string {
    const { prefix } = this.#options;
    return prefix === '' ? key : `${prefix}/${key}`;
  }

  #ask(method: string, key: string, init: RequestInit = {}, allowed: readonly number[] = []): Promise<Response> {
    const path = this.#keyOf(key).split('/').map(encodeURIComponent).join('/');
    return this.#request(method, `/${path}`, key, init, allowed);
  }

  async #request(
    method: string,
    path: string,
    what: string,
    init: RequestInit = {},
    allowed: readonly number[] = [],
  ): Promise<Response> {
    const said = `${method} of ${what} in bucket ${this.#options.bucket}`;
    let response: Response;
    try {
      const signed = await this.#client.sign(`${this.#root}${path}`, { ...init, method });
      response = await fetch(signed, { signal: AbortSignal.timeout(REQUEST_LIMIT_MS), redirect: 'error' });
    } catch (cause) {
      throw new Error(`${said} came to nothing: ${reasonOf(cause)}`, { cause });
    }
    if (response.ok || allowed.includes(response.status)) return response;
    const text = await response.text();
    throw new Error(
      `${said} was answered with ${response.status} ${tagOf(text, 'Code') ?? ''} ${tagOf(text, 'Message') ?? ''}`.trim(),
    );
  }
}

const NOT_FOUND = 404;
const REQUEST_LIMIT_MS = 60_000;
/** A page lists a thousand. */
const MAX_PAGES = 1_000;

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

/** S3's answers are flat XML whose values, asked for as such, are URL-encoded. */
function tagOf(xml: string, name: string): string | undefined {
  const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return found?.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
