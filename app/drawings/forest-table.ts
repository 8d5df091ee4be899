import type { ScaleLinear } from 'd3-scale';
import { signedText } from '../../checks/report/format.ts';
import {
  asTold,
  decimalsOn,
  field,
  type ForestAxis,
  type ForestRow,
  marginWords,
  marks,
  names,
  scaleOf,
  tickTexts,
} from './forest.ts';
import { CHARACTER_PX, type Drawing, fitted, line, rect, text } from './svg.ts';

const DENSE_PITCH = 24;
const ROOM_FOR_WORDS_PX = 280;
/** Semibold letters are wider: so much of them finds room. */
const BOLD_SHARE = 0.88;
const NARROW_PX = 480;

export interface ForestTableOptions {
  readonly width: number;
  readonly label: string;
  /** What stands in the last column, by row; left out where there is no room. */
  readonly counts?: { readonly title: string; readonly of: readonly string[] };
  /** Zero means "no change" and right is better; false for numbers that are compared with nothing. */
  readonly compares?: boolean;
}

/** Many rows, dense, with their numbers: a figure with intervals, and the image of a check run. */
export function forestTable(
  rows: readonly ForestRow[],
  axis: ForestAxis,
  { width, label, counts, compares = true }: ForestTableOptions,
): Drawing {
  const narrow = width < NARROW_PX;
  const longestPx = Math.max(
    0,
    ...rows.map((row) => (row.label.length * CHARACTER_PX) / (row.mark === 'bad' ? BOLD_SHARE : 1)),
  );
  const left = Math.min(narrow ? 132 : 320, Math.max(narrow ? 64 : 120, longestPx + 16));
  const counted = counts !== undefined && !narrow;
  const right = width - (counted ? 172 : 64);
  const top = compares || counted ? 38 : 8;
  const bottom = top + Math.max(1, rows.length) * DENSE_PITCH + 6;
  const x = scaleOf(axis, left, right);
  const drawn = rows.map((row, index) => {
    const y = top + index * DENSE_PITCH + 18;
    const className = row.mark === 'bad' ? 'tb' : '';
    return [
      axis.margin === undefined && row.margin !== undefined ? ownMargin(row.margin, x, y) : '',
      text(left - 12, y + 4, fitted(row.label, (left - 12) * (row.mark === 'bad' ? BOLD_SHARE : 1)), {
        className,
        anchor: 'end',
      }),
      marks(row, x, y),
      text(right + 12, y + 4, signedText(asTold(axis, row.estimate), decimalsOn(axis)), { className }),
      counted ? text(width, y + 4, counts.of[index] ?? '', { anchor: 'end' }) : '',
    ].join('');
  });
  const directions =
    right - left < ROOM_FOR_WORDS_PX ? ['← worse', 'better →'] : ['← worse than the champion', 'better →'];
  const body = [
    field(x, axis.margin, right - left, top, bottom),
    ...(compares
      ? [
          names(x, axis, 30, marginFits(axis, x) ? marginWords(axis) : ''),
          text(left, 14, directions[0] ?? ''),
          text(right, 14, directions[1] ?? '', { anchor: 'end' }),
        ]
      : []),
    counted ? text(width, 30, counts.title, { anchor: 'end' }) : '',
    tickTexts(x, axis, { widthPx: right - left, y: bottom + 16, withZero: true }),
    text(right, bottom + 32, fitted(axis.unit, right), { anchor: 'end' }),
    ...drawn,
  ].join('');
  return { width, height: bottom + 38, label, body };
}

/** The words stand left of the limit, and may not leave the drawing. */
const marginFits = (axis: ForestAxis, x: ScaleLinear<number, number>): boolean =>
  marginWords(axis).length * CHARACTER_PX + 5 <= x(-(axis.margin ?? 0));

/** The band of one row, where rows have margins of their own. */
const ownMargin = (margin: number, x: ScaleLinear<number, number>, y: number): string =>
  rect('band', x(-margin), y - DENSE_PITCH / 2, x(0) - x(-margin), DENSE_PITCH) +
  line('lim', x(-margin), y - DENSE_PITCH / 2, x(-margin), y + DENSE_PITCH / 2);
