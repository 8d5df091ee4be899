import { line as lineShape } from 'd3-shape';
import type { CurveFigure } from '../../checks/report/figure.ts';
import { numberText } from '../../checks/report/format.ts';
import { plotField, type PlotField } from './plot-field.ts';
import { askedLast, styleOfSide } from './side.ts';
import { CHARACTER_PX, type Drawing, line, path, text } from './svg.ts';

type Line = CurveFigure['lines'][number];

const AXES = {
  roc: { most: 1, across: 'false positive rate', up: 'true positive rate' },
  'precision-recall': { most: 1, across: 'recall', up: 'precision' },
} as const;

/** ROC or precision over recall; each curve is named with its area, with a leader from the name to it. */
export function curve(figure: CurveFigure, width: number): Drawing {
  const field = plotField(width, AXES[figure.curve]);
  const shape = lineShape<readonly [number, number]>()
    .x(([x]) => field.x(x))
    .y(([, y]) => field.y(y))
    .digits(1);
  const lines = askedLast(figure.lines);
  const body = [
    field.body,
    ...lines.map((each) => path(styleOfSide(each.side).line, shape(pointsOf(each)) ?? '')),
    ...namesOf(figure.curve, lines, field),
  ].join('');
  return { width, height: field.height, label: figure.says, body };
}

const pointsOf = ({ x, y }: Line): [number, number][] => x.map((value, index) => [value, y[index] ?? 0]);

const wordsOf = ({ label, area }: Line): string => (area === undefined ? label : `${label} ${numberText(area, 3)}`);

/** Where names find room: below the curves of a ROC, low on the left of precision over recall. */
const PLACES = {
  roc: { heights: [0.62, 0.44, 0.26], drop: 0.1 },
  'precision-recall': { heights: [0.34, 0.2, 0.06], drop: 0.1 },
} as const;
const LEADER_PX = 6;

/** The lower curve is named first and highest: its leader then crosses no other curve's name. */
function namesOf(kind: CurveFigure['curve'], lines: readonly Line[], field: PlotField): readonly string[] {
  const { heights } = PLACES[kind];
  return lines
    .toSorted((a, b) => (a.area ?? 0) - (b.area ?? 0))
    .slice(0, heights.length)
    .map((each, index) => {
      const words = wordsOf(each);
      const height = heights[index] ?? 0;
      const anchor = kind === 'roc' ? atHeight(each, height) : atShare(each, 0.35 + 0.2 * index);
      const low = kind === 'roc' ? height - PLACES.roc.drop : height;
      const furthest = field.right - words.length * CHARACTER_PX - 4;
      const wanted = kind === 'roc' ? field.x(anchor[0]) + 48 : field.x(0.06);
      const at = { x: Math.max(field.left + 8, Math.min(furthest, wanted)), y: field.y(low) };
      const [tipX, tipY] = [field.x(anchor[0]), field.y(anchor[1])];
      const startX = kind === 'roc' ? at.x - 3 : at.x + Math.min(60, (words.length * CHARACTER_PX) / 2);
      const startY = kind === 'roc' ? at.y - 4 : at.y - 12;
      const leader = Math.hypot(tipX - startX, tipY - startY) < LEADER_PX ? '' : line('ax', startX, startY, tipX, tipY);
      return leader + text(at.x, at.y, words, { className: `${styleOfSide(each.side).words} halo` });
    });
}

/** The first point of the curve that is as high. */
function atHeight({ x, y }: Line, height: number): readonly [number, number] {
  const index = Math.max(
    0,
    y.findIndex((value) => value >= height),
  );
  return [x[index] ?? 0, y[index] ?? 0];
}

function atShare({ x, y }: Line, share: number): readonly [number, number] {
  const index = Math.max(
    0,
    x.findIndex((value) => value >= share),
  );
  return [x[index] ?? 0, y[index] ?? 0];
}
