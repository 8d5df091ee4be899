import { describe, expect, it } from 'vitest';
import { createQueue } from './queue.ts';
import type { Job, QueueOptions } from './queue.ts';

function open(options: Partial<QueueOptions> = {}) {
  const log: string[] = [];
  const queue = createQueue({
    concurrency: 2,
    limit: 10,
    jobLimitMs: 60_000,
    onError: (error, key) => log.push(`${key} failed: ${error instanceof Error ? error.message : String(error)}`),
    onDrop: (key) => log.push(`${key} dropped`),
    ...options,
  });
  /** A job that ends when told, or when it is aborted. */
  const job = (key: string, name: string, repeat: Job['repeat'] = 'follows') => {
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    queue.add({
      key,
      repeat,
      async run(signal) {
        log.push(`${name} starts`);
        const aborted = new Promise<never>((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        });
        try {
          await Promise.race([ended, aborted]);
          log.push(`${name} ends`);
        } catch (error) {
          log.push(`${name} aborted`);
          throw error;
        }
      },
    });
    return () => end();
  };
  return { queue, log, job };
}

describe('the queue behind the webhooks', () => {
  it('works on one job of a key at a time, and on different keys at once', async () => {
    const { queue, log, job } = open();
    const ends = [job('a', 'a1'), job('a', 'a2'), job('b', 'b1')];
    expect(log).toEqual(['a1 starts', 'b1 starts']);
    ends.forEach((end) => end());
    await queue.idle();
    expect(log.indexOf('a2 starts')).toBeGreaterThan(log.indexOf('a1 ends'));
  });

  it('never works on more than it may', async () => {
    const { queue, log, job } = open({ concurrency: 1 });
    const ends = [job('a', 'a1'), job('b', 'b1')];
    expect(log).toEqual(['a1 starts']);
    ends.forEach((end) => end());
    await queue.idle();
    expect(log).toEqual(['a1 starts', 'a1 ends', 'b1 starts', 'b1 ends']);
  });

  it('aborts what a newer job supersedes, drops what waits, and starts the newest when the old one has ended', async () => {
    const { queue, log, job } = open();
    job('a', 'a1', 'supersedes');
    job('a', 'a2', 'supersedes');
    job('a', 'a3', 'supersedes')();
    await queue.idle();
    expect(log).toEqual(['a1 starts', 'a1 aborted', 'a3 starts', 'a3 ends']);
  });

  it('joins a job to one that waits, not to one that runs: that one may have looked already', async () => {
    const { queue, log, job } = open();
    const ends = [job('a', 'a1', 'joins'), job('a', 'a2', 'joins'), job('a', 'a3', 'joins')];
    ends.forEach((end) => end());
    await queue.idle();
    expect(log).toEqual(['a1 starts', 'a1 ends', 'a2 starts', 'a2 ends']);
  });

  it('drops the oldest that waits when too many do, and says so', async () => {
    const { queue, log, job } = open({ concurrency: 1, limit: 2 });
    const ends = ['a', 'b', 'c', 'd'].map((key) => job(key, key));
    expect(log).toEqual(['a starts', 'b dropped']);
    ends.forEach((end) => end());
    await queue.idle();
    expect(log.slice(2)).toEqual(['a ends', 'c starts', 'c ends', 'd starts', 'd ends']);
  });

  it('tells of a failure and goes on', async () => {
    const { queue, log, job } = open({ concurrency: 1 });
    queue.add({ key: 'x', repeat: 'follows', run: () => Promise.reject(new Error('no')) });
    job('y', 'y')();
    await queue.idle();
    expect(log).toEqual(['x failed: no', 'y starts', 'y ends']);
  });

  it('aborts a job that takes too long, and tells of it', async () => {
    const { queue, log, job } = open({ jobLimitMs: 1 });
    job('a', 'a1');
    await queue.idle();
    expect(log).toEqual(['a1 starts', 'a1 aborted', 'a failed: aborted']);
  });

  it('stops: takes nothing more, aborts what does not end in time, and waits for its end', async () => {
    const { queue, log, job } = open({ concurrency: 1 });
    job('a', 'a1');
    job('b', 'b1');
    await queue.stop(0);
    job('c', 'c1');
    expect(log).toEqual(['a1 starts', 'a1 aborted']);
    expect(queue.has('c')).toBe(false);
  });
});
