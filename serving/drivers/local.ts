import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type {
  Action,
  Applied,
  ArtifactSource,
  FleetDriver,
  FleetRecords,
  ModelStats,
  ObservedFleet,
} from '../fleet.ts';

export interface LocalDriverOptions {
  /** Where the daemon's admin API answers, `http://127.0.0.1:8003`. */
  readonly adminUrl: string;
  readonly token?: string;
}

/** Drives a fleet daemon, on this machine or on another, through its admin API. */
export function localDriver(options: LocalDriverOptions): FleetDriver & FleetRecords {
  const ask = (method: string, path: string, signal: AbortSignal, body?: string | ReadableStream): Promise<Response> =>
    askDaemon(options, method, path, signal, body);
  return {
    async observe(signal) {
      const response = await ask('GET', '/fleet', signal);
      // The daemon and this driver are one program, of one version.
      return (await okJson(response)) as ObservedFleet;
    },
    apply: (action, source, signal) => applyAction(action, source, signal, ask),
    async stats(model, signal, feedbackSince) {
      const query = feedbackSince === undefined ? '' : `?feedback-since=${feedbackSince.toISOString()}`;
      const response = await ask('GET', `/fleet/models/${encodeURIComponent(model)}/stats${query}`, signal);
      return (await okJson(response)) as ModelStats;
    },
    async predictions({ model, from, to, limit, arm }, file, signal) {
      const query = new URLSearchParams({
        from: from.toISOString(),
        to: to.toISOString(),
        limit: String(limit),
        ...(arm === undefined ? {} : { arm }),
      });
      const response = await ask(
        'GET',
        `/fleet/models/${encodeURIComponent(model)}/predictions?${query.toString()}`,
        signal,
      );
      if (!response.ok || response.body === null) throw await failureOf(response);
      await pipeline(Readable.fromWeb(response.body), createWriteStream(file), { signal });
      return Number(response.headers.get('x-slipway-rows') ?? 0);
    },
  };
}

type Ask = (method: string, path: string, signal: AbortSignal, body?: string | ReadableStream) => Promise<Response>;

/** The longest the daemon takes for a small request: turning a table waits at most a second for its replicas. */
const LIMIT_MS = 30_000;
/** An artifact of some gigabytes over a slow line. */
const ARTIFACT_LIMIT_MS = 1_800_000;

async function askDaemon(
  { adminUrl, token }: LocalDriverOptions,
  method: string,
  path: string,
  signal: AbortSignal,
  body?: string | ReadableStream,
): Promise<Response> {
  const limitMs = body instanceof ReadableStream ? ARTIFACT_LIMIT_MS : LIMIT_MS;
  try {
    return await fetch(`${adminUrl}${path}`, {
      method,
      signal: AbortSignal.any([signal, AbortSignal.timeout(limitMs)]),
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(typeof body === 'string' ? { 'content-type': 'application/json' } : {}),
      },
      ...(body === undefined ? {} : { body, duplex: 'half' }),
    });
  } catch (cause) {
    throw new Error(`the fleet at ${adminUrl} did not answer ${method} ${path}`, { cause });
  }
}

async function applyAction(action: Action, source: ArtifactSource, signal: AbortSignal, ask: Ask): Promise<Applied> {
  switch (action.kind) {
    case 'put-artifact': {
      const path = `/fleet/artifacts/${action.sha256}`;
      if ((await ask('HEAD', path, signal)).ok) return { kind: 'applied' };
      const bytes = await source(action.sha256, signal);
      return outcomeOf(await ask('PUT', path, signal, Readable.toWeb(Readable.from(bytes)) as ReadableStream));
    }
    case 'put-revision': {
      const { model, revision } = action.target;
      const path = `/fleet/models/${encodeURIComponent(model)}/revisions/${encodeURIComponent(revision)}`;
      return outcomeOf(await ask('PUT', path, signal, JSON.stringify(action.target)));
    }
    case 'put-model': {
      const body = JSON.stringify({ generation: action.generation, ...action.target });
      return outcomeOf(await ask('PUT', `/fleet/models/${encodeURIComponent(action.model)}`, signal, body));
    }
    case 'renew-lease': {
      const body = JSON.stringify({ generation: action.generation, seconds: action.seconds });
      return outcomeOf(await ask('POST', `/fleet/models/${encodeURIComponent(action.model)}/lease`, signal, body));
    }
    case 'retire-model': {
      const path = `/fleet/models/${encodeURIComponent(action.model)}?generation=${action.generation}`;
      return outcomeOf(await ask('DELETE', path, signal));
    }
  }
}

const CONFLICT = 409;
const REFUSALS = new Set([400, 422]);

async function outcomeOf(response: Response): Promise<Applied> {
  if (response.ok) {
    await response.body?.cancel();
    return { kind: 'applied' };
  }
  if (response.status === CONFLICT) {
    const found: unknown = await response.json();
    if (typeof found === 'object' && found !== null && 'generation' in found)
      return { kind: 'conflict', generation: Number(found.generation) };
  }
  const failure = await failureOf(response);
  if (REFUSALS.has(response.status)) return { kind: 'refused', reason: failure.message };
  throw failure;
}

async function okJson(response: Response): Promise<unknown> {
  if (!response.ok) throw await failureOf(response);
  return response.json();
}

async function failureOf(response: Response): Promise<Error> {
  const text = await response.text().catch(() => '');
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'error' in parsed) return new Error(String(parsed.error));
  } catch {
    // Not one of ours: said as it is.
  }
  return new Error(`the fleet answered ${response.status}: ${text.slice(0, ANSWER_SHOWN)}`);
}

const ANSWER_SHOWN = 300;
