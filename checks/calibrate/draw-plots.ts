import { scaleLinear, scaleLog } from 'd3-scale';
import { line } from 'd3-shape';
import { type Band, rateInterval } from './judge-cells.ts';

/** One line of a panel: what share came at each window size. */
export interface PlotLine {
  readonly label: string;
  readonly points: readonly { readonly rows: number; readonly count: number; readonly repetitions: number }[];
}

export interface Panel {
  readonly title: string;
  readonly lines: readonly PlotLine[];
}

export interface PlotOptions {
  readonly title: string;
  /** What a reader sees who does not see. */
  readonly says: string;
  readonly band?: Band;
  /** Top of the axis, as a share. */
  readonly most: number;
  readonly ticks: readonly number[];
  readonly rows: readonly number[];
}

/** Okabe and Ito's colours, which differ for every kind of sight, and three more. */
const COLOURS = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#e69f00',
  '#000000',
  '#7f7f7f',
  '#8c510a',
  '#9467bd',
] as const;
const PANEL = { width: 300, height: 190, left: 40, right: 12, top: 26, bottom: 28 } as const;
const COLUMNS = 3;
const HEAD = 64;
const RADIUS = 2.6;

/** Small panels of one scale beside each other: a rate over the window's rows, with 99 % intervals, and the band it must keep. */
export function drawPlots(panels: readonly Panel[], options: PlotOptions): string {
  const labels = [...new Set(panels.flatMap(({ lines }) => lines.map(({ label }) => label)))];
  const width = COLUMNS * PANEL.width;
  const height = HEAD + Math.ceil(panels.length / COLUMNS) * PANEL.height;
  const drawn = panels.map((panel, i) => {
    const [x, y] = [(i % COLUMNS) * PANEL.width, HEAD + Math.floor(i / COLUMNS) * PANEL.height];
    return `<g transform="translate(${x} ${y})">${drawPanel(panel, labels, options)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="11">`,
    `<title>${escaped(options.title)}</title><desc>${escaped(options.says)}</desc>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="12" y="20" font-size="14" font-weight="600" fill="#1f2328">${escaped(options.title)}</text>`,
    drawLegend(labels),
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

/** About a letter's width, and what stands around a label. */
const LETTER = 5.7;
const AROUND = 22;

function drawLegend(labels: readonly string[]): string {
  let x = 12;
  return labels
    .map((label, i) => {
      const at = x;
      x += AROUND + LETTER * label.length;
      return `<circle cx="${at + 4}" cy="42" r="4" fill="${colourOf(i)}"/><text x="${at + 12}" y="46" fill="#1f2328">${escaped(label)}</text>`;
    })
    .join('');
}

function drawPanel(panel: Panel, labels: readonly string[], { band, most, ticks, rows }: PlotOptions): string {
  const x = scaleLog([Math.min(...rows) / 1.4, Math.max(...rows) * 1.4], [PANEL.left, PANEL.width - PANEL.right]);
  const y = scaleLinear([0, most], [PANEL.height - PANEL.bottom, PANEL.top]).clamp(true);
  const at = (value: number) => value.toFixed(1);
  const [left, right] = [PANEL.left, PANEL.width - PANEL.right];
  const shade =
    band === undefined
      ? ''
      : `<rect x="${left}" width="${right - left}" y="${at(y(band.most))}" height="${at(y(band.least) - y(band.most))}" fill="#dff3e4"/>`;
  const grid = ticks
    .map(
      (tick) =>
        `<line x1="${left}" x2="${right}" y1="${at(y(tick))}" y2="${at(y(tick))}" stroke="#d0d7de" stroke-width="0.5"/><text x="${left - 4}" y="${at(y(tick) + 4)}" text-anchor="end" fill="#59636e">${Math.round(tick * 100)} %</text>`,
    )
    .join('');
  const sizes = rows
    .map(
      (size) =>
        `<text x="${at(x(size))}" y="${PANEL.height - PANEL.bottom + 14}" text-anchor="middle" fill="#59636e">${sizeText(size)}</text>`,
    )
    .join('');
  const lines = panel.lines.map((each) => drawLine(each, labels, x, y)).join('');
  return `<text x="${left}" y="16" font-weight="600" fill="#1f2328">${escaped(panel.title)}</text>${shade}${grid}${sizes}${lines}`;
}

/** Lines beside each other at the same size are set apart by a few points, so that their intervals can be told. */
function drawLine(
  { label, points }: PlotLine,
  labels: readonly string[],
  x: (rows: number) => number,
  y: (rate: number) => number,
): string {
  const place = labels.indexOf(label);
  const colour = colourOf(place);
  const across = (rows: number) => x(rows) + (place - (labels.length - 1) / 2) * 2;
  const known = points.filter(({ repetitions }) => repetitions > 0);
  const path = line<PlotLine['points'][number]>(
    ({ rows }) => across(rows),
    ({ count, repetitions }) => y(count / repetitions),
  ).digits(1)(known);
  const marks = known.map(({ rows, count, repetitions }) => {
    const { lower, upper } = rateInterval(count, repetitions);
    const middle = across(rows).toFixed(1);
    return `<line x1="${middle}" x2="${middle}" y1="${y(lower).toFixed(1)}" y2="${y(upper).toFixed(1)}" stroke="${colour}" stroke-opacity="0.45"/><circle cx="${middle}" cy="${y(count / repetitions).toFixed(1)}" r="${RADIUS}" fill="${colour}"/>`;
  });
  return `<path d="${path ?? ''}" fill="none" stroke="${colour}" stroke-opacity="0.6"/>${marks.join('')}`;
}

function colourOf(place: number): string {
  return COLOURS[place % COLOURS.length] ?? '#000000';
}

function sizeText(rows: number): string {
  return rows >= 1000 ? `${rows / 1000}k` : String(rows);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
