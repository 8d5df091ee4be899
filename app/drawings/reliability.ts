import { scaleLinear } from 'd3-scale';
import type { ReliabilityFigure } from '../../checks/report/figure.ts';
import { plotField } from './plot-field.ts';
import { askedLast, sideMark, styleOfSide } from './side.ts';
import { CHARACTER_PX, type Drawing, line, text } from './svg.ts';

/** What was predicted against how often it came true, with the interval of each bin; on the diagonal they agree. */
export function reliability(figure: ReliabilityFigure, width: number): Drawing {
  const lines = askedLast(figure.lines);
  const ends = lines.flatMap(({ bins }) =>
    bins.flatMap(({ predicted, observed, interval }) => [predicted, observed, interval[1]]),
  );
  const most = Math.min(
    1,
    scaleLinear([0, Math.max(0.01, ...ends)], [0, 1])
      .nice(4)
      .domain()[1] ?? 1,
  );
  const field = plotField(width, { most, across: 'score', up: 'share that came true' });
  const { x, y } = field;
  const marks = lines.map(({ side, bins }) =>
    bins
      .map(
        ({ predicted, observed, interval }) =>
          line(`${styleOfSide(side).line} thin`, x(predicted), y(interval[0]), x(predicted), y(interval[1])) +
          sideMark(side, x(predicted), y(observed)),
      )
      .join(''),
  );
  // Marks interleave, so that no leader could tell them apart: a key, in the corner that a calibrated model leaves empty.
  const longest = Math.max(0, ...lines.map(({ label }) => label.length));
  const key = lines.toReversed().map(({ side, label }, index) => {
    const at = { x: field.right - longest * CHARACTER_PX - 12, y: field.bottom - 52 + index * 18 };
    return (
      sideMark(side, at.x, at.y - 4) + text(at.x + 9, at.y, label, { className: `${styleOfSide(side).words} halo` })
    );
  });
  return { width, height: field.height, label: figure.says, body: [field.body, ...marks, ...key].join('') };
}
