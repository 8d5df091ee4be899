import { ProbotOctokit } from 'probot';
import { conditionalGets } from './conditional-gets.ts';
import { createPace } from './pace.ts';
import type { PaceLimits } from './pace.ts';

/** No answer of GitHub's takes this long that is still worth having; large blobs come at a few MB a second at least. */
const requestLimitMs = 120_000;
/** GitHub asks for more time between writes that notify people; a quarter of the writes may. */
const notifyingShare = 4;

/**
 * Probot's Octokit as Slipway uses it: paced by installation, not by process (Probot's `context.octokit` of all installations
 * share one limiter, named "no-id"), and POSTs are never repeated by Octokit itself, because a lost answer is not a lost
 * write: `findOrCreate` looks first.
 */
export function octokitOf(limits: PaceLimits): typeof ProbotOctokit {
  const write = createPace(limits);
  const notifications = createPace({
    perMinute: Math.max(1, Math.ceil(limits.perMinute / notifyingShare)),
    perHour: limits.perHour,
  });
  // The function form: options given as an object are overwritten by Probot's own.
  return ProbotOctokit.plugin(keepPostsSingle, conditionalGets()).defaults((options: OctokitOptions) => ({
    ...options,
    throttle: { ...options.throttle, id: String(options.auth?.installationId ?? 'app'), write, notifications },
  }));
}

interface OctokitOptions {
  readonly throttle?: object;
  readonly auth?: { readonly installationId?: number };
}

const keepPostsSingle: Parameters<typeof ProbotOctokit.plugin>[0] = (octokit) => {
  octokit.hook.before('request', (options) => {
    // A new object: without options of its own a request carries the one that all requests share.
    if (options.method === 'POST') options.request = { retries: 0, ...options.request };
  });
  return {};
};

/** `fetch` that gives up after two minutes, whatever its caller does. */
export function limitedFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const limit = AbortSignal.timeout(requestLimitMs);
  return fetch(input, { ...init, signal: init?.signal ? AbortSignal.any([init.signal, limit]) : limit });
}
