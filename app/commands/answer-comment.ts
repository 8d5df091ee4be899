import { nearestOf } from '../../checks/manifest/nearest.ts';
import type { Comment } from '../github/comments.ts';
import type { Permission } from '../github/permissions.ts';
import type { Reaction } from '../github/reactions.ts';
import type { Outcome } from '../rollouts/rollouts.ts';
import type { Command, CommandContext } from './command.ts';
import { parseCommands } from './parse-commands.ts';
import type { Invocation } from './parse-commands.ts';

/** What answering a comment needs of GitHub and of the repository it stands in. */
export interface CommentWork {
  readonly commands: readonly Command[];
  readonly now: () => Date;
  react(comment: Comment, reaction: Reaction): Promise<void>;
  /** Whether the App has answered: by a last reaction, or by its reply. */
  hasAnswered(comment: Comment): Promise<boolean>;
  /** Writes the one reply, once. */
  reply(comment: Comment, text: string): Promise<void>;
  /** Asked at the moment of doing. */
  permission(command: string, login: string): Promise<Permission>;
  contextOf(comment: Comment, login: string): Promise<CommandContext>;
  onError(error: unknown, what: string): void;
}

/** A comment that waited longer was not meant for now: who turned production back half an hour ago may not want it any more. */
const freshMs = 15 * 60_000;
const commandLimit = 10;

/**
 * Does what a comment asks for, once: seen 👀, done in order, one reply, and 🚀 when all of it was done or 😕 when not.
 * Comments without commands, and those of bots, are left alone.
 */
export async function answerComment(comment: Comment, work: CommentWork): Promise<void> {
  const { login } = comment;
  if (comment.isBot || login === undefined) return;
  const invocations = parseCommands(comment.body).filter((invocation) => isMeant(invocation, work.commands));
  if (invocations.length === 0 || (await work.hasAnswered(comment))) return;
  const stale = staleness(comment, work.now());
  if (stale !== undefined) {
    await work.reply(comment, stale);
    return work.react(comment, 'confused');
  }
  // Not waited for: GitHub's pace for writes must not hold a rollback.
  const seen = work.react(comment, 'eyes').catch((error: unknown) => work.onError(error, `reacting to ${comment.url}`));
  const outcomes: Outcome[] = [];
  for (const invocation of invocations.slice(0, commandLimit))
    outcomes.push(await perform(invocation, comment, login, work));
  if (invocations.length > commandLimit)
    outcomes.push({ kind: 'refused', text: `A comment may hold ${commandLimit} commands; the others were left out.` });
  await seen;
  await work.reply(comment, replyText(invocations, outcomes));
  await work.react(comment, outcomes.every(({ kind }) => kind === 'done') ? 'rocket' : 'confused');
}

async function perform(invocation: Invocation, comment: Comment, login: string, work: CommentWork): Promise<Outcome> {
  const command = work.commands.find(({ name }) => name === invocation.name);
  if (command === undefined) return unknownCommand(invocation, work.commands);
  try {
    const permission = await work.permission(command.name, login);
    if (permission.kind === 'denied')
      return { kind: 'refused', text: `\`/${command.name}\` was not done: ${permission.reason}.` };
    return await command.run(invocation, await work.contextOf(comment, login));
  } catch (error) {
    work.onError(error, `doing \`${invocation.line}\` of ${comment.url}`);
    return {
      kind: 'refused',
      text: `\`/${command.name}\` failed: ${messageOf(error)}. Whether it took effect, \`/status\` says.`,
    };
  }
}

/** Other bots have commands of their own (`/lgtm`, `/assign`): only what looks like one of ours is answered. */
function isMeant({ name }: Invocation, commands: readonly Command[]): boolean {
  const names = commands.map((command) => command.name);
  return names.includes(name) || nearestOf(name, names) !== undefined;
}

function unknownCommand({ name }: Invocation, commands: readonly Command[]): Outcome {
  const nearest = nearestOf(
    name,
    commands.map((command) => command.name),
  );
  const hint = nearest === undefined ? '' : ` Was \`/${nearest}\` meant?`;
  return { kind: 'refused', text: `There is no command \`/${name}\`.${hint} \`/help\` lists all.` };
}

function staleness(comment: Comment, now: Date): string | undefined {
  if (comment.updatedAt !== comment.createdAt)
    return 'This comment was edited, so nothing in it was done: please post the command anew.';
  const ageMs = now.getTime() - new Date(comment.createdAt).getTime();
  if (ageMs <= freshMs) return undefined;
  return `This comment waited for ${Math.round(ageMs / 60_000)} minutes, so nothing in it was done: please post the command anew if it is still meant.`;
}

function replyText(invocations: readonly Invocation[], outcomes: readonly Outcome[]): string {
  if (outcomes.length === 1) return outcomes[0]?.text ?? '';
  return outcomes
    .map(({ text }, index) => {
      const line = invocations[index]?.line;
      return line === undefined || index >= commandLimit ? text : `> ${line}\n\n${text}`;
    })
    .join('\n\n');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
