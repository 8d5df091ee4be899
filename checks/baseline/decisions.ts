import { decisionOf } from '../metrics/per-row.ts';
import { labelledRows, scoredRows } from '../metrics/scored-rows.ts';
import { countText, pValueText } from '../report/format.ts';
import type { Finding } from '../report/report.ts';
import { mcNemar } from '../stats/mcnemar.ts';
import type { Sides } from './compare-all.ts';

/** How the decisions differ: told, never judged. */
export function decisions({ evidence, data, candidate }: Sides, name: string): readonly Finding[] {
  const { baseline } = evidence;
  if (baseline.kind === 'simple' || baseline.answers.kind === 'missing' || candidate.task === 'regression') return [];
  const rows = labelledRows(data.labels);
  const a = scoredRows(candidate, data.labels, rows);
  const b = scoredRows(baseline.answers.value, data.labels, rows);
  if (a.kind === 'undefined' || b.kind === 'undefined' || a.rows.task !== b.rows.task) return [];
  let [onlyCandidate, onlyBaseline, flips] = [0, 0, 0];
  for (let row = 0; row < rows.length; row++) {
    const [mine, other, truth] = [decisionOf(a.rows, row), decisionOf(b.rows, row), a.rows.truth[row]];
    if (mine !== other) flips++;
    if (mine === truth && other !== truth) onlyCandidate++;
    if (mine !== truth && other === truth) onlyBaseline++;
  }
  const test = mcNemar(onlyBaseline, onlyCandidate);
  return [
    {
      id: 'baseline/decisions',
      verdict: 'pass',
      severity: 'advisory',
      reason: `${countText(flips)} of ${countText(rows.length)} decisions differ from ${name}'s: ${countText(onlyCandidate)} become right, ${countText(onlyBaseline)} become wrong (McNemar, p ${pValueText(test.p)})`,
      measured: {
        flips,
        becomeRight: onlyCandidate,
        becomeWrong: onlyBaseline,
        pValue: test.p,
        method: `McNemar, ${test.method}`,
        n: rows.length,
      },
    },
  ];
}
