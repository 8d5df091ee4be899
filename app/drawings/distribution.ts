import { max } from 'd3-array';
import { scaleBand, scaleLinear } from 'd3-scale';
import type { DistributionFigure } from '../../checks/report/figure.ts';
import { limitText, percentText } from '../../checks/report/format.ts';
import { askedLast, styleOfSide } from './side.ts';
import { CHARACTER_PX, type Drawing, fitted, line, rect, text } from './svg.ts';

const LEFT = 40;
/** An edge is a place to look up, not a result. */
const EDGE_DIGITS = 3;
const TOP = 58;
const KEY_Y = 30;
const KEY_PITCH_PX = 16;
/** Semibold letters are wider. */
const BOLD_PX = 8;
const PLOT_HEIGHT = 130;
const KEY_GAP_PX = 16;

/** Both sides' shares by bin: an area for what is held against, a line over it for what is asked about. */
export function distribution(figure: DistributionFigure, width: number): Drawing {
  const [left, right, top, bottom] = [LEFT, width - 8, TOP, TOP + PLOT_HEIGHT];
  const sides = askedLast(figure.sides);
  const names = figure.bins.map((_, index) => String(index));
  const x = scaleBand(names, [left, right]).paddingInner(figure.edges === undefined ? 0.2 : 0.04);
  const most = max(sides.flatMap(({ shares }) => shares)) ?? 0;
  const y = scaleLinear([0, Math.max(most, 0.01)], [bottom, top]).nice(3);
  const ticks = y.ticks(3);
  const bars = sides.map(({ side, shares }) =>
    shares
      .map((share, index) => {
        const at = x(String(index)) ?? left;
        const style = styleOfSide(side);
        return style.isAsked
          ? line(style.line, at, y(share), at + x.bandwidth(), y(share))
          : rect(style.area, at, y(share), x.bandwidth(), bottom - y(share)) +
              line(`${style.line} thin`, at, y(share), at + x.bandwidth(), y(share));
      })
      .join(''),
  );
  const body = [
    ...ticks.map(
      (tick) =>
        line('g', left, y(tick), right, y(tick)) +
        text(
          left - 8,
          y(tick) + 4,
          percentText(tick, tick * 100 === Math.round(tick * 100) ? 0 : 1).replace(' %', ''),
          {
            anchor: 'end',
          },
        ),
    ),
    ...bars,
    line('ax', left, bottom, right, bottom),
    ...binTexts(figure, x, bottom + 18, right),
    text(0, top - 8, '% of rows'),
    ...keyTexts(sides, left, right),
    text(right, bottom + 34, fitted(figure.column, right - left), { anchor: 'end' }),
  ].join('');
  return { width, height: bottom + 40, label: figure.says, body };
}

/** Names in their own colours above the plot: side by side, or one below the other where that is too wide. */
function keyTexts(sides: DistributionFigure['sides'], left: number, right: number): readonly string[] {
  const widths = sides.map(({ label }) => label.length * BOLD_PX + KEY_GAP_PX);
  const stacked = left + widths.reduce((sum, each) => sum + each, 0) - KEY_GAP_PX > right;
  let at = left;
  return sides.map(({ side, label }, index) => {
    const x = stacked ? 0 : at;
    const y = stacked ? KEY_Y - KEY_PITCH_PX * (sides.length - 1 - index) : KEY_Y;
    at += widths[index] ?? 0;
    return text(x, y, fitted(label, (right - x) * (CHARACTER_PX / BOLD_PX)), { className: styleOfSide(side).words });
  });
}

/** Edges under the gaps between bins, else each bin's name; as many as find room. */
function binTexts(
  { bins, edges }: DistributionFigure,
  x: ReturnType<typeof scaleBand<string>>,
  y: number,
  right: number,
): readonly string[] {
  const gap = (x.step() - x.bandwidth()) / 2;
  const places =
    edges === undefined
      ? bins.map((bin, index) => ({ words: bin, at: (x(String(index)) ?? 0) + x.bandwidth() / 2 }))
      : [
          ...edges.map((edge, index) => ({
            words: limitText(Number(edge.toPrecision(EDGE_DIGITS))),
            at: (x(String(index + 1)) ?? right) - gap,
          })),
          // What comes after the numeric bins has a name: missing, unseen.
          ...bins.slice(edges.length + 1).map((bin, index) => ({
            words: bin,
            at: (x(String(edges.length + 1 + index)) ?? right) + x.bandwidth() / 2,
          })),
        ];
  const most = edges === undefined ? Math.max(56, x.step() - 4) : 72;
  let free = 0;
  return places.map(({ words, at }) => {
    const shown = fitted(words, most);
    const half = (shown.length * CHARACTER_PX) / 2;
    const from = Math.max(0, Math.min(right + 8 - 2 * half, at - half));
    if (from < free) return '';
    free = from + 2 * half + 10;
    return text(from + half, y, shown, { anchor: 'middle' });
  });
}
