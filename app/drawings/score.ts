import { scaleLinear } from 'd3-scale';
import type { ScoreFigure } from '../../checks/report/figure.ts';
import { limitText } from '../../checks/report/format.ts';
import { CHARACTER_PX, type Drawing, fitted, rect, text } from './svg.ts';

const PITCH = 30;

/** Points of the most that there are, a bar a part; the least of the parts is marked, since it decides. */
export function score({ parts, says }: ScoreFigure, width: number): Drawing {
  const left = Math.min(width * 0.45, Math.max(0, ...parts.map(({ label }) => label.length)) * CHARACTER_PX + 16);
  const right = width - 72;
  const least = Math.min(...parts.map(({ points }) => points));
  const body = parts
    .map(({ label, points, of }, index) => {
      const y = index * PITCH + PITCH / 2;
      const x = scaleLinear([0, Math.max(of, Number.EPSILON)], [left, right]);
      const lowest = points === least;
      return [
        text(0, y + 4, fitted(label, left - 8), lowest ? { className: 't' } : {}),
        rect('band', left, y - 6, right - left, 12),
        rect(lowest ? 'cand-f' : 'champ-f', left, y - 6, x(Math.min(points, of)) - left, 12),
        text(right + 10, y + 4, `${limitText(points)} of ${limitText(of)}`, lowest ? { className: 't' } : {}),
      ].join('');
    })
    .join('');
  return { width, height: Math.max(1, parts.length) * PITCH + 4, label: says, body };
}
