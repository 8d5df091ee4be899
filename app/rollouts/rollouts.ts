/**
 * What people may ask of the rollouts of one repository, whatever carries the wish: a comment, the command line, a button.
 * Permission is the caller's business and is checked before.
 */
export interface Rollouts {
  rollback(wish: Wish & { readonly to?: string }, signal: AbortSignal): Promise<Outcome>;
  /** `force`: also when the evidence does not suffice, or the stable arm itself is failing. */
  promote(wish: Wish & { readonly force: boolean }, signal: AbortSignal): Promise<Outcome>;
  pause(wish: Wish, signal: AbortSignal): Promise<Outcome>;
  resume(wish: Wish, signal: AbortSignal): Promise<Outcome>;
  abort(wish: Wish, signal: AbortSignal): Promise<Outcome>;
  /** Lifts hold and quarantine, and starts the rollout of git's revision again. */
  unhold(wish: Wish, signal: AbortSignal): Promise<Outcome>;
  /** Looks at git and the fleet now, for one model or all. */
  sync(wish: { readonly model?: string; readonly by: string }, signal: AbortSignal): Promise<Outcome>;
  /** Markdown: what runs, what rolls, what its step still needs. */
  status(model: string | undefined, signal: AbortSignal): Promise<Outcome>;
  /** One turn of the reconcile loop for every model; called on pushes and by the clock. Never throws for one model's sake. */
  turn(now: Date, signal: AbortSignal): Promise<void>;
}

export interface Wish {
  readonly model: string;
  /** GitHub login. */
  readonly by: string;
  readonly because?: string;
  /** Where it was asked, for links and idempotence: the comment's html_url. */
  readonly source: string;
}

/** `text` is Markdown, complete sentences, ready to be posted as the one reply. */
export type Outcome =
  | { readonly kind: 'done'; readonly text: string }
  | { readonly kind: 'refused'; readonly text: string };
