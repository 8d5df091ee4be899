import type { Report } from '../../checks/report/report.ts';
import { countOf, intervalOf, millisecondsOf, numberOf } from './numbers.ts';
import type { PlanRow } from './views.ts';

/** What would change for callers, as it was measured: decisions, latency. Rows that a manifest cannot tell. */
export function measuredPlan(report: Report): readonly PlanRow[] {
  const findings = new Map(report.checks.flatMap((check) => check.findings).map((finding) => [finding.id, finding]));
  return [...decisionsRow(findings.get('baseline/decisions')?.measured), ...latencyRow(report)];
}

function decisionsRow(measured: Report['defaults'] | undefined): readonly PlanRow[] {
  const { flips, n, becomeRight, becomeWrong } = measured ?? {};
  if (typeof flips !== 'number' || typeof n !== 'number') return [];
  const mended = typeof becomeRight === 'number' ? `${countOf(becomeRight)} become right` : '';
  const spoiled = typeof becomeWrong === 'number' ? `, ${countOf(becomeWrong)} wrong` : '';
  return [
    {
      subject: 'decisions',
      champion: '—',
      candidate: `${countOf(flips)} of ${countOf(n)} flip`,
      note: `${mended}${spoiled}`,
    },
  ];
}

const MICROSECONDS = 1000;

function latencyRow(report: Report): readonly PlanRow[] {
  const performance = report.checks.find(({ name }) => name === 'performance');
  const figure = performance?.figures?.find((each) => each.kind === 'latency');
  const candidate = figure?.lines.find(({ side }) => side === 'candidate');
  if (candidate === undefined) return [];
  const champion = figure?.lines.find(({ side }) => side === 'champion');
  const { slowdown, slowdownInterval } =
    performance?.findings.find(({ id }) => id === 'performance/latency')?.measured ?? {};
  const ends = Array.isArray(slowdownInterval) ? slowdownInterval : [];
  const [low, high]: readonly unknown[] = ends;
  const interval =
    typeof low === 'number' && typeof high === 'number' ? ` ${intervalOf([low, high], 2).replaceAll('+', '')}` : '';
  return [
    {
      subject: 'median of one row',
      candidate: timeOf(candidate.p50Ms),
      ...(champion === undefined ? {} : { champion: timeOf(champion.p50Ms) }),
      ...(typeof slowdown === 'number' ? { note: `${numberOf(slowdown, 2)} ×${interval}` } : {}),
    },
  ];
}

const timeOf = (ms: number): string =>
  ms < 1 ? `${numberOf(ms * MICROSECONDS, ms * MICROSECONDS < 10 ? 1 : 0)} µs` : `${millisecondsOf(ms)} ms`;
