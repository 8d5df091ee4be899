import { type ScaleLinear, scaleLinear } from 'd3-scale';
import { line, text } from './svg.ts';

/** The plane on which two numbers are drawn against each other: axes that a reader can look values up on. */
export interface PlotField {
  readonly x: ScaleLinear<number, number>;
  readonly y: ScaleLinear<number, number>;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly height: number;
  /** Grid, ticks and the axes' names. */
  readonly body: string;
}

const LEFT = 40;
const RIGHT_INSET = 8;
const TOP = 26;
const PLOT_HEIGHT = 230;

/** `most`: the end of both axes, which begin at 0. `diagonal`: where both are equal. */
export function plotField(
  width: number,
  {
    most,
    across,
    up,
    diagonal = true,
  }: { readonly most: number; readonly across: string; readonly up: string; readonly diagonal?: boolean },
): PlotField {
  const [left, right, top, bottom] = [LEFT, width - RIGHT_INSET, TOP, TOP + PLOT_HEIGHT];
  const x = scaleLinear([0, most], [left, right]);
  const y = scaleLinear([0, most], [bottom, top]);
  const ticks = x.ticks(4);
  const words = x.tickFormat(4);
  // At the very ends of unit axes three words are enough, as on a page of a textbook.
  const told = most === 1 ? [0, 0.5, 1] : ticks;
  const body = [
    ...ticks.map((tick) => line('g', x(tick), top, x(tick), bottom) + line('g', left, y(tick), right, y(tick))),
    diagonal ? line('ax', left, bottom, x(most), y(most)) : '',
    ...told.map(
      (tick) =>
        text(x(tick), bottom + 18, trimmed(words(tick)), { anchor: 'middle' }) +
        text(left - 8, y(tick) + 4, trimmed(words(tick)), { anchor: 'end' }),
    ),
    text((left + right) / 2, bottom + 34, across, { anchor: 'middle' }),
    text(left, 12, up),
  ].join('');
  return { x, y, left, right, top, bottom, height: bottom + 40, body };
}

const trimmed = (tick: string): string => tick.replace(/\.?0+$/, '') || '0';
