import type { Figure } from './figure.ts';
import { countText, decimalsFor, intervalText, limitText, numberText, percentText, signedText } from './format.ts';

/** A figure's numbers as a table: what stands folded beside a drawing, for who cannot see it or wants to argue. */
export interface FigureNumbers {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Rows of a curve's table: a reader looks up where it stands at a tenth, not at its two hundred points. */
const CURVE_STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9] as const;

export function figureNumbers(figure: Figure): FigureNumbers {
  switch (figure.kind) {
    case 'curve':
      return {
        head: [figure.curve === 'roc' ? 'false positive rate' : 'recall', ...figure.lines.map(({ label }) => label)],
        rows: [
          ...CURVE_STEPS.map((at) => [limitText(at), ...figure.lines.map((line) => numberText(heightAt(line, at), 3))]),
          ['area', ...figure.lines.map(({ area }) => (area === undefined ? '' : numberText(area, 4)))],
        ],
      };
    case 'reliability':
      return {
        head: ['whose', 'predicted', 'came true', '95 % interval', 'rows'],
        rows: figure.lines.flatMap(({ label, bins }) =>
          bins.map(({ predicted, observed, interval: [lower, upper], rows }) => [
            label,
            numberText(predicted, 3),
            numberText(observed, 3),
            `[${numberText(lower, 3)}, ${numberText(upper, 3)}]`,
            countText(rows),
          ]),
        ),
      };
    case 'distribution':
      return {
        head: [figure.column, ...figure.sides.map(({ label }) => label)],
        rows: figure.bins.map((bin, index) => [
          bin,
          ...figure.sides.map(({ shares }) => percentText(shares[index] ?? 0, 1)),
        ]),
      };
    case 'intervals': {
      const widest = Math.max(0, ...figure.rows.map(({ estimate }) => Math.abs(estimate)));
      const decimals = Math.max(3, decimalsFor(widest));
      return {
        head: ['', figure.axis, 'interval', 'margin', 'rows', 'verdict'],
        rows: figure.rows.map(({ label, estimate, interval, margin = figure.margin, count, verdict }) => [
          label,
          signedText(estimate, decimals),
          interval === undefined ? '–' : intervalText({ lower: interval[0], upper: interval[1] }, decimals),
          margin === undefined ? '' : limitText(margin),
          count === undefined ? '' : countText(count),
          VERDICT_WORDS[verdict],
        ]),
      };
    }
    case 'latency':
      return {
        head: ['quantile', ...figure.lines.map(({ label }) => `${label}, ms`)],
        rows: (figure.lines[0]?.levels ?? []).map((level, index) => [
          percentText(level, 1),
          ...figure.lines.map(({ ms }) => (ms[index] === undefined ? '' : limitText(ms[index]))),
        ]),
      };
    case 'flips':
      return {
        head: ['champion ↓ candidate →', ...figure.classes],
        rows: figure.counts.map((row, index) => [figure.classes[index] ?? '', ...row.map(countText)]),
      };
    case 'score':
      return {
        head: ['section', 'points', 'of'],
        rows: figure.parts.map(({ label, points, of }) => [label, limitText(points), limitText(of)]),
      };
  }
}

const VERDICT_WORDS = {
  fail: 'failed',
  inconclusive: 'cannot say',
  pass: 'passed',
  'not-applicable': 'not judged',
} as const;

/** Linear between the curve's points; the highest of several at one place. */
export function heightAt(
  { x, y }: { readonly x: readonly number[]; readonly y: readonly number[] },
  at: number,
): number {
  const after = x.findIndex((value) => value > at);
  if (after === 0) return y[0] ?? NaN;
  if (after < 0) return y.at(-1) ?? NaN;
  const [x0, x1] = [x[after - 1] ?? 0, x[after] ?? 1];
  const [y0, y1] = [y[after - 1] ?? 0, y[after] ?? 0];
  return x1 > x0 ? y0 + ((y1 - y0) * (at - x0)) / (x1 - x0) : y1;
}
