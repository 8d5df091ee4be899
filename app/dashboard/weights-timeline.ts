import { scaleLinear, scaleUtc } from 'd3-scale';
import { area as areaShape, curveStepAfter, line as lineShape } from 'd3-shape';
import { weightOf } from './numbers.ts';
import { clockOf, dayOf, minuteOf } from './times.ts';
import { CHARACTER_PX, type Drawing, line, path, text } from '../drawings/svg.ts';

/** Traffic over time: one candidate's share as a staircase, solid where it happened, dashed where it is only planned. */
export interface WeightSegment {
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  /** Percentage. */
  readonly weight: number;
  readonly planned: boolean;
}

const HEIGHT = 188;
const TOP = 40;
const BOTTOM = 144;
const UNIT_Y = 12;
const DAY_MS = 86_400_000;
/** In a shorter time several ticks would stand in one minute. */
const SECONDS_MATTER_MS = 600_000;
const LEFT = 44;

/** `unit` names the line: `2.0.1, % of requests`. */
export function weightsTimeline(
  segments: readonly WeightSegment[],
  {
    width,
    unit,
    label,
    now,
  }: { readonly width: number; readonly unit: string; readonly label: string; readonly now?: number },
): Drawing {
  const first = segments[0]?.from ?? 0;
  const last = Math.max(first + 1, segments.at(-1)?.to ?? 0);
  const right = width - 12;
  const x = scaleUtc([first, last], [LEFT, right]);
  const y = scaleLinear([0, 100], [BOTTOM, TOP]);
  const staircase = lineShape<readonly [number, number]>()
    .x(([time]) => x(time))
    .y(([, weight]) => y(weight))
    .curve(curveStepAfter)
    .digits(1);
  const under = areaShape<readonly [number, number]>()
    .x(([time]) => x(time))
    .y0(y(0))
    .y1(([, weight]) => y(weight))
    .curve(curveStepAfter)
    .digits(1);
  const pointsOf = (some: readonly WeightSegment[]): readonly (readonly [number, number])[] => {
    const end = some.at(-1);
    return end === undefined
      ? []
      : [...some.map(({ from, weight }) => [from, weight] as const), [end.to, end.weight] as const];
  };
  const happened = segments.filter(({ planned }) => !planned);
  const planned = segments.filter(({ planned: ahead }) => ahead);
  const joint = happened.at(-1);
  const ahead = joint === undefined ? planned : [{ ...joint, from: joint.to, to: joint.to }, ...planned];
  const ticks = x.ticks(Math.max(2, Math.floor((right - LEFT) / 110)));
  const format = last - first > 2 * DAY_MS ? dayOf : last - first > SECONDS_MATTER_MS ? minuteOf : clockOf;
  const body = [
    ...[0, 50, 100].map(
      (share) =>
        line('g', LEFT, y(share), right, y(share)) + text(LEFT - 8, y(share) + 4, String(share), { anchor: 'end' }),
    ),
    happened.length === 0 ? '' : path('champ-a', under(pointsOf(happened)) ?? ''),
    planned.length === 0 ? '' : path('ink3l dash', staircase(pointsOf(ahead)) ?? ''),
    happened.length === 0 ? '' : path('inkl', staircase(pointsOf(happened)) ?? ''),
    ...levelTexts(segments, x, y),
    now === undefined || now < first || now > last ? '' : nowMark(x(now), right),
    ...ticks.map((tick) => text(x(tick), BOTTOM + 18, format(tick.toISOString()), { anchor: 'middle' })),
    text(LEFT, UNIT_Y, unit),
    text(LEFT, BOTTOM + 36, planned.length === 0 ? 'UTC' : 'UTC; dashed: planned, when nothing holds it'),
  ].join('');
  return { width, height: HEIGHT, label, body };
}

/** Each level is named once, where its step is wide enough for the words. */
function levelTexts(
  segments: readonly WeightSegment[],
  x: (value: number) => number,
  y: (value: number) => number,
): readonly string[] {
  return segments.map((segment, index) => {
    const words = weightOf(segment.weight);
    const same = segments[index - 1]?.weight === segment.weight;
    if (same || x(segment.to) - x(segment.from) < words.length * CHARACTER_PX) return '';
    return text(x(segment.from) + 4, y(segment.weight) - 6, words, { className: segment.planned ? 'halo' : 't halo' });
  });
}

const nowMark = (x: number, right: number): string =>
  line('ax', x, TOP, x, BOTTOM) +
  (x > right - 32
    ? text(x - 5, TOP + 2, 'now', { anchor: 'end', className: 'halo' })
    : text(x + 5, TOP + 2, 'now', { className: 'halo' }));
