import { metricOfRows } from '../metrics/metric-value.ts';
import { labelledRows, scoredRows } from '../metrics/scored-rows.ts';
import { decimalsForDifference, limitText, numberText } from '../report/format.ts';
import type { Finding } from '../report/report.ts';
import type { Sides } from './compare-all.ts';
import { metricRules } from './metric-rules.ts';

/** `min` and `max` judge the point estimate. */
export function floors({ evidence, data, candidate }: Sides): readonly Finding[] {
  const rows = labelledRows(data.labels);
  const scored = scoredRows(candidate, data.labels, rows);
  return metricRules(evidence.proposal.manifest, candidate.task).flatMap(({ rule, pointer }) =>
    (['min', 'max'] as const).flatMap((bound): readonly Finding[] => {
      const limit = rule[bound];
      if (limit === undefined) return [];
      const found = scored.kind === 'undefined' ? { ...scored, n: rows.length } : metricOfRows(rule.name, scored.rows);
      const base = {
        id: `baseline/${rule.name}/${bound}`,
        severity: 'blocking',
        at: evidence.proposal.place(pointer),
      } as const;
      if (found.kind === 'undefined') {
        return [
          {
            ...base,
            verdict: 'inconclusive',
            reason: found.reason,
            measured: { metric: rule.name, [bound]: limit },
          } as const,
        ];
      }
      const holds = bound === 'min' ? found.value >= limit : found.value <= limit;
      const decimals = decimalsForDifference(found.value, found.value - limit);
      const relation = bound === 'min' ? (holds ? 'at least' : 'below') : holds ? 'at most' : 'above';
      return [
        {
          ...base,
          verdict: holds ? ('pass' as const) : ('fail' as const),
          reason: `${rule.name} ${numberText(found.value, decimals)}, ${relation} ${limitText(limit)}`,
          measured: { metric: rule.name, value: found.value, [bound]: limit, n: found.n },
          ...(holds
            ? {}
            : {
                next: `Reach ${bound === 'min' ? 'at least' : 'at most'} ${limitText(limit)}; this floor is absolute.`,
              }),
        },
      ];
    }),
  );
}
