import { scaleLinear } from 'd3-scale';
import { numberText } from '../../checks/report/format.ts';
import { type Drawing, diamond, disc, fitted, line, rect, text } from './svg.ts';

/** How far each column moved against what matters: the drawing beside a verdict of drift. */
export interface EffectRow {
  readonly label: string;
  readonly value: number;
  readonly drifted: boolean;
}

const PITCH = 28;
const TOP = 40;

/** Rows that share a measure and a limit, largest first. */
export function effects(
  rows: readonly EffectRow[],
  {
    width,
    limit,
    measure,
    label,
  }: { readonly width: number; readonly limit: number; readonly measure: string; readonly label: string },
): Drawing {
  const left = width < 480 ? 110 : 150;
  const right = width - 56;
  const bottom = TOP + rows.length * PITCH;
  const x = scaleLinear([0, Math.max(limit * 1.5, ...rows.map((row) => row.value))], [left, right]).nice();
  const body = [
    rect('band', left, TOP, x(limit) - left, bottom - TOP),
    ...x
      .ticks(4)
      .map(
        (tick) =>
          line('g', x(tick), TOP, x(tick), bottom) + text(x(tick), bottom + 18, String(tick), { anchor: 'middle' }),
      ),
    line('zero', left, TOP, left, bottom),
    line('lim', x(limit), TOP, x(limit), bottom),
    text(Math.max(left, x(limit) - 20), TOP - 8, `limit ${numberText(limit, 2)}`, { className: 't' }),
    text(width, bottom + 36, `${measure}: how far it moved; grey: too little to matter`, { anchor: 'end' }),
    ...rows.map((row, index) => {
      const y = TOP + index * PITCH + PITCH / 2;
      return [
        text(0, y + 4, fitted(row.label, left - 8), row.drifted ? { className: 't' } : {}),
        line(row.drifted ? 'badl' : 'inkl', left, y, x(row.value), y),
        row.drifted ? diamond('bad-f', x(row.value), y, 5) : disc('ink-f', x(row.value), y, 4),
        text(x(row.value) + 10, y + 4, numberText(row.value, 2), { className: row.drifted ? 'tb halo' : 't halo' }),
      ].join('');
    }),
  ].join('');
  return { width, height: bottom + 40, label, body };
}
