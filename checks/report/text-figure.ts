import type { CurveFigure, Figure, FigureSide, IntervalsFigure, ReliabilityFigure } from './figure.ts';
import { figureNumbers, heightAt } from './figure-numbers.ts';
import { countText, limitText, numberText, percentText, signedText } from './format.ts';
import { sparkline } from './sparkline.ts';
import { type ForestLine, textForest } from './text-forest.ts';

/** A figure in monospace, for pages and terminals without images: the same finding, coarser. Never wider than 100 characters. */
export function textFigure(figure: Figure): string {
  switch (figure.kind) {
    case 'curve':
      return textCurve(figure);
    case 'reliability':
      return textReliability(figure);
    case 'intervals':
      return textIntervals(figure);
    case 'distribution':
      return columns(
        figure.bins.map((bin, index) => [
          fitted(bin, 20),
          ...figure.sides.map(({ shares }) => {
            const share = shares[index] ?? 0;
            const most = Math.max(...figure.sides.flatMap((side) => side.shares));
            return `${bar(share / (most > 0 ? most : 1), BAR)} ${percentText(share, 1).padStart(7)}`;
          }),
        ]),
        ['', ...figure.sides.map(({ label }) => label)],
      );
    case 'latency':
      return columns(
        figure.lines.map(({ label, p50Ms, p99Ms, levels, ms }) => [
          label,
          milliseconds(p50Ms),
          milliseconds(p99Ms),
          sparkline(densities(levels, ms)),
        ]),
        ['', 'p50', 'p99', 'fast → slow, log scale'],
      );
    case 'flips':
    case 'score': {
      const { head, rows } = figureNumbers(figure);
      const drawn =
        figure.kind === 'score'
          ? rows.map((row, index) => {
              const part = figure.parts[index];
              return [...row, bar(part === undefined || part.of === 0 ? 0 : part.points / part.of, BAR)];
            })
          : rows;
      return columns(drawn, head);
    }
  }
}

const BAR = 20;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

function bar(share: number, width: number): string {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * width * 8);
  return `${'█'.repeat(Math.floor(eighths / 8))}${EIGHTHS[eighths % 8] ?? ''}`.padEnd(width);
}

const milliseconds = (ms: number): string => (ms < 1 ? `${limitText(ms * 1000)} µs` : `${limitText(ms)} ms`);

const fitted = (text: string, width: number): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text);

/** Cells under each other; the first column left, the others as they are. */
function columns(rows: readonly (readonly string[])[], head: readonly string[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const MARKS = {
  fail: '◆',
  inconclusive: '○',
  pass: '●',
  'not-applicable': '○',
} as const satisfies Record<IntervalsFigure['rows'][number]['verdict'], ForestLine['mark']>;

const FOREST_LINES = 24;

function textIntervals({ rows, margin, axis }: IntervalsFigure): string {
  const lines = rows.slice(0, FOREST_LINES).map(
    ({ label, estimate, interval, verdict }): ForestLine => ({
      label,
      estimate,
      interval: { lower: interval?.[0] ?? estimate, upper: interval?.[1] ?? estimate },
      mark: MARKS[verdict],
      note: `${signedText(estimate, 3)}${verdict === 'fail' ? '  failed' : verdict === 'inconclusive' ? '  cannot say' : ''}`,
    }),
  );
  const more = rows.length > lines.length ? `\nand ${rows.length - lines.length} more` : '';
  return `${textForest(lines, margin ?? 0)}${more}\n\n${axis}${margin === undefined ? '' : `; ┊ margin, │ no change`}`;
}

const PLOT = { width: 44, height: 13 } as const;
const SIDE_MARKS = { candidate: '●', window: '●', champion: '·', reference: '·' } as const satisfies Record<
  FigureSide,
  string
>;

/** What is asked about is drawn over what it is held against. */
const DRAWN_FIRST: readonly string[] = ['·', '●'];

/** A plane of characters over [0, most] in both directions, its origin low on the left. */
function plane(most: number, put: (mark: (x: number, y: number, character: string) => void) => void): string {
  const cells = Array.from({ length: PLOT.height }, () => Array.from({ length: PLOT.width }, () => ' '));
  put((x, y, character) => {
    const column = Math.round((x / most) * (PLOT.width - 1));
    const row = PLOT.height - 1 - Math.round((y / most) * (PLOT.height - 1));
    const line = cells[row];
    if (line !== undefined && column >= 0 && column < PLOT.width) line[column] = character;
  });
  const told = (value: number): string => limitText(value).padStart(5);
  const rows = cells.map((line, row) => {
    const tick = row === 0 ? told(most) : row === PLOT.height - 1 ? told(0) : '     ';
    return `${tick} │${line.join('')}`.trimEnd();
  });
  return [...rows, `      └${'─'.repeat(PLOT.width)}`, `       0${limitText(most).padStart(PLOT.width - 1)}`].join(
    '\n',
  );
}

function textCurve({ curve, lines }: CurveFigure): string {
  const drawn = plane(1, (mark) => {
    for (const line of lines.toSorted(
      (a, b) => DRAWN_FIRST.indexOf(SIDE_MARKS[a.side]) - DRAWN_FIRST.indexOf(SIDE_MARKS[b.side]),
    ))
      for (let step = 0; step < PLOT.width * 2; step++) {
        const x = step / (PLOT.width * 2 - 1);
        mark(x, heightAt(line, x), SIDE_MARKS[line.side]);
      }
  });
  const key = lines.map(
    ({ side, label, area }) =>
      `${SIDE_MARKS[side]} ${label}${area === undefined ? '' : `, area ${numberText(area, 3)}`}`,
  );
  const axes = curve === 'roc' ? 'true positive rate over false positive rate' : 'precision over recall';
  return `${drawn}\n\n${axes}   ${key.join('   ')}`;
}

function textReliability({ lines, of }: ReliabilityFigure): string {
  const most = of === undefined ? 1 : Math.max(...lines.flatMap(({ bins }) => bins.map(({ observed }) => observed)));
  return columns(
    lines.flatMap(({ label, side, bins }) =>
      bins.map(({ predicted, observed, rows }, index) => [
        index === 0 ? label : '',
        numberText(predicted, 3),
        `${' '.repeat(Math.max(0, Math.round((observed / most) * BAR)))}${SIDE_MARKS[side]}`.padEnd(BAR + 1),
        numberText(observed, 3),
        countText(rows),
      ]),
    ),
    ['', of === undefined ? 'score' : 'predicted', of === undefined ? 'came true, 0 to 1' : `mean ${of}`, '', 'rows'],
  );
}

const SPARK_STEPS = 24;

/** Share of the runs in equal steps of the log of their time. */
function densities(levels: readonly number[], ms: readonly number[]): readonly number[] {
  const [low, high] = [Math.log(ms[0] ?? 1), Math.log(ms.at(-1) ?? 1)];
  const shareBelow = (time: number): number => heightAt({ x: ms.map(Math.log), y: levels }, time);
  const edge = (step: number): number => low + ((high - low) * step) / SPARK_STEPS;
  return Array.from({ length: SPARK_STEPS }, (_, step) =>
    Math.max(0, shareBelow(edge(step + 1)) - shareBelow(edge(step))),
  );
}
