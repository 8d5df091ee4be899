import { scaleLinear } from 'd3-scale';
import { line as lineShape } from 'd3-shape';
import { rateOf } from './numbers.ts';
import { type Drawing, disc, line, path, text } from '../drawings/svg.ts';

const HEIGHT = 48;
const LABEL_PX = 64;

/** The last looks at one number, oldest first, from zero; the newest is a disc with its value. */
export function sparkline(
  values: readonly number[],
  { width, label }: { readonly width: number; readonly label: string },
): Drawing {
  const newest = values.at(-1) ?? 0;
  const x = scaleLinear([0, Math.max(1, values.length - 1)], [0, width - LABEL_PX]);
  const y = scaleLinear([0, Math.max(...values, Number.EPSILON)], [HEIGHT - 6, 8]);
  const shape = lineShape<number>()
    .x((_, index) => x(index))
    .y((value) => y(value))
    .digits(1);
  const [endX, endY] = [x(Math.max(0, values.length - 1)), y(newest)];
  const body = [
    line('g', 0, y(0), width - LABEL_PX, y(0)),
    path('inkl', shape([...values]) ?? ''),
    disc('ink-f', endX, endY, 3),
    text(endX + 8, Math.max(12, endY + 4), rateOf(newest), { className: 't halo' }),
  ].join('');
  return { width, height: HEIGHT, label, body };
}
