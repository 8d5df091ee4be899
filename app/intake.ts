import type { Comment } from './github/comments.ts';

/** A repository as one installation of the App may reach it. */
export interface Place {
  readonly installation: number;
  readonly owner: string;
  readonly repo: string;
}

/**
 * What webhooks and the sweep ask for. Every call returns at once: the work is queued, and looks at GitHub for what is true
 * when it runs. Asking twice is harmless.
 */
export interface Intake {
  /** Judge a proposal; `fresh`: a person wants every check to run again. */
  proposal(place: Place, number: number, how: 'fresh' | 'quiet'): void;
  /** The same for the open proposals with this head. */
  proposalsAt(place: Place, headSha: string): void;
  /** Nothing is to be judged any more. */
  proposalClosed(place: Place, number: number): void;
  /** Somebody approved, or took it back. */
  approvals(place: Place, number: number): void;
  /** A training of a model in a proposal with this head ended. */
  trained(place: Place, headSha: string): void;
  comment(place: Place, comment: Comment): void;
  /** Somebody pressed a button of a check run that does not re-run it. */
  button(place: Place, press: ButtonPress): void;
  /** The default branch changed. */
  pushed(place: Place): void;
  /** The App may look at this repository from now on. */
  installed(place: Place): void;
}

export interface ButtonPress {
  readonly identifier: 'waive' | 'explain';
  readonly pullRequest: number;
  readonly checkRun: number;
  /** The check run's name: `baseline`, `income/baseline`. */
  readonly name: string;
  readonly by: string;
}

/** What every repository's webhook tells of where it comes from. */
export interface PlacePayload {
  readonly installation?: { readonly id: number } | undefined;
  readonly repository: { readonly full_name: string };
}

/** @throws for a webhook that is not an App's: those name their installation */
export function placeOf({ installation, repository }: PlacePayload): Place {
  const { owner, repo } = ownerAndName(repository.full_name);
  if (installation === undefined) throw new Error(`The webhook about ${owner}/${repo} names no installation`);
  return { installation: installation.id, owner, repo };
}

/** `acme/models`, taken apart. */
export function ownerAndName(fullName: string): { readonly owner: string; readonly repo: string } {
  const [owner, repo, more] = fullName.split('/');
  if (!owner || !repo || more !== undefined) throw new Error(`"${fullName}" is not the full name of a repository`);
  return { owner, repo };
}
