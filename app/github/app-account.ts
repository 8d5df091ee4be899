import type { Request } from './request.ts';

/** The App as GitHub knows it; `request` is authenticated as the App itself, not as an installation. */
export async function readAppAccount(request: Request, signal?: AbortSignal): Promise<{ readonly botLogin: string }> {
  const { data } = await request('GET /app', { request: { signal } });
  if (data?.slug === undefined) throw new Error('GitHub does not say the name of the App (GET /app has no slug)');
  return { botLogin: `${data.slug}[bot]` };
}
