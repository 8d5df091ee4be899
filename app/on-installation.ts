import { ownerAndName } from './intake.ts';
import type { Intake } from './intake.ts';

interface Payload {
  readonly action: string;
  readonly installation: { readonly id: number };
  /** Of `installation`. */
  readonly repositories?: readonly RepositoryName[] | undefined;
  /** Of `installation_repositories`. */
  readonly repositories_added?: readonly RepositoryName[] | undefined;
}

interface RepositoryName {
  readonly full_name: string;
}

/** The App may look at repositories from now on. What it may no longer see the next sweep finds missing. */
export function onInstallation(payload: Payload, intake: Pick<Intake, 'installed'>): void {
  if (payload.action !== 'created' && payload.action !== 'added') return;
  for (const { full_name } of [...(payload.repositories ?? []), ...(payload.repositories_added ?? [])])
    intake.installed({ installation: payload.installation.id, ...ownerAndName(full_name) });
}
