import type { Budgets } from '../evidence/job.ts';
import type { PerformanceEvidence, TimedModel } from '../evidence/performance-evidence.ts';
import { pass } from '../finding.ts';
import { countText, decimalsFor, numberText } from '../report/format.ts';
import type { Finding, Measured } from '../report/report.ts';
import type { Interval } from '../stats/interval.ts';
import { quantileSorted } from '../stats/quantile.ts';
import { ALPHA, BYTES_PER_MB, slowdownVerdict, timeQuantile } from './judge-times.ts';

const ADVISORY = { advisory: true } as const;

/** `0.031 ms`, `17 µs`, `2.10 s`. */
export function msText(ms: number): string {
  if (ms >= 1000) return `${numberText(ms / 1000, 2)} s`;
  return ms < 0.1 ? `${numberText(1000 * ms, ms < 0.01 ? 1 : 0)} µs` : `${numberText(ms, decimalsFor(ms))} ms`;
}

export function pairOf({ lower, upper }: Interval): readonly [number, number] {
  return [lower, upper];
}

export function median(values: Float64Array): number {
  return quantileSorted(values.toSorted(), 0.5);
}

/** What was measured and no budget asks for; never judges. */
export function toldFindings(evidence: PerformanceEvidence, { memoryMb, loadMs }: Budgets): readonly Finding[] {
  return [
    latencyFinding(evidence),
    throughputFinding(evidence),
    ...(memoryMb === undefined ? [memoryFinding(evidence)] : []),
    ...(loadMs === undefined ? [loadFinding(evidence)] : []),
  ];
}

function latencyFinding(evidence: PerformanceEvidence): Finding {
  const { candidate, champion, championLeft, roundEnds, rounds, stopped } = evidence;
  const ofCandidate = latencyOf(candidate, roundEnds);
  const ratio = slowdownVerdict(evidence, 1);
  const than =
    champion === undefined || ratio === undefined
      ? championLeft === undefined
        ? ''
        : `; not against the champion: ${championLeft}`
      : `; ${numberText(ratio.estimate, 2)} times ${champion.label}, 99 % interval [${numberText(ratio.interval.lower, 2)}, ${numberText(ratio.interval.upper, 2)}]`;
  return pass(
    'performance/latency',
    `one row takes ${msText(ofCandidate.p50Ms)} in the median and ${msText(ofCandidate.p99Ms)} at p99, ${countText(candidate.runMs.length)} runs${than}`,
    {
      candidate: ofCandidate,
      ...(champion === undefined ? {} : { champion: latencyOf(champion, roundEnds) }),
      ...(ratio === undefined
        ? {}
        : {
            slowdown: ratio.estimate,
            slowdownInterval: pairOf(ratio.interval),
            differenceMs: ratio.differenceMs,
            differenceInterval: pairOf(ratio.differenceInterval),
          }),
      confidence: 1 - ALPHA,
      n: candidate.runMs.length,
      rounds,
      stopped,
    },
    ADVISORY,
  );
}

function latencyOf({ label, runMs, computeMs }: TimedModel, roundEnds: Int32Array) {
  const [p50, p99] = [timeQuantile(computeMs, 0.5, roundEnds), timeQuantile(computeMs, 0.99, roundEnds)];
  const byClock = runMs.toSorted();
  return {
    model: label,
    p50Ms: p50.estimate,
    p50Interval: pairOf(p50.interval),
    p99Ms: p99.estimate,
    p99Interval: pairOf(p99.interval),
    clockP50Ms: quantileSorted(byClock, 0.5),
    clockP99Ms: quantileSorted(byClock, 0.99),
  } satisfies Measured;
}

function throughputFinding({ candidate, champion, rounds }: PerformanceEvidence): Finding {
  const rate = median(candidate.rowsPerSecond);
  const ofChampion = champion === undefined ? undefined : median(champion.rowsPerSecond);
  return pass(
    'performance/throughput',
    `${countText(rate)} rows a second in batches of ${candidate.batch}${champion === undefined || ofChampion === undefined ? '' : `; ${champion.label} ${countText(ofChampion)} in batches of ${champion.batch}`}`,
    {
      rowsPerSecond: rate,
      batch: candidate.batch,
      ...(champion === undefined || ofChampion === undefined
        ? {}
        : { championRowsPerSecond: ofChampion, championBatch: champion.batch }),
      rounds,
    },
    ADVISORY,
  );
}

function memoryFinding({ candidate, champion }: PerformanceEvidence): Finding {
  const [own, other] = [memoryOf(candidate), champion === undefined ? undefined : memoryOf(champion)];
  const id = 'performance/memory';
  if (own === undefined) return pass(id, 'memory could not be told apart here', { processes: 0 }, ADVISORY);
  return pass(
    id,
    `loading and warming up adds ${numberText(own, 1)} MB of resident memory${champion === undefined || other === undefined ? '' : `; ${champion.label} ${numberText(other, 1)} MB`}`,
    {
      memoryMb: own,
      ...(other === undefined ? {} : { championMemoryMb: other }),
      processes: candidate.memoryBytes?.length ?? 0,
    },
    ADVISORY,
  );
}

function memoryOf({ memoryBytes }: TimedModel): number | undefined {
  return memoryBytes === undefined || memoryBytes.length === 0 ? undefined : median(memoryBytes) / BYTES_PER_MB;
}

function loadFinding({ candidate, champion }: PerformanceEvidence): Finding {
  const own = median(candidate.loadMs);
  const other = champion === undefined ? undefined : median(champion.loadMs);
  return pass(
    'performance/load',
    `it loads in ${msText(own)}${champion === undefined || other === undefined ? '' : `; ${champion.label} in ${msText(other)}`}`,
    { loadMs: own, ...(other === undefined ? {} : { championLoadMs: other }), loads: candidate.loadMs.length },
    ADVISORY,
  );
}
