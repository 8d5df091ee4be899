import { inputColumns } from '../baseline/input-columns.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { Finding } from '../report/report.ts';
import { domainFindings } from './domain-findings.ts';
import { duplicateFindings } from './duplicate-findings.ts';
import { keyFindings, leakFindings } from './leak-findings.ts';

/** Does a column give the label away, were rows trained on that are evaluated on, do the data hold what the manifest says? */
export function dataRuleFindings(evidence: Evidence): readonly Finding[] {
  const { evaluation } = evidence;
  if (evaluation.kind === 'missing') return [];
  const inputs = inputColumns(evidence) ?? [];
  return [
    ...keyFindings(evidence, inputs),
    ...leakFindings(evidence, evaluation.value, inputs),
    ...duplicateFindings(evidence, evaluation.value, inputs),
    ...domainFindings(evidence, evaluation.value.table),
  ];
}
