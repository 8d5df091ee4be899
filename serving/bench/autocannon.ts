import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../node_modules/autocannon/autocannon.js', import.meta.url));

export interface Load {
  readonly url: string;
  readonly body: string;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly answered: number;
  /** Connections that failed, and requests that were never answered in time. */
  readonly errors: number;
  readonly non2xx: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Sends POST requests as fast as the connections allow, from a process of its own. */
export async function runLoad({ url, body, connections, seconds }: Load): Promise<LoadResult> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-load-'));
  try {
    const file = join(folder, 'body.json');
    await writeFile(file, body);
    const child = spawn(
      process.execPath,
      [PROGRAM, '--json', '-m', 'POST', '-i', file, '-c', String(connections), '-d', String(seconds), url],
      { stdio: ['ignore', 'pipe', 'ignore'], timeout: (seconds + SPARE_SECONDS) * 1000 },
    );
    // Whatever comes but its own report is a failure to report.
    const result = JSON.parse(await text(child.stdout)) as Report;
    return {
      requestsPerSecond: result.requests.average,
      answered: result['2xx'],
      errors: result.errors,
      non2xx: result.non2xx,
      p50Ms: result.latency.p50,
      p99Ms: result.latency.p99,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const SPARE_SECONDS = 20;

interface Report {
  readonly requests: { readonly average: number };
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly '2xx': number;
  readonly errors: number;
  readonly non2xx: number;
}
