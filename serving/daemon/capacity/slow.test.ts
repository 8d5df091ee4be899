import { describe, expect, it } from 'vitest';
import { type Misplaced, type RunView, type SlowTimes, movesOf } from './slow.ts';

const times: SlowTimes = { slowRunMs: 20, enterMs: 3_000, leaveMs: 60_000 };

const view = (model: string, runMs: number | undefined, more: Partial<RunView> = {}): RunView => ({
  model,
  runMs,
  isAwake: true,
  isApart: false,
  ...more,
});

/** Who moves after this has been so for so long. */
function movesAfter(ms: number, views: readonly RunView[], given: SlowTimes = times): readonly string[] {
  const first = movesOf(new Map(), views, 1_000, given);
  return movesOf(first.misplaced, views, 1_000 + ms, given).moves;
}

describe('a model moves apart', () => {
  const quick = view('quick', 0.05);
  it.each<[string, readonly RunView[], readonly string[]]>([
    ['when its runs are long, and a quick one is awake', [view('slow', 100), quick], ['slow']],
    ['never when it is alone', [view('slow', 100)], []],
    ['not when its runs are short', [view('slow', 19), quick], []],
    ['not when the others are about as slow', [view('slow', 100), view('other', 26)], []],
    ['when one is four times as quick, though slow itself', [view('slow', 100), view('other', 25)], ['slow']],
    ['not for a quick one that rests', [view('slow', 100), view('quick', 0.05, { isAwake: false })], []],
    ['not before anything is known of it', [view('slow', undefined), quick], []],
    ['not before anything is known of the others', [view('slow', 100), view('quick', undefined)], []],
    ['together with others that are slow', [view('a', 100), view('b', 30), quick], ['a', 'b']],
  ])('%s', (_, views, expected) => {
    expect(movesAfter(times.enterMs, views)).toEqual(expected);
  });

  it('after there was a reason for a while, and not for a moment', () => {
    const views = [view('slow', 100), quick];
    expect(movesAfter(times.enterMs - 1, views)).toEqual([]);
    const { misplaced } = movesOf(new Map(), views, 1_000, times);
    const calm = movesOf(misplaced, [view('slow', 10), quick], 2_000, times);
    expect(movesOf(calm.misplaced, views, 4_000, times).moves).toEqual([]);
  });

  it('never where nothing is called slow', () => {
    const never = { ...times, slowRunMs: Infinity };
    expect(movesAfter(times.enterMs, [view('slow', 1e6), quick], never)).toEqual([]);
    expect(movesAfter(times.leaveMs, [view('slow', 1e6, { isApart: true }), quick], never)).toEqual(['slow']);
  });
});

describe('a model moves back', () => {
  const apart = (runMs: number | undefined) => view('slow', runMs, { isApart: true });
  it.each<[string, readonly RunView[], readonly string[]]>([
    ['when it is alone', [apart(100)], ['slow']],
    ['when its runs have become short', [apart(9), view('quick', 0.05)], ['slow']],
    ['not while its runs are long', [apart(100), view('quick', 0.05)], []],
    ['not while its runs are only a little shorter than those of a slow one', [apart(11), view('quick', 0.05)], []],
    ['when the others have become nearly as slow', [apart(100), view('other', 51)], ['slow']],
    ['not when the others have become a little slower', [apart(100), view('other', 49)], []],
    ['not since the others rest: they may wake', [apart(100), view('quick', 0.05, { isAwake: false })], []],
    ['not before it is known how long it runs', [apart(undefined), view('quick', 0.05)], []],
    ['not before it is known how long the others run', [apart(100), view('quick', undefined)], []],
  ])('%s', (_, views, expected) => {
    expect(movesAfter(times.leaveMs, views)).toEqual(expected);
  });

  it('only after that has been so for long', () => {
    expect(movesAfter(times.leaveMs - 1, [apart(100)])).toEqual([]);
  });
});

it('moves no model back and forth, whatever its runs do between what is slow and half of that', () => {
  let misplaced: Misplaced = new Map();
  let isApart = false;
  let moves = 0;
  for (let second = 0; second < 600; second++) {
    const runMs = second % 90 < 45 ? 25 : 12;
    const turned = movesOf(misplaced, [view('slow', runMs, { isApart }), view('quick', 0.05)], second * 1000, times);
    misplaced = turned.misplaced;
    moves += turned.moves.length;
    if (turned.moves.length > 0) isApart = !isApart;
  }
  expect(moves).toBe(1);
});
