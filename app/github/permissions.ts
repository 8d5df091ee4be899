import { hasStatus } from './request.ts';
import type { Repository } from './request.ts';

/** GitHub's roles on a repository, weakest first; each may do what those before it may. */
export const roles = ['read', 'triage', 'write', 'maintain', 'admin'] as const;
export type Role = (typeof roles)[number];

export function isRole(name: string): name is Role {
  return (roles as readonly string[]).includes(name);
}

export function isAtLeast(role: Role | 'none', needed: Role): boolean {
  return role !== 'none' && roles.indexOf(role) >= roles.indexOf(needed);
}

/** The role that GitHub gives a person on a repository now. */
export async function roleOf(repository: Repository, login: string, signal?: AbortSignal): Promise<Role | 'none'> {
  const { owner, repo, request } = repository;
  try {
    const { data } = await request('GET /repos/{owner}/{repo}/collaborators/{username}/permission', {
      owner,
      repo,
      username: login,
      request: { signal },
    });
    // `role_name` may be an organization's own role; `permission` then says which of the classic ones it rests on.
    if (data.role_name !== undefined && isRole(data.role_name)) return data.role_name;
    return isRole(data.permission) ? data.permission : 'none';
  } catch (error) {
    if (hasStatus(error, 404)) return 'none';
    throw error;
  }
}

export type Permission =
  | { readonly kind: 'allowed' }
  /** A sentence that says who may. */
  | { readonly kind: 'denied'; readonly reason: string };

/** Whether a person may do what the policy allows to `needed`: a role, or a team. Asked at the moment of doing. */
export async function permissionOf(
  roleNow: (login: string) => Promise<Role | 'none'>,
  login: string,
  needed: string,
): Promise<Permission> {
  if (!isRole(needed)) return { kind: 'denied', reason: unsupported(needed) };
  const role = await roleNow(login);
  if (isAtLeast(role, needed)) return { kind: 'allowed' };
  const has = role === 'none' ? 'no access' : `\`${role}\``;
  return {
    kind: 'denied',
    reason: `that takes the \`${needed}\` permission on this repository (or more); @${login} has ${has}`,
  };
}

function unsupported(needed: string): string {
  if (needed.startsWith('@'))
    return `the policy (\`.github/slipway.yml\`, \`permissions\`) gives this to the team ${needed}, and teams are not supported yet: name a role there (${roles.join(', ')})`;
  return `the policy (\`.github/slipway.yml\`, \`permissions\`) names \`${needed}\`, which is neither a role (${roles.join(', ')}) nor a team`;
}
