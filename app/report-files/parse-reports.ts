import { type Figure, isKnownFigure } from '../../checks/report/figure.ts';
import type { CheckResult, Report } from '../../checks/report/report.ts';
import { schemaProblemsOf } from '../../checks/manifest/schema-problems.ts';

export type ParsedReports =
  | { readonly kind: 'parsed'; readonly reports: readonly Report[] }
  /** Every way in which the text is no report, with its place. */
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

const MOST_PROBLEMS = 20;

/** What `slipway check --json FILE` wrote: one report, or a list of them. */
export function parseReports(text: string): ParsedReports {
  const read = readJson(text);
  if (read.kind === 'refused') return read;
  const all: readonly unknown[] = Array.isArray(read.value) ? read.value : [read.value];
  if (all.length === 0) return { kind: 'refused', problems: ['it is an empty list; at least one report was expected'] };
  const problems = all.flatMap((value, index) =>
    schemaProblemsOf('report', value).map((problem) =>
      all.length === 1 ? problem : `report ${index + 1}: ${problem}`,
    ),
  );
  if (problems.length > 0) {
    const more = problems.length - MOST_PROBLEMS;
    return {
      kind: 'refused',
      problems: [...problems.slice(0, MOST_PROBLEMS), ...(more > 0 ? [`and ${more} more`] : [])],
    };
  }
  // The schema has looked at every field that this program reads.
  return { kind: 'parsed', reports: (all as readonly Report[]).map(withKnownFigures) };
}

function readJson(
  text: string,
): { readonly kind: 'read'; readonly value: unknown } | Extract<ParsedReports, { kind: 'refused' }> {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return { kind: 'read', value };
  } catch (error) {
    return { kind: 'refused', problems: [`it is no JSON: ${error instanceof Error ? error.message : String(error)}`] };
  }
}

/** A figure of a newer program cannot be drawn, and its numbers stand in the findings: it is left out. */
const withKnownFigures = (report: Report): Report => ({
  ...report,
  checks: report.checks.map((check): CheckResult => {
    const { figures, ...rest } = check;
    return figures === undefined ? check : { ...rest, figures: figures.filter(isKnownFigure).map(withoutInfinities) };
  }),
});

/** JSON writes null where a bound is infinite: such an interval says nothing, and its row is drawn without one. */
function withoutInfinities(figure: Figure): Figure {
  if (figure.kind !== 'intervals') return figure;
  return {
    ...figure,
    rows: figure.rows.map(({ interval, own, ...row }) => ({
      ...row,
      ...(isFinitePair(interval) ? { interval } : {}),
      ...(isFinitePair(own) ? { own } : {}),
    })),
  };
}

const isFinitePair = (ends: readonly [number, number] | undefined): ends is readonly [number, number] =>
  ends !== undefined && ends.every((end) => Number.isFinite(end));
