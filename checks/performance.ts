import type { Check, Judgement } from './check.ts';
import type { Evidence } from './evidence/evidence.ts';
import type { Budgets } from './evidence/job.ts';
import type { PerformanceEvidence } from './evidence/performance-evidence.ts';
import { decidingFinding, inconclusive, missingFinding, notApplicable } from './finding.ts';
import { budgetFindings } from './performance/budget-findings.ts';
import { latencyFigure } from './performance/latency-figure.ts';
import { msText, toldFindings } from './performance/told-findings.ts';
import { timeQuantile } from './performance/judge-times.ts';
import { limitText, plural } from './report/format.ts';
import type { Finding } from './report/report.ts';

/** Latency, throughput, memory and load time, against the declared budgets and against the champion, measured side by side. */
export const performanceCheck: Check = {
  name: 'performance',
  asks: 'Is it quick and small enough: latency, memory and load time against the declared budgets, and against the champion in the same run?',
  judge,
};

function judge(evidence: Evidence): Judgement {
  const { performance, candidate, proposal } = evidence;
  const budgets = proposal.manifest.performance ?? {};
  const declared = Object.keys(budgets).length > 0;
  if (performance === undefined || performance.kind === 'missing') return alone(notMeasured(evidence, declared));
  if (candidate.kind === 'missing') return alone(missingFinding('performance', 'evidence', candidate));
  const { value } = performance;
  const findings = [...budgetFindings(value, evidence), ...toldFindings(value, budgets)];
  return {
    findings,
    title: titleOf(findings, value, budgets),
    method: methodOf(value),
    figures: [latencyFigure(value, budgets.p99Ms)],
  };
}

function alone(finding: Finding): Judgement {
  return { findings: [finding], title: finding.reason };
}

/** Without a budget nothing is owed, and what was not measured blocks nothing. */
function notMeasured({ performance, candidate, artifact }: Evidence, declared: boolean): Finding {
  if (candidate.kind === 'missing') return missingFinding('performance', 'evidence', candidate);
  if (performance?.kind === 'missing')
    return declared
      ? missingFinding('performance', 'evidence', performance)
      : notApplicable('performance/evidence', `no budget is declared, and nothing was measured: ${performance.reason}`);
  const why = artifact.failure === undefined ? 'it was not asked for' : `running the model failed: ${artifact.failure}`;
  return declared
    ? inconclusive('performance/evidence', `times were not measured: ${why}`, {}, { next: 'Run the check again.' })
    : notApplicable('performance/evidence', `no budget is declared, and times were not measured: ${why}`);
}

function titleOf(
  findings: readonly Finding[],
  { candidate, champion, roundEnds }: PerformanceEvidence,
  budgets: Budgets,
): string {
  const worst = decidingFinding(findings.filter(({ severity }) => severity === 'blocking'));
  if (worst?.verdict === 'fail' || worst?.verdict === 'inconclusive') return worst.reason;
  const p50 = timeQuantile(candidate.computeMs, 0.5, roundEnds).estimate;
  const p99 = timeQuantile(candidate.computeMs, 0.99, roundEnds).estimate;
  const against =
    champion === undefined
      ? ''
      : `; ${champion.label} ${msText(timeQuantile(champion.computeMs, 0.5, roundEnds).estimate)}`;
  const budget = budgets.p99Ms === undefined ? '' : ` (budget ${limitText(budgets.p99Ms)} ms)`;
  const none = Object.keys(budgets).length === 0 ? '; no budget is declared' : '';
  return `one row takes ${msText(p50)} in the median, p99 ${msText(p99)}${budget}${against}${none}`;
}

function methodOf({ candidate, champion, rounds, singleRows, stopped }: PerformanceEvidence): readonly string[] {
  const who =
    champion === undefined
      ? candidate.label
      : `${candidate.label} and ${champion.label}, by turns in a seeded random order,`;
  const ended = {
    decided: 'every declared budget was decided',
    enough: 'that is enough',
    time: 'the time for it was up',
  }[stopped];
  return [
    `${who} answered ${plural(candidate.runMs.length, 'request')} of one row each, over ${plural(singleRows, 'record')}, in ${plural(rounds, 'round')} with a full batch of ${candidate.batch} after each; then ${ended}.`,
    'A run is the whole path of a request: record, tensors, model, score. Judged is the time that its process computed, since how busy this machine was says nothing of the model; the time by the clock is told beside it.',
    'Intervals hold with 99 % (five looks at the runs, together 95 %): order statistics by the binomial law, with the design effect of the rounds. Slowdown: the median ratio of runs that followed each other on one record; it counts only beyond 0.2 ms.',
    'Memory: what loading and warming up adds to the resident memory of a fresh process that has loaded the runtime before. Evidence is kept: judged again, these same times are shown.',
  ];
}
