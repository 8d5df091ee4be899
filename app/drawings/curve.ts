import { line as lineShape } from 'd3-shape';
import type { CurveFigure } from '../../checks/report/figure.ts';
import { numberText } from '../../checks/report/format.ts';
import { plotField, type PlotField } from './plot-field.ts';
import { askedLast, styleOfSide } from './side.ts';
import { CHARACTER_PX, type Drawing, line, path, text } from './svg.ts';

type Line = CurveFigure['lines'][number];

const AXES = {
  roc: { most: 1, across: 'false positive rate', up: 'true positive rate', diagonal: true },
  'precision-recall': { most: 1, across: 'recall', up: 'precision', diagonal: false },
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

/** Heights at which names of a ROC find room, below the curves. */
const ROC_HEIGHTS = [0.62, 0.44, 0.26] as const;
const ROC_DROP = 0.1;
/** A curve that comes so near to chance leaves room only low on the right, and so do three. */
const NEAR_CHANCE = 0.75;
const CROWDED_TOP = 0.3;
const CROWDED_PITCH_PX = 20;
/** Low on the plane of precision over recall, side by side: where names begin, and where their leaders go to. */
const PRECISION_PLACES = [
  { from: 0.06, anchor: 0.26 },
  { from: 0.53, anchor: 0.72 },
] as const;
const PRECISION_HEIGHT = 0.13;

const namesOf = (kind: CurveFigure['curve'], lines: readonly Line[], field: PlotField): readonly string[] => {
  // The lower curve is named first: its leader then crosses no other curve's name.
  const rising = lines.toSorted((a, b) => (a.area ?? 0) - (b.area ?? 0));
  return kind === 'roc' ? rocNames(rising, field) : precisionNames(rising, field);
};

function rocNames(lines: readonly Line[], field: PlotField): readonly string[] {
  const crowded = lines.length > 2 || (lines[0]?.area ?? 1) < NEAR_CHANCE;
  return lines.slice(0, ROC_HEIGHTS.length).map((each, index) => {
    const words = wordsOf(each);
    const height = ROC_HEIGHTS[index] ?? 0;
    const tip = atHeight(each, height);
    const furthest = field.right - words.length * CHARACTER_PX - 4;
    const at = crowded
      ? { x: furthest, y: field.y(CROWDED_TOP) + index * CROWDED_PITCH_PX }
      : { x: Math.min(furthest, field.x(tip[0]) + 48), y: field.y(height - ROC_DROP) };
    return named(each, words, at, { x: at.x - 3, y: at.y - 4 }, { x: field.x(tip[0]), y: field.y(tip[1]) });
  });
}

function precisionNames(lines: readonly Line[], field: PlotField): readonly string[] {
  return PRECISION_PLACES.flatMap(({ from, anchor }, index) => {
    const each = lines[index];
    if (each === undefined) return [];
    const words = wordsOf(each);
    const tip = atShare(each, anchor);
    const at = { x: field.x(from), y: field.y(PRECISION_HEIGHT) };
    const start = { x: at.x + (words.length * CHARACTER_PX) / 2, y: at.y - 12 };
    return named(each, words, at, start, { x: field.x(tip[0]), y: field.y(tip[1]) });
  });
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const named = ({ side }: Line, words: string, at: Point, start: Point, tip: Point): string =>
  line('ax', start.x, start.y, tip.x, tip.y) +
  text(at.x, at.y, words, { className: `${styleOfSide(side).words} halo` });

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
