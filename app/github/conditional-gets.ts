import type { ProbotOctokit } from 'probot';

/**
 * GETs that were answered before carry the answer's ETag: GitHub says 304 when nothing has changed, which does not count
 * against the hourly limit, and the earlier answer is given again. The sweep and the turns ask the same every few seconds.
 */
type OctokitPlugin = Parameters<typeof ProbotOctokit.plugin>[0];

interface Remembered {
  readonly etag: string;
  readonly response: OctokitResponse;
}

type OctokitResponse = Awaited<ReturnType<InstanceType<typeof ProbotOctokit>['request']>>;

/** Answers kept an App, all installations together; the oldest go first. */
const answerLimit = 500;

export function conditionalGets(): OctokitPlugin {
  const answers = new Map<string, Remembered>();
  const remember = (key: string, answer: Remembered) => {
    answers.delete(key);
    answers.set(key, answer);
    const [oldest] = answers.keys();
    if (answers.size > answerLimit && oldest !== undefined) answers.delete(oldest);
  };
  return (octokit, { auth }) => {
    // What one installation may see is not what another may.
    const installation = String(auth?.installationId ?? 'app');
    octokit.hook.wrap('request', async (request, options) => {
      const streams = options.request.parseSuccessResponseBody === false;
      if (options.method !== 'GET' || streams) return request(options);
      const { url, headers } = octokit.request.endpoint(options);
      const key = [installation, headers.accept, url].join(' ');
      const known = answers.get(key);
      // Changed in place: hooks further in are bound to this very object.
      if (known !== undefined) options.headers = { ...options.headers, 'if-none-match': known.etag };
      try {
        const response = await request(options);
        const { etag } = response.headers;
        if (etag !== undefined) remember(key, { etag, response });
        return response;
      } catch (error) {
        if (known !== undefined && isNotModified(error)) {
          remember(key, known);
          // Callers own what they get.
          return structuredClone(known.response);
        }
        throw error;
      }
    });
    return {};
  };
}

function isNotModified(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'status' in error && error.status === 304;
}
