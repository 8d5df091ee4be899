import { limitText } from '../../checks/report/format.ts';
import type { CheckRunLinks } from '../../checks/report/check-run-markdown.ts';
import type { Report } from '../../checks/report/report.ts';
import { baselineForest } from './baseline-forest.ts';
import { byMetric, checkNamed, comparisonsOf, forestRowOf, lessIsBetter, withChampion } from './comparisons.ts';
import { forestAxisOf, forestTable, rowSentence } from '../drawings/forest.ts';
import { type Drawing, standalone, type Theme } from '../drawings/svg.ts';
import { countOf } from './numbers.ts';

/** The same drawing as in the room, as a file of its own, for the pages of GitHub. */
export const DRAWINGS = ['cohorts', 'baseline'] as const;
export type DrawingName = (typeof DRAWINGS)[number];

/** An image holds so many rows, the worst; all are in the table of the room. */
const MOST_ROWS = 24;
const IMAGE_PX = 860;

/** Undefined where the report holds nothing to draw. Of several metrics the one whose comparison is worst. */
export function reportDrawing(report: Report, name: DrawingName): Drawing | undefined {
  return name === 'cohorts' ? cohortsDrawing(report) : baselineDrawing(report);
}

export function reportSvg(report: Report, name: DrawingName, theme: Theme): string | undefined {
  const drawing = reportDrawing(report, name);
  return drawing === undefined ? undefined : standalone(drawing, theme);
}

function cohortsDrawing(report: Report): Drawing | undefined {
  const [first] = byMetric(comparisonsOf(checkNamed(report, 'cohorts')));
  if (first === undefined) return undefined;
  const [metric, comparisons] = first;
  const shown = comparisons.slice(0, MOST_ROWS);
  const rows = shown.map((comparison) => forestRowOf(comparison));
  const axis = forestAxisOf(rows, `${metric}, candidate minus champion`, { turned: lessIsBetter(metric) });
  const classes = shown.some((comparison) => comparison.rarer !== undefined);
  const counts = {
    title: classes ? 'rarer class · rows' : 'rows',
    of: shown.map((comparison) =>
      [classes ? comparison.rarer : undefined, comparison.rows]
        .filter((count) => count !== undefined)
        .map(countOf)
        .join(' · '),
    ),
  };
  const worse = shown.filter(({ verdict }) => verdict === 'worse');
  const [worst] = rows;
  const label = `${metric}, candidate minus champion, for ${comparisons.length} cohorts. ${worst === undefined ? '' : `${rowSentence(worst, axis)}${axis.margin === undefined ? '' : `; the margin is ${limitText(axis.margin)}`}. `}${worse.length} of them worse.`;
  return forestTable(rows, axis, { width: IMAGE_PX, label, counts });
}

function baselineDrawing(report: Report): Drawing | undefined {
  const comparisons = withChampion(checkNamed(report, 'baseline'));
  if (comparisons.length === 0) return undefined;
  const { rows, axis } = baselineForest(comparisons);
  const counts = {
    title: 'rows',
    of: comparisons.map((comparison) => (comparison.rows === undefined ? '' : countOf(comparison.rows))),
  };
  const label = `${axis.unit}: ${rows.map((row) => rowSentence(row, axis)).join('; ')}.`;
  return forestTable(rows, axis, { width: IMAGE_PX, label, counts });
}

/** Where the dashboard serves a drawing of a kept report. */
export const drawingAddress = (publicUrl: string, digest: string, name: DrawingName, theme: Theme): string =>
  `${publicUrl.replace(/\/+$/, '')}/drawings/${digest.replace(/^sha256:/, '')}/${name}-${theme}.svg`;

/** The images of one check's run, for `CheckRunLinks.images`; none where there is nothing to draw. */
export function checkRunImages(
  report: Report,
  digest: string,
  check: string,
  publicUrl: string,
): NonNullable<CheckRunLinks['images']> {
  const name = DRAWINGS.find((each) => each === check);
  const drawing = name === undefined ? undefined : reportDrawing(report, name);
  if (name === undefined || drawing === undefined) return [];
  const address = (theme: Theme): string => drawingAddress(publicUrl, digest, name, theme);
  return [{ light: address('light'), dark: address('dark'), width: drawing.width, alt: drawing.label }];
}
