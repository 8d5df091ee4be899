/**
 * What the repository and the fleet know beside the files of a proposal: who approved, what the tests of the training code said, what was rolled
 * out and back before. Facts only; `compliance` and `readiness` judge them. Each carries the address at which it can be looked up.
 */
export interface Governance {
  /** Reviewers whose latest review of the head commit approves, without the authors and committers of the proposal. */
  readonly approvals?: readonly { readonly by: string; readonly at: string; readonly url?: string }[];
  /** The check runs and statuses of the head commit that are not Slipway's own. */
  readonly continuousIntegration?: readonly {
    readonly name: string;
    readonly conclusion: string;
    readonly url?: string;
  }[];
  /** Rollouts of this model that ended, newest first. */
  readonly rollouts?: readonly {
    readonly version: string;
    readonly outcome: 'promoted' | 'aborted' | 'rolled-back';
    readonly at: string;
    /** Whether it went through weighted steps with analysis. */
    readonly canaried: boolean;
    readonly url?: string;
  }[];
  /** Whether production's requests are recorded: at least as many as the drift check needs. Whether labels come back is seen in the recorded rows. */
  readonly monitoring?: { readonly recordsPredictions: boolean; readonly url?: string };
  /** Whether the proposal came by a reviewed pull request, and who must own it. */
  readonly review?: { readonly url: string; readonly codeOwners: boolean };
}
