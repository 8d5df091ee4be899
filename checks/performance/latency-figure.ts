import type { PerformanceEvidence, TimedModel } from '../evidence/performance-evidence.ts';
import type { FigureSide, LatencyFigure } from '../report/figure.ts';
import { plural } from '../report/format.ts';
import { quantileSorted } from '../stats/quantile.ts';
import { timeQuantile } from './judge-times.ts';
import { msText } from './told-findings.ts';

/** Levels that a curve of quantiles is drawn at: every second percent, and the last ones finer. */
const LEVELS: readonly number[] = [...Array.from({ length: 49 }, (_, i) => (i + 1) / 50), 0.99, 0.995, 0.999];

export function latencyFigure(
  { candidate, champion, roundEnds }: PerformanceEvidence,
  budgetMs: number | undefined,
): LatencyFigure {
  const lines = [
    lineOf(candidate, 'candidate', roundEnds),
    ...(champion === undefined ? [] : [lineOf(champion, 'champion', roundEnds)]),
  ];
  return {
    kind: 'latency',
    id: 'latency',
    says: lines
      .map(
        ({ label, p50Ms, p99Ms }) => `${label} takes ${msText(p50Ms)} a row in the median and ${msText(p99Ms)} at p99`,
      )
      .join('; '),
    note: `${plural(candidate.computeMs.length, 'run')} of one row each, by turns; time that the process computed`,
    lines,
    ...(budgetMs === undefined ? {} : { budgetMs }),
  };
}

function lineOf(
  { label, computeMs }: TimedModel,
  side: FigureSide,
  roundEnds: Int32Array,
): LatencyFigure['lines'][number] {
  const sorted = computeMs.toSorted();
  const at = (level: number): number => quantileSorted(sorted, level);
  // A level that no run reaches would repeat the largest.
  const levels = LEVELS.filter((level) => (1 - level) * sorted.length >= 1 || level <= 0.5);
  const { lower, upper } = timeQuantile(computeMs, 0.99, roundEnds).interval;
  return {
    side,
    label,
    levels,
    ms: levels.map(at),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    ...(Number.isFinite(lower) && Number.isFinite(upper) ? { p99IntervalMs: [lower, upper] } : {}),
  };
}
