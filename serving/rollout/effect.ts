/**
 * What a turn wants the world to be told. Effects are data: they are kept in the fleet's state beside the rollout until they
 * are done (an outbox), and each carries a key by which its doer finds out whether it was done before. So a control plane
 * that dies at any point does all of them, and none twice.
 */
export type Effect = EffectCause & EffectDeed;

export interface EffectCause {
  /** Unique for ever: doing an effect whose key is known does nothing. */
  readonly key: string;
  /** ISO date-time of the decision. */
  readonly at: string;
  /** A GitHub login, or `slipway`. */
  readonly by: string;
  readonly subject: Subject;
}

export type EffectDeed =
  | {
      readonly kind: 'deployment';
      /** Payload key of the GitHub deployment: the rollout's id. */
      readonly deployment: string;
      readonly state: 'queued' | 'in_progress' | 'success' | 'failure' | 'inactive';
      /** At most 140 characters. */
      readonly description: string;
    }
  | { readonly kind: 'record'; readonly event: RecordKind; readonly because?: string; readonly data?: Data }
  | { readonly kind: 'quarantine'; readonly because: string }
  /** Markdown, on the subject's pull request. */
  | { readonly kind: 'comment'; readonly text: string }
  /** Makes git name `to` again: a pull request with the evidence (Markdown). */
  | { readonly kind: 'revert'; readonly to: Subject; readonly evidence: string };

/** Kinds of the ledger (app/ledger/ledger.ts) that rollouts write. */
export type RecordKind =
  | 'rollout-started'
  | 'rollout-step'
  | 'rollout-paused'
  | 'rollout-resumed'
  | 'promoted'
  | 'aborted'
  | 'superseded'
  | 'rolled-back'
  | 'held'
  | 'hold-ended'
  | 'quarantine-lifted'
  | 'healed'
  | 'retired';

/** A revision with where it came from, so that an effect can be understood on its own. */
export interface Subject {
  readonly model: string;
  readonly revision: string;
  readonly version: string;
  /** The commit of the default branch that brought it. */
  readonly commit?: string;
  readonly pullRequest?: number;
}

export type Data = { readonly [name: string]: DataValue };
type DataValue = string | number | boolean | null | readonly DataValue[] | Data;
