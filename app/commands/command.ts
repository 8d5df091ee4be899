import type { Report } from '../../checks/report/report.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Outcome, Rollouts } from '../rollouts/rollouts.ts';
import type { Invocation } from './parse-commands.ts';

/** A chat command. Adding one: a file, its test, one line in `index.ts`. Who may say it is the policy's business. */
export interface Command {
  readonly name: string;
  /** `/rollback MODEL [to VERSION|SHA] [because …]` */
  readonly usage: string;
  /** What it does, as a sentence for `/help`. */
  readonly does: string;
  run(invocation: Invocation, context: CommandContext): Promise<Outcome>;
}

/** What a command may use; each asks for the part that it needs. */
export interface CommandContext {
  readonly rollouts: Rollouts;
  readonly ledger: Ledger;
  readonly subject: Subject;
  /** Trains a model of the proposal that the comment stands under again, for comparison. */
  readonly retrainHere: (model: string, signal: AbortSignal) => Promise<Outcome>;
  /** Who said it. */
  readonly by: string;
  /** The comment's address. */
  readonly source: string;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/** What the comment stands under: a proposal, or the issue of a refused merge; other issues have nothing judged. */
export interface Subject {
  /** Number of the pull request or issue. */
  readonly number: number;
  /** The newest judgement of each of its models. */
  judged(signal: AbortSignal): Promise<readonly Judged[]>;
  /** Who wrote a part of it: they do not waive it, unless `selfWaive`. */
  contributors(signal: AbortSignal): Promise<ReadonlySet<string>>;
  readonly selfWaive: boolean;
  /** Judges it again, all checks anew or from what was measured before; returns at once. False when there is nothing to judge. */
  judgeAgain(how: 'fresh' | 'from-cache'): Promise<boolean>;
}

export interface Judged {
  readonly model: string;
  readonly version: string;
  readonly revision: string;
  readonly commit: string;
  readonly pullRequest?: number;
  /** `sha256:…` */
  readonly digest: string;
  readonly report: Report;
}

/** The refusal of a command that was written wrongly. */
export function usageRefusal(command: Pick<Command, 'usage'>, problem: string): Outcome {
  return { kind: 'refused', text: `${problem} It is written \`${command.usage}\`.` };
}

/** The one model that a command names; a refusal when there is none or more. */
export function oneModel(
  command: Pick<Command, 'usage'>,
  words: readonly string[],
): Outcome | { readonly model: string } {
  const [model, ...others] = words;
  if (model === undefined) return usageRefusal(command, 'The model is missing.');
  if (others.length > 0) return usageRefusal(command, `\`${others.join(' ')}\` was not understood.`);
  return { model };
}
