import type { Answers, EvaluationData, Evidence } from '../evidence/evidence.ts';
import { type Compared, compareMetric } from '../metrics/compare-metric.ts';
import { marginOf } from '../metrics/metrics.ts';
import { groupsOf, labelledRows, type ScoredRows, scoredRows } from '../metrics/scored-rows.ts';
import type { Finding } from '../report/report.ts';
import { metricRules, type PlacedRule } from './metric-rules.ts';
import { comparisonSentence, rowsText } from './metric-sentences.ts';
import { measuredOf, type NonInferiority, nonInferiority } from './non-inferiority.ts';

const ALPHA = 0.05;
const SEED = 1;

/** The candidate's answers on rows whose labels are known. */
export interface Sides {
  readonly evidence: Evidence;
  readonly data: EvaluationData;
  readonly candidate: Answers;
}

/** A comparison with the finding that it led to; what the title and the method notes are made of. */
export interface Judged {
  readonly finding: Finding;
  readonly comparison?: { readonly compared: Compared; readonly judged: NonInferiority };
}

export interface ComparisonKind {
  /** Ids are `prefix/metric`. */
  readonly prefix: string;
  /** What the candidate is compared with, in words. */
  readonly name: string;
  severity(verdict: Finding['verdict']): Finding['severity'];
}

/** One finding a metric: the candidate against other answers on the same rows. */
export function compareAll(sides: Sides, baseline: Answers, kind: ComparisonKind): readonly Judged[] {
  const { evidence, data, candidate } = sides;
  const rows = labelledRows(data.labels);
  const groups = groupsOf(data, rows);
  const [a, b] = [scoredRows(candidate, data.labels, rows), scoredRows(baseline, data.labels, rows)];
  return metricRules(evidence.proposal.manifest, candidate.task).map((placed) => {
    if (a.kind === 'undefined') return undefinedFinding(evidence, placed, kind, `candidate: ${a.reason}`);
    if (b.kind === 'undefined') return undefinedFinding(evidence, placed, kind, `${kind.name}: ${b.reason}`);
    return compareOne(evidence, placed, kind, a.rows, b.rows, groups);
  });
}

function compareOne(
  evidence: Evidence,
  placed: PlacedRule,
  kind: ComparisonKind,
  candidate: ScoredRows,
  baseline: ScoredRows,
  groups: Int32Array | undefined,
): Judged {
  const { name } = placed.rule;
  const options = { alpha: ALPHA, seed: SEED, ...(groups === undefined ? {} : { groups }) };
  const compared = compareMetric(name, candidate, baseline, options);
  if (compared.kind === 'undefined') return undefinedFinding(evidence, placed, kind, compared.reason);
  const judged = nonInferiority(compared, marginOf(name, placed.rule, compared.baseline).margin);
  return {
    comparison: { compared, judged },
    finding: {
      id: `${kind.prefix}/${name}`,
      verdict: judged.verdict,
      severity: kind.severity(judged.verdict),
      reason: `${comparisonSentence(compared, judged)} (against ${kind.name})`,
      measured: { ...measuredOf(compared, judged), against: kind.name },
      at: evidence.proposal.place(placed.pointer),
      ...nextOf(judged),
    },
  };
}

function nextOf(judged: NonInferiority): Pick<Finding, 'next'> {
  switch (judged.verdict) {
    case 'pass':
      return {};
    case 'fail':
      return { next: 'Train a better model, or say in a waiver why being worse by this much is right.' };
    case 'inconclusive':
      return { next: `Evaluate on more rows${rowsText(judged)}.`.replace('rows; about', 'rows: about') };
  }
}

/** A metric without a value is not a pass; against a trivial model, for which many metrics have none, it does not apply. */
function undefinedFinding(
  evidence: Evidence,
  { rule, pointer }: PlacedRule,
  kind: ComparisonKind,
  reason: string,
): Judged {
  const apart = kind.prefix !== 'baseline' || (evidence.baseline.kind === 'simple' && reason.startsWith('baseline: '));
  return {
    finding: {
      id: `${kind.prefix}/${rule.name}`,
      verdict: apart ? 'not-applicable' : 'inconclusive',
      severity: apart ? 'advisory' : 'blocking',
      reason: `${rule.name} cannot be compared with ${kind.name}: ${reason}`,
      measured: { metric: rule.name, against: kind.name },
      at: evidence.proposal.place(pointer),
      ...(apart
        ? {}
        : { next: 'Mend the rows or the scores that leave the metric without a value, or judge by another metric.' }),
    },
  };
}
