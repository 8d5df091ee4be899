import { extent, quantileSorted, sort, tickStep } from 'd3-array';
import { precisionFixed } from 'd3-format';
import { type ScaleLinear, scaleLinear } from 'd3-scale';
import { limitText, signedText } from '../../checks/report/format.ts';
import { arrowEnd, CHARACTER_PX, type Drawing, diamond, disc, fitted, line, rect, text } from './svg.ts';

/**
 * Forest plots: differences with their intervals on one axis. Better points right, also for metrics where less is better.
 * Zero is solid and called "no change", the limit is dashed and named with its value, the margin between them is a grey band.
 */
export interface ForestRow {
  readonly label: string;
  /** A second, quieter line under the label: `2,278 rows`. */
  readonly note?: string;
  /** As improvement: right is better. */
  readonly estimate: number;
  /** Undefined where no interval could be computed. */
  readonly low?: number;
  readonly high?: number;
  /** A narrower interval inside, drawn thicker: the row's own, where low and high hold jointly over all rows. */
  readonly own?: readonly [number, number];
  /** How much worse is still fine; positive. */
  readonly margin?: number;
  readonly mark: ForestMark;
}

/** `bad` failed, `ink` decided and fine, `hollow` cannot say. */
export type ForestMark = 'bad' | 'ink' | 'hollow';

export interface ForestAxis {
  readonly domain: readonly [number, number];
  /** The margin that all rows share; undefined when each has its own. */
  readonly margin?: number;
  readonly decimals: number;
  /** What is subtracted from what, in words: `roc_auc, candidate minus champion`. */
  readonly unit: string;
  /** Labels are told as measured, where less is better: the axis runs from + to −, so that better still points right. */
  readonly turned: boolean;
}

const PADDING_SHARE = 0.08;
const INSET_PX = 6;
/** Room right of the axis for an estimate's words. */
const WORDS_PX = 52;
/** Up to so many rows every interval is shown whole. */
const FEW_ROWS = 8;
const MARK_PX = 5;

/**
 * An axis on which every failing interval is whole and the usual ones too. Intervals from few rows may be ten times wider
 * than what decides; they leave the axis and end in an arrow, their numbers stand in the row.
 */
export function forestAxisOf(rows: readonly ForestRow[], unit: string, { turned = false } = {}): ForestAxis {
  const decided = rows.filter((row) => row.mark !== 'hollow');
  const shaping = decided.length > 0 ? decided : rows;
  const tail = shaping.length <= FEW_ROWS ? 0 : 0.1;
  const lows = sort(shaping.map((row) => row.low ?? row.estimate));
  const highs = sort(shaping.map((row) => row.high ?? row.estimate));
  const failing = rows
    .filter((row) => row.mark === 'bad')
    .flatMap((row) => [row.low ?? row.estimate, row.high ?? row.estimate]);
  const margins = [...new Set(rows.map((row) => row.margin))];
  const widest = Math.max(0, ...rows.map((row) => row.margin ?? 0));
  const [least = 0, most = 0] = extent([
    0,
    -1.5 * widest,
    0.5 * widest,
    quantileSorted(lows, tail) ?? 0,
    quantileSorted(highs, 1 - tail) ?? 0,
    ...failing,
  ]);
  const padding = Math.max(most - least, Number.EPSILON) * PADDING_SHARE;
  const [margin] = margins;
  return {
    domain: [least - padding, most + padding],
    ...(margins.length === 1 && margin !== undefined ? { margin } : {}),
    decimals: decimalsOfSpan(most - least),
    unit,
    turned,
  };
}

/** Ticks a tenth of the span apart must read differently. */
const decimalsOfSpan = (span: number): number =>
  Math.max(0, Math.min(4, 1 - Math.floor(Math.log10(Math.max(span, 1e-9)))));

export const scaleOf = (axis: ForestAxis, left: number, right: number): ScaleLinear<number, number> =>
  scaleLinear([...axis.domain], [left + INSET_PX, right - INSET_PX]);

const tickCountOf = (widthPx: number): number => Math.max(2, Math.floor(widthPx / 80));

/** Signed, all with the same decimals. */
function tickWordsOf(x: ScaleLinear<number, number>, axis: ForestAxis, widthPx: number): (tick: number) => string {
  const [low = 0, high = 1] = x.domain();
  const decimals = precisionFixed(tickStep(low, high, tickCountOf(widthPx)));
  return (tick) => signedText(asTold(axis, tick), decimals);
}

/** A place on the axis as the number that stands there. */
export const asTold = ({ turned }: ForestAxis, value: number): number => (turned ? -value : value);

/** Ticks without the zero, which is named. */
const ticksOf = (x: ScaleLinear<number, number>, widthPx: number): readonly number[] =>
  x.ticks(tickCountOf(widthPx)).filter((tick) => Math.abs(tick) > Number.EPSILON);

/** The field that every row shares: margin band, grid, zero, limit. */
export function field(
  x: ScaleLinear<number, number>,
  margin: number | undefined,
  widthPx: number,
  top: number,
  bottom: number,
): string {
  const zero = x(0);
  const limit = margin === undefined ? undefined : x(-margin);
  return [
    limit === undefined ? '' : rect('band', limit, top, zero - limit, bottom - top),
    ...ticksOf(x, widthPx).map((tick) => line('g', x(tick), top, x(tick), bottom)),
    line('zero', zero, top, zero, bottom),
    limit === undefined ? '' : line('lim', limit, top, limit, bottom),
  ].join('');
}

/** Whisker and estimate; what leaves the axis ends in an arrow. */
export function marks(row: ForestRow, x: ScaleLinear<number, number>, y: number): string {
  const [left, right] = [Math.min(...x.range()), Math.max(...x.range())];
  const clamped = (value: number): number => Math.min(right, Math.max(left, x(value)));
  const arrow = { bad: 'badl', ink: 'inkl', hollow: 'ink3l' }[row.mark];
  const stroke = row.mark === 'hollow' ? 'ink3l dash' : row.own === undefined ? arrow : `${arrow} thin`;
  const own =
    row.own === undefined || row.mark === 'hollow' ? '' : line(arrow, clamped(row.own[0]), y, clamped(row.own[1]), y);
  const at = x(row.estimate);
  const inside = at >= left && at <= right;
  const whisker =
    row.low === undefined || row.high === undefined
      ? ''
      : line(stroke, clamped(row.low), y, clamped(row.high), y) +
        (x(row.low) < left ? arrowEnd(arrow, left, y, 'left') : '') +
        (x(row.high) > right ? arrowEnd(arrow, right, y, 'right') : '');
  return whisker + own + (inside ? estimateMark(row.mark, at, y) : '');
}

function estimateMark(mark: ForestMark, x: number, y: number): string {
  if (mark === 'bad') return diamond('bad-f', x, y, MARK_PX);
  return mark === 'ink' ? disc('ink-f', x, y, 4) : disc('hole', x, y, 3.5);
}

/** Names of zero and limit; the limit's words go left of it, where worse is. */
export function names(x: ScaleLinear<number, number>, axis: ForestAxis, y: number, limitWords: string): string {
  const limit =
    axis.margin === undefined ? '' : text(x(-axis.margin) - 5, y, limitWords, { className: 't', anchor: 'end' });
  return limit + text(x(0) + 5, y, 'no change');
}

export function tickTexts(
  x: ScaleLinear<number, number>,
  axis: ForestAxis,
  { widthPx, y, withZero }: { readonly widthPx: number; readonly y: number; readonly withZero: boolean },
): string {
  const words = tickWordsOf(x, axis, widthPx);
  return [...(withZero ? [0] : []), ...ticksOf(x, widthPx)]
    .map((tick) => text(x(tick), y, tick === 0 ? '0' : words(tick), { anchor: 'middle', className: 'halo' }))
    .join('');
}

/** A limit as it was written, with the sign that worse has on this axis. */
export const marginWords = (axis: ForestAxis): string =>
  axis.margin === undefined ? '' : `margin ${axis.turned ? '+' : '−'}${limitText(axis.margin)}`;

/** The axis, for `thead`, above rows drawn with `forestStrip` of the same width. */
export function forestHead(axis: ForestAxis, width: number): Drawing {
  const height = 36;
  const x = scaleOf(axis, 0, width);
  const room = x(-(axis.margin ?? 0)) - 5;
  const limitWords = marginWords(axis);
  const fits = limitWords.length * CHARACTER_PX <= room;
  const body = [
    axis.margin === undefined ? '' : rect('band', x(-axis.margin), 18, x(0) - x(-axis.margin), 18),
    line('zero', x(0), 18, x(0), height),
    axis.margin === undefined ? '' : line('lim', x(-axis.margin), 18, x(-axis.margin), height),
    names(x, axis, 12, fits ? limitWords : ''),
    tickTexts(x, axis, { widthPx: width, y: 32, withZero: false }),
  ].join('');
  return { width, height, label: '', body };
}

/** One row's strip, for `td`; its sentence is the text of the row. */
export function forestStrip(row: ForestRow, axis: ForestAxis, width: number, height = 33): Drawing {
  const x = scaleOf(axis, 0, width);
  const margin = axis.margin ?? row.margin;
  return {
    width,
    height,
    label: rowSentence(row, axis),
    body: field(x, margin, width, 0, height) + marks(row, x, height / 2),
  };
}

/** `sex = Female: −0.153, interval −0.209 to −0.096`, as measured. */
export function rowSentence(row: ForestRow, axis: ForestAxis): string {
  const told = (value: number): string => signedText(asTold(axis, value), decimalsOn(axis));
  const ends =
    row.low === undefined || row.high === undefined ? [] : [row.low, row.high].map((end) => asTold(axis, end));
  const [low, high] = ends.toSorted((a, b) => a - b);
  const interval =
    low === undefined || high === undefined
      ? ''
      : `, interval ${signedText(low, decimalsOn(axis))} to ${signedText(high, decimalsOn(axis))}`;
  return `${row.label}: ${told(row.estimate)}${interval}`;
}

/** One decimal more than the ticks need, so that estimates between two ticks can be told apart. */
export const decimalsOn = (axis: ForestAxis): number => Math.min(4, axis.decimals + 1);

/** Few rows with room around them: the drawing beside the verdict. */
export function forest(rows: readonly ForestRow[], axis: ForestAxis, width: number, label: string): Drawing {
  const compact = width < 480;
  const pitch = compact ? 56 : 44;
  const left = compact ? 0 : 126;
  const top = 40;
  const bottom = top + rows.length * pitch + 4;
  const x = scaleOf(axis, left, width - WORDS_PX);
  const drawn = rows.map((row, index) => {
    const y = top + index * pitch + (compact ? 40 : 26);
    const words = signedText(asTold(axis, row.estimate), decimalsOn(axis));
    const beyond = x(row.high ?? row.estimate) + 8;
    const above = (row.mark === 'bad' && !compact) || beyond + words.length * CHARACTER_PX > width;
    const className = `${row.mark === 'bad' ? 'tb' : 't'} halo`;
    const estimate = Math.min(width - 24, Math.max(left + 24, x(row.estimate)));
    return [
      compact
        ? text(0, y - 22, fitted(`${row.label}${row.note === undefined ? '' : `, ${row.note}`}`, width), {
            className: 't halo',
          })
        : text(0, y - 1, fitted(row.label, left - 8), { className: 't' }) + text(0, y + 14, row.note ?? ''),
      marks(row, x, y),
      above
        ? text(estimate, y - (compact ? 8 : 12), words, { className, anchor: 'middle' })
        : text(beyond, y + 4, words, { className }),
    ].join('');
  });
  const limitWords = marginWords(axis);
  const body = [
    field(x, axis.margin, width - left, top, bottom),
    names(x, axis, 34, limitWords),
    text(left, 14, '← worse'),
    text(width, 14, 'better →', { anchor: 'end' }),
    tickTexts(x, axis, { widthPx: width - left, y: bottom + 18, withZero: true }),
    text(width, bottom + 36, axis.unit, { anchor: 'end' }),
    ...drawn,
  ].join('');
  return { width, height: bottom + 40, label, body };
}
