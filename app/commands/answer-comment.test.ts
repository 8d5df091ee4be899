import { describe, expect, it } from 'vitest';
import type { Comment } from '../github/comments.ts';
import type { Permission } from '../github/permissions.ts';
import { answerComment } from './answer-comment.ts';
import type { CommentWork } from './answer-comment.ts';
import type { Command, CommandContext } from './command.ts';

const writtenAt = '2026-11-21T12:00:00Z';
const comment = (body: string, more: Partial<Comment> = {}): Comment => ({
  id: 7,
  issue: 12,
  body,
  login: 'ola',
  isBot: false,
  url: 'https://github.example/acme/models/pull/12#issuecomment-7',
  createdAt: writtenAt,
  updatedAt: writtenAt,
  ...more,
});

function record(options: { permission?: Permission; answered?: boolean; minutesLater?: number } = {}) {
  const log: string[] = [];
  const command = (name: string): Command => ({
    name,
    usage: `/${name}`,
    does: name,
    run(invocation) {
      log.push(`did ${invocation.line}`);
      if (invocation.words.includes('boom')) return Promise.reject(new Error('the fleet is gone'));
      return Promise.resolve({ kind: invocation.words.includes('no') ? 'refused' : 'done', text: `text of ${name}` });
    },
  });
  const work: CommentWork = {
    commands: [command('rollback'), command('status')],
    now: () => new Date(new Date(writtenAt).getTime() + (options.minutesLater ?? 0) * 60_000),
    react: (_, reaction) => {
      log.push(reaction);
      return Promise.resolve();
    },
    hasAnswered: () => Promise.resolve(options.answered ?? false),
    reply: (_, text) => {
      log.push(`reply: ${text}`);
      return Promise.resolve();
    },
    permission: () => Promise.resolve(options.permission ?? { kind: 'allowed' }),
    // The commands above use nothing of it.
    contextOf: () => Promise.resolve({} as CommandContext),
    onError: (error) => log.push(`error: ${error instanceof Error ? error.message : String(error)}`),
  };
  return { work, log };
}

describe('answering a comment', () => {
  it('sees, does, replies once and says that it is done', async () => {
    const { work, log } = record();
    await answerComment(comment('/rollback income because slow\n/status'), work);
    expect(log).toEqual([
      'eyes',
      'did /rollback income because slow',
      'did /status',
      'reply: > /rollback income because slow\n\ntext of rollback\n\n> /status\n\ntext of status',
      'rocket',
    ]);
  });

  it('is confused when one of several was refused', async () => {
    const { work, log } = record();
    await answerComment(comment('/rollback no\n/status'), work);
    expect(log.at(-1)).toBe('confused');
  });

  it('tells of a failure and where to look, and does the next command', async () => {
    const { work, log } = record();
    await answerComment(comment('/rollback boom\n/status'), work);
    expect(log).toContain('error: the fleet is gone');
    expect(log).toContain('did /status');
    expect(log.find((entry) => entry.startsWith('reply:'))).toMatch(/failed: the fleet is gone.*`\/status` says/);
    expect(log.at(-1)).toBe('confused');
  });

  it('does nothing that is not permitted, and says who may', async () => {
    const { work, log } = record({ permission: { kind: 'denied', reason: 'that takes `write`; @ola has `read`' } });
    await answerComment(comment('/rollback income'), work);
    expect(log).toEqual(['eyes', 'reply: `/rollback` was not done: that takes `write`; @ola has `read`.', 'confused']);
  });

  it('suggests the nearest command', async () => {
    const { work, log } = record();
    await answerComment(comment('/rolback income'), work);
    expect(log[1]).toBe('reply: There is no command `/rolback`. Was `/rollback` meant? `/help` lists all.');
  });

  it.each([
    ['a bot', comment('/status', { isBot: true })],
    ['nobody (a deleted account)', { ...comment('/status'), login: undefined } as unknown as Comment],
    ['somebody who talks to another bot', comment('/lgtm\n/assign @ola')],
    ['somebody who only talks', comment('looks good')],
  ])('leaves the comment of %s alone', async (_, given) => {
    const { work, log } = record();
    await answerComment(given, work);
    expect(log).toEqual([]);
  });

  it('does not do again what it has answered', async () => {
    const { work, log } = record({ answered: true });
    await answerComment(comment('/rollback income'), work);
    expect(log).toEqual([]);
  });

  it.each([
    ['edited', comment('/rollback income', { updatedAt: '2026-11-21T12:01:00Z' }), 1, /was edited/],
    ['older than fifteen minutes', comment('/rollback income'), 16, /waited for 16 minutes/],
  ])('asks to post a comment anew that is %s', async (_, given, minutesLater, text) => {
    const { work, log } = record({ minutesLater });
    await answerComment(given, work);
    expect(log).toEqual([expect.stringMatching(text), 'confused']);
  });

  it('does what waited for fifteen minutes and no longer', async () => {
    const { work, log } = record({ minutesLater: 15 });
    await answerComment(comment('/status'), work);
    expect(log.at(-1)).toBe('rocket');
  });

  it('does at most ten commands of one comment', async () => {
    const { work, log } = record();
    await answerComment(comment('/status\n'.repeat(12)), work);
    expect(log.filter((entry) => entry.startsWith('did'))).toHaveLength(10);
    expect(log.at(-1)).toBe('confused');
  });
});
