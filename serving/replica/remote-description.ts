import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { Refusal } from '../protocol/refusal.ts';

const LIMIT_MS = 5_000;

/** What the process of an arm says of its model, asked over its Unix socket: the protocol's metadata, or Triton's configuration. Rejects with a Refusal. */
export async function remoteDescription(
  socketPath: string,
  model: string,
  what: 'metadata' | 'config',
): Promise<Readonly<Record<string, unknown>>> {
  const path = `/v2/models/${encodeURIComponent(model)}${what === 'config' ? '/config' : ''}`;
  try {
    const described: unknown = JSON.parse(await bodyAt(socketPath, path));
    if (typeof described === 'object' && described !== null) return { ...described };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Refusal(503, `the process that runs model '${model}' did not describe it: ${reason}`, {
      retryAfterSeconds: 1,
    });
  }
  throw new Refusal(503, `the process that runs model '${model}' described it by no object`, { retryAfterSeconds: 1 });
}

function bodyAt(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path, signal: AbortSignal.timeout(LIMIT_MS) }, (response) => {
      text(response).then((body) => {
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`status ${response.statusCode}: ${body}`));
      }, reject);
    });
    asking.on('error', reject);
    asking.end();
  });
}
