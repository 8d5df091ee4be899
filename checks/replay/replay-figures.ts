import type { ReplayEvidence } from '../evidence/replay-evidence.ts';
import type { DistributionFigure, Figure, FlipsFigure } from '../report/figure.ts';
import { countText, numberText, percentText, plural } from '../report/format.ts';
import { quantileSorted } from '../stats/quantile.ts';
import { flipsOf, type Replayed } from './compare-replay.ts';

/** More classes than this make a table that nobody reads. */
const MOST_CLASSES = 20;
const BINS = 20;
/** Answers beyond these quantiles of the champion's lie in the open bins at the ends. */
const ENDS = [0.01, 0.99] as const;

export function replayFigures(
  replay: ReplayEvidence,
  replayed: Replayed,
  labels: { readonly candidate: string; readonly champion: string },
): readonly Figure[] {
  if (replayed.rows.length === 0) return [];
  return [...flipsFigure(replayed, labels), ...scoresFigure(replay, replayed, labels)];
}

function flipsFigure(
  replayed: Replayed,
  { candidate, champion }: { readonly candidate: string; readonly champion: string },
): readonly FlipsFigure[] {
  const { classes, rows } = replayed;
  if (replayed.task === 'regression' || classes.length > MOST_CLASSES) return [];
  const counts = classes.map(() => classes.map(() => 0));
  for (const [at, before] of replayed.champion.entries()) {
    const ofClass = counts[before];
    const after = replayed.candidate[at] ?? before;
    if (ofClass !== undefined) ofClass[after] = (ofClass[after] ?? 0) + 1;
  }
  const flips = flipsOf(replayed.candidate, replayed.champion);
  return [
    {
      kind: 'flips',
      id: 'flips',
      says: `${countText(flips)} of ${plural(rows.length, 'recorded decision')} change from ${champion} to ${candidate}: ${percentText(flips / rows.length)}`,
      note: `rows: ${champion}; columns: ${candidate}`,
      classes,
      counts,
    },
  ];
}

/** Scores of both models on the recorded requests; of several classes there is no one score. */
function scoresFigure(
  replay: ReplayEvidence,
  { task, rows }: Replayed,
  labels: { readonly candidate: string; readonly champion: string },
): readonly DistributionFigure[] {
  if (task === 'multiclass') return [];
  const scoresOf = (side: 'candidate' | 'champion'): Float64Array =>
    Float64Array.from(rows, (row) => replay[side].scores[row] ?? NaN);
  const sorted = scoresOf('champion').sort();
  const [from = 0, to = 0] = ENDS.map((level) => quantileSorted(sorted, level));
  if (!(to > from)) return [];
  const edges = Array.from({ length: BINS - 1 }, (_, i) => from + ((to - from) * i) / (BINS - 2));
  const sharesOf = (scores: Float64Array): readonly number[] => {
    const counts = Array.from({ length: BINS }, () => 0);
    for (const score of scores) {
      const bin = edges.findIndex((edge) => score < edge);
      const at = bin === -1 ? BINS - 1 : bin;
      counts[at] = (counts[at] ?? 0) + 1;
    }
    return counts.map((count) => count / scores.length);
  };
  const text = (edge: number | undefined): string => numberText(edge ?? NaN);
  return [
    {
      kind: 'distribution',
      id: 'scores',
      says: `what both models answer to ${plural(rows.length, 'recorded request')}`,
      column: 'score',
      bins: Array.from({ length: BINS }, (_, bin) =>
        bin === 0 ? `under ${text(edges[0])}` : bin === BINS - 1 ? `${text(edges[BINS - 2])}+` : text(edges[bin - 1]),
      ),
      edges,
      sides: (['champion', 'candidate'] as const).map((side) => ({
        side,
        label: labels[side],
        shares: sharesOf(scoresOf(side)),
      })),
    },
  ];
}
