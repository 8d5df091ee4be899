import type { ExplainedModel } from '../evidence/explanation-evidence.ts';
import type { Figure, IntervalsFigure } from '../report/figure.ts';
import { countText, percentText } from '../report/format.ts';
import { changesOf } from './change.ts';
import { type RankedColumn, rankImportances } from './rank-importances.ts';

/** More rows than this are a wall; the report's findings have them all. */
const MOST_DRAWN = 20;

/** What each column is worth, to the candidate and to the champion, and how shares moved. */
export function importanceFigures(
  candidate: ExplainedModel,
  ranked: readonly RankedColumn[],
  champion: ExplainedModel | undefined,
): readonly Figure[] {
  const own = importanceFigure('importance', candidate, ranked);
  if (champion === undefined) return [own];
  const changes = changesOf(candidate, champion);
  return [
    own,
    importanceFigure('importance-champion', champion, rankImportances(champion)),
    ...(changes === undefined || changes.length === 0
      ? []
      : [
          {
            kind: 'intervals',
            id: 'change',
            title: 'How the shares moved',
            says: `How each column's share moved from ${champion.label} to ${candidate.label}; most: ${changes[0]?.column} by ${percentText(changes[0]?.difference ?? 0)}.`,
            axis: 'share of importance, candidate minus champion',
            note: `${countText(candidate.rows)} rows, the same shuffles; intervals hold for all columns at once (95 %, Bonferroni)`,
            rows: changes.slice(0, MOST_DRAWN).map(({ column, difference, interval }) => ({
              label: column,
              estimate: difference,
              ...(Number.isFinite(interval.lower) ? { interval: [interval.lower, interval.upper] as const } : {}),
              verdict: interval.lower > 0 || interval.upper < 0 ? ('pass' as const) : ('not-applicable' as const),
            })),
          } satisfies IntervalsFigure,
        ]),
  ];
}

function importanceFigure(
  id: string,
  { label, metric, rows, shuffles }: ExplainedModel,
  ranked: readonly RankedColumn[],
): Figure {
  const top = ranked.slice(0, 3).map(({ name, share }) => `${name} ${percentText(share)}`);
  return {
    kind: 'intervals',
    id,
    title: `What drives ${label}`,
    says: `What drives ${label}: ${top.join(', ')}.`,
    axis: `${metric} lost when the column is shuffled`,
    note: `${countText(rows)} rows, ${shuffles} shuffles, 95 % intervals (jackknife)${ranked.length > MOST_DRAWN ? `; the first ${MOST_DRAWN} of ${ranked.length}` : ''}`,
    rows: ranked.slice(0, MOST_DRAWN).map(({ name, importance, interval }) => ({
      label: name,
      estimate: importance,
      ...(Number.isFinite(interval.lower) ? { interval: [interval.lower, interval.upper] as const } : {}),
      verdict: interval.lower > 0 ? 'pass' : 'not-applicable',
    })),
  };
}
