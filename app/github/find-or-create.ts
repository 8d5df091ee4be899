import { hasStatus } from './request.ts';

const attemptLimit = 3;

/**
 * A write that may be repeated without doing it twice: looks for the thing by its key, makes it when it is not there, and when
 * GitHub's answer got lost (5xx) looks again instead of making a second one. Octokit must not repeat the write by itself
 * (`octokit.ts` turns that off for every POST).
 */
export async function findOrCreate<T>(find: () => Promise<T | undefined>, create: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await find();
    if (found !== undefined) return found;
    try {
      return await create();
    } catch (error) {
      if (attempt === attemptLimit || !hasStatus(error, 500, 502, 503, 504)) throw error;
    }
  }
}
