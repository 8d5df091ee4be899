import { allPages } from './pages.ts';
import type { Request } from './request.ts';

const pageLimit = 100;

/** Ids of the installations that are not suspended; `request` as the App. */
export async function listInstallations(request: Request, signal?: AbortSignal): Promise<readonly number[]> {
  const installations = await allPages(
    async (page) => (await request('GET /app/installations', { ...page, request: { signal } })).data,
    pageLimit,
  );
  return installations.filter(({ suspended_at }) => !suspended_at).map(({ id }) => Number(id));
}

/** Full names of the repositories that an installation may look at; `request` as that installation. Archived ones are left out. */
export async function listInstalledRepositories(request: Request, signal?: AbortSignal): Promise<readonly string[]> {
  const repositories = await allPages(
    async (page) =>
      (await request('GET /installation/repositories', { ...page, request: { signal } })).data.repositories,
    pageLimit,
  );
  return repositories.filter(({ archived }) => archived !== true).map(({ full_name }) => full_name);
}
