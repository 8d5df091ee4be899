import { max, min } from 'd3-array';
import { scaleLinear, scaleLog } from 'd3-scale';
import { area as areaShape, curveStepAfter, line as lineShape } from 'd3-shape';
import type { LatencyFigure } from '../../checks/report/figure.ts';
import { numberText } from '../../checks/report/format.ts';
import { askedLast, styleOfSide } from './side.ts';
import { CHARACTER_PX, type Drawing, fitted, line, path, text } from './svg.ts';

type Line = LatencyFigure['lines'][number];

/** Room for the models' names. */
const NAMES_PX = { least: 64, most: 140 } as const;
const PITCH = 62;
const TOP = 18;
/** Steps of the drawn density over the axis. */
const STEPS = 56;
const PEAK_PX = 44;

/** How long runs took: one density a model on one log axis, with the median at its peak and the 99th percentile apart. */
export function latency(figure: LatencyFigure, width: number): Drawing {
  const lines = askedLast(figure.lines);
  const all = lines.flatMap(({ ms, p99Ms, p99IntervalMs }) => [...ms, p99Ms, ...(p99IntervalMs ?? [])]);
  const inMicroseconds = (max(lines, ({ p50Ms }) => p50Ms) ?? 1) < 1;
  const scale = inMicroseconds ? 1000 : 1;
  const least = Math.max(1e-6, (min(all.filter((value) => value > 0)) ?? 1) * scale);
  const most = Math.max(least * 1.5, (max([...all, figure.budgetMs ?? 0]) ?? 1) * scale);
  const longest = Math.max(0, ...lines.map(({ label }) => label.length));
  const left = Math.min(NAMES_PX.most, width / 3, Math.max(NAMES_PX.least, longest * (CHARACTER_PX + 1) + 8));
  const x = scaleLog([least / 1.15, most * 1.15], [left, width - 8]);
  const bottom = TOP + lines.length * PITCH;
  const ticks = tickPlaces(x, width);
  const budget = figure.budgetMs === undefined ? undefined : figure.budgetMs * scale;
  const body = [
    ...ticks.map(
      (tick) =>
        line('g', x(tick), TOP, x(tick), bottom) + text(x(tick), bottom + 18, tickWords(tick), { anchor: 'middle' }),
    ),
    ...lines.map((each, index) => row(each, { x, scale, baseline: TOP + (index + 1) * PITCH, left, width })),
    budget === undefined
      ? ''
      : line('lim', x(budget), TOP, x(budget), bottom) +
        text(x(budget), 12, `budget ${tickWords(budget)}`, {
          className: 't',
          anchor: x(budget) > width / 2 ? 'end' : 'start',
        }),
    text(width - 8, bottom + 34, `${inMicroseconds ? 'microseconds' : 'milliseconds'} a run, log scale`, {
      anchor: 'end',
    }),
  ].join('');
  return { width, height: bottom + 40, label: figure.says, body };
}

const tickWords = (value: number): string =>
  numberText(value, value >= 10 ? 0 : value >= 1 ? 1 : 2).replace(/\.0$/, '');

/** 1, 2 and 5 of each power, as many as keep their distance. */
function tickPlaces(x: ReturnType<typeof scaleLog<number, number>>, width: number): readonly number[] {
  const [low = 1, high = 10] = x.domain();
  const from = Math.floor(Math.log10(low));
  const candidates = Array.from({ length: Math.ceil(Math.log10(high)) - from + 1 }, (_, index) =>
    [1, 2, 5].map((lead) => lead * 10 ** (from + index)),
  )
    .flat()
    .filter((tick) => tick >= low && tick <= high && x(tick) < width - 16);
  let free = 0;
  return candidates.filter((tick) => {
    if (x(tick) < free) return false;
    free = x(tick) + 44;
    return true;
  });
}

function row(
  { side, label, levels, ms, p50Ms, p99Ms, p99IntervalMs }: Line,
  {
    x,
    scale,
    baseline,
    left,
    width,
  }: {
    readonly x: ReturnType<typeof scaleLog<number, number>>;
    readonly scale: number;
    readonly baseline: number;
    readonly left: number;
    readonly width: number;
  },
): string {
  const style = styleOfSide(side);
  const density = densityOf(
    levels,
    ms,
    x.domain().map((end) => end / scale),
  );
  const peak = max(density, ([, height]) => height) ?? 1;
  const y = scaleLinear([0, peak], [baseline, baseline - PEAK_PX]);
  const at = ([value]: readonly [number, number]): number => x(value * scale);
  const area = areaShape<readonly [number, number]>()
    .x(at)
    .y0(baseline)
    .y1(([, height]) => y(height))
    .curve(curveStepAfter)
    .digits(1);
  const outline = lineShape<readonly [number, number]>()
    .x(at)
    .y(([, height]) => y(height))
    .curve(curveStepAfter)
    .digits(1);
  const words = {
    p50: `p50 ${told(p50Ms * scale)}`,
    p99: `p99 ${told(p99Ms * scale)}${intervalWords(p99IntervalMs, scale)}`,
  };
  const p99 = x(p99Ms * scale);
  const end = p99IntervalMs === undefined ? p99 : x(p99IntervalMs[1] * scale);
  const fits = end + 6 + words.p99.length * CHARACTER_PX < width;
  return [
    line('ax', left, baseline, width - 8, baseline),
    path(style.area, area([...density]) ?? ''),
    path(`${style.line} thin`, outline([...density]) ?? ''),
    text(0, baseline - 4, fitted(label, left - 8), { className: style.words }),
    text(x(p50Ms * scale) + 8, baseline - PEAK_PX + 6, words.p50, { className: `${style.words} halo` }),
    p99IntervalMs === undefined
      ? ''
      : line(style.line, x(p99IntervalMs[0] * scale), baseline - 12, x(p99IntervalMs[1] * scale), baseline - 12),
    line(style.line, p99, baseline - 18, p99, baseline - 6),
    fits
      ? text(end + 6, baseline - 8, words.p99, { className: `${style.words} halo` })
      : text(width - 8, baseline - 24, words.p99, { className: `${style.words} halo`, anchor: 'end' }),
  ].join('');
}

const told = (value: number): string => numberText(value, value >= 100 ? 0 : value >= 10 ? 1 : 2);

const intervalWords = (interval: readonly [number, number] | undefined, scale: number): string =>
  interval === undefined ? '' : ` [${told(interval[0] * scale)}, ${told(interval[1] * scale)}]`;

/** Share of the runs in equal steps of the log axis, from the quantiles: what lies between two levels is spread evenly. */
function densityOf(
  levels: readonly number[],
  ms: readonly number[],
  [low = 0.001, high = 1]: readonly number[],
): readonly (readonly [number, number])[] {
  const shareBelow = (value: number): number => {
    const after = ms.findIndex((time) => time > value);
    if (after === 0) return 0;
    if (after < 0) return 1;
    const from = ms[after - 1] ?? 0;
    const to = ms[after] ?? from;
    const lower = levels[after - 1] ?? 0;
    const upper = levels[after] ?? 1;
    const within = to > from ? Math.log(value / from) / Math.log(to / from) : 1;
    return lower + (upper - lower) * Math.max(0, Math.min(1, within));
  };
  const edge = (index: number): number => low * (high / low) ** (index / STEPS);
  return Array.from({ length: STEPS + 1 }, (_, index) => [
    edge(index),
    index === STEPS ? 0 : Math.max(0, shareBelow(edge(index + 1)) - shareBelow(edge(index))),
  ]);
}
