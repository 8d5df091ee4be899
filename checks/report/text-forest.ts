import type { Interval } from '../stats/interval.ts';

/** One line of a forest: an estimate with its interval, both as improvement (right is better). */
export interface ForestLine {
  readonly label: string;
  readonly estimate: number;
  readonly interval: Interval;
  /** ◆ for what failed, ○ for what cannot be said, ● for the rest. */
  readonly mark: '◆' | '○' | '●';
  /** Printed at the end of the line. */
  readonly note: string;
}

/** Characters that the drawing is wide, without labels. */
const WIDTH = 44;
const MOST_LABEL = 32;

/**
 * Intervals over a common axis in monospace: `┊` stands at minus the margin, `│` at no change. An interval that leaves the axis ends
 * in an arrow. The axis spans the estimates and what is near them, so that one wide interval does not flatten the others.
 */
export function textForest(lines: readonly ForestLine[], margin: number): string {
  const { low, high } = axisOf(lines, margin);
  const place = (value: number) => Math.round(((value - low) / (high - low)) * (WIDTH - 1));
  const labels = Math.min(MOST_LABEL, Math.max(...lines.map(({ label }) => label.length)));
  const rows = lines.map((line) => {
    const cells = Array.from({ length: WIDTH }, () => ' ');
    put(cells, place(-margin), '┊');
    put(cells, place(0), '│');
    drawInterval(cells, place(line.interval.lower), place(line.interval.upper));
    put(cells, place(line.estimate), line.mark);
    return `${fitted(line.label, labels)}  ${cells.join('')}  ${line.note}`.trimEnd();
  });
  return [axisText(low, high, labels, place), ...rows].join('\n');
}

function drawInterval(cells: string[], from: number, to: number): void {
  for (let at = Math.max(0, from); at <= Math.min(WIDTH - 1, to); at++) cells[at] = '─';
  put(cells, from, '├');
  put(cells, to, '┤');
  if (from < 0) cells[0] = '←';
  if (to > WIDTH - 1) cells[WIDTH - 1] = '→';
}

function put(cells: string[], at: number, mark: string): void {
  if (at >= 0 && at < WIDTH) cells[at] = mark;
}

function axisOf(lines: readonly ForestLine[], margin: number): { readonly low: number; readonly high: number } {
  const estimates = lines.map(({ estimate }) => estimate);
  const halves = lines
    .map(({ interval }) => (interval.upper - interval.lower) / 2)
    .filter(Number.isFinite)
    .toSorted((a, b) => a - b);
  const usual = halves[Math.floor(halves.length / 2)] ?? margin;
  const low = Math.min(-margin * 1.5, 0, ...estimates.map((estimate) => estimate - 1.5 * usual));
  const high = Math.max(margin, 0, ...estimates.map((estimate) => estimate + 1.5 * usual));
  return high > low ? { low, high } : { low: -1, high: 1 };
}

/** Round ticks over the axis, zero among them. */
function axisText(low: number, high: number, labels: number, place: (value: number) => number): string {
  const step = niceStep((high - low) / 4);
  const cells = Array.from({ length: labels + 2 + WIDTH + 8 }, () => ' ');
  const decimals = Math.max(0, -Math.floor(Math.log10(step)));
  for (let tick = Math.ceil(low / step); tick <= Math.floor(high / step); tick++) {
    const text = tick === 0 ? '0' : `${tick < 0 ? '−' : '+'}${Math.abs(tick * step).toFixed(decimals)}`;
    const start = labels + 2 + place(tick * step) - Math.floor(text.length / 2);
    Array.from(text).forEach((character, i) => {
      if (start + i >= 0 && start + i < cells.length) cells[start + i] = character;
    });
  }
  return cells.join('').trimEnd();
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const lead = rough / power;
  return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
}

function fitted(label: string, width: number): string {
  return label.length > width ? `${label.slice(0, width - 1)}…` : label.padEnd(width);
}
