import { scaleLinear } from 'd3-scale';
import type { FlipsFigure } from '../../checks/report/figure.ts';
import { countText } from '../../checks/report/format.ts';
import { CHARACTER_PX, type Drawing, fitted, line, rect, text } from './svg.ts';

const PITCH = 28;
const TOP = 30;
const MOST_MOVES = 8;

export interface Move {
  readonly from: string;
  readonly to: string;
  readonly count: number;
}

/** What the champion said and the candidate says now, most frequent first; those that stayed are left out. */
export function movesOf({ classes, counts }: FlipsFigure): readonly Move[] {
  return counts
    .flatMap((row, from) =>
      row.map((count, to) => ({ from: classes[from] ?? '', to: classes[to] ?? '', count, stayed: from === to })),
    )
    .filter(({ count, stayed }) => count > 0 && !stayed)
    .toSorted((a, b) => b.count - a.count)
    .map(({ from, to, count }) => ({ from, to, count }));
}

/** Decisions that changed, one bar a direction. */
export function flips(figure: FlipsFigure, width: number): Drawing {
  const all = movesOf(figure);
  const moves = all.slice(0, MOST_MOVES);
  const total = figure.counts.flat().reduce((sum, count) => sum + count, 0);
  const changed = all.reduce((sum, { count }) => sum + count, 0);
  const names = moves.map(({ from, to }) => `${from} → ${to}`);
  const left = Math.min(width * 0.42, Math.max(72, ...names.map((name) => name.length * CHARACTER_PX + 12)));
  const right = width - 56;
  const bottom = TOP + Math.max(1, moves.length) * PITCH;
  const x = scaleLinear([0, Math.max(1, ...moves.map(({ count }) => count))], [left, right]);
  const body = [
    text(0, 14, `${countText(changed)} of ${countText(total)} decisions change`, { className: 't' }),
    line('ax', left, TOP, left, bottom),
    ...moves.map(({ count }, index) => {
      const y = TOP + index * PITCH + PITCH / 2;
      return (
        text(0, y + 4, fitted(names[index] ?? '', left - 8)) +
        rect('cand-f', left, y - 6, x(count) - left, 12) +
        text(x(count) + 8, y + 4, countText(count), { className: 't' })
      );
    }),
    all.length > moves.length ? text(0, bottom + 16, `and ${all.length - moves.length} more directions`) : '',
  ].join('');
  return { width, height: bottom + (all.length > moves.length ? 24 : 6), label: figure.says, body };
}
