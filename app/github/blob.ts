import { blobIdOf } from './object-store.ts';
import type { ObjectStore } from './object-store.ts';
import type { Repository } from './request.ts';

/**
 * A blob's bytes, from the store when they were read before, verified against its id.
 *
 * Asked for raw and taken as a stream: GitHub labels raw blobs `charset=utf-8`, and Octokit would decode a model as text.
 *
 * @throws when it is larger than `limitBytes`, or is not what its id says
 */
export async function readBlob(
  repository: Repository,
  blob: { readonly sha: string; readonly limitBytes: number },
  store: ObjectStore,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const stored = await store.get(blob.sha);
  if (stored !== undefined) return stored;
  const { owner, repo, request } = repository;
  const { data } = await request('GET /repos/{owner}/{repo}/git/blobs/{file_sha}', {
    owner,
    repo,
    file_sha: blob.sha,
    headers: { accept: 'application/vnd.github.raw+json' },
    request: { signal, parseSuccessResponseBody: false },
  });
  // The route is typed for its JSON form; `parseSuccessResponseBody: false` gives the body itself.
  const bytes = await collect(data as unknown as ReadableStream<Uint8Array>, blob);
  if (blobIdOf(bytes, blob.sha.length) !== blob.sha)
    throw new Error(`GitHub's answer for blob ${blob.sha} of ${owner}/${repo} has other bytes than that id names`);
  await store.put(blob.sha, bytes);
  return bytes;
}

async function collect(stream: ReadableStream<Uint8Array>, blob: { sha: string; limitBytes: number }) {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > blob.limitBytes)
      throw new Error(`Blob ${blob.sha} is larger than the ${blob.limitBytes} bytes that are read`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
