import type { Evidence } from '../evidence/evidence.ts';
import type { PerformanceEvidence } from '../evidence/performance-evidence.ts';
import { fail, inconclusive, notApplicable, pass } from '../finding.ts';
import { countText, limitText, numberText } from '../report/format.ts';
import type { Finding, Measured } from '../report/report.ts';
import {
  ALPHA,
  loadVerdict,
  memoryVerdict,
  NOTICED_MS,
  p99Verdict,
  slowdownVerdict,
  type BudgetVerdict,
  type SlowdownVerdict,
} from './judge-times.ts';
import { msText, pairOf } from './told-findings.ts';

/** One finding a declared budget. */
export function budgetFindings(evidence: PerformanceEvidence, { proposal }: Evidence): readonly Finding[] {
  const { p99Ms, slowdown, memoryMb, loadMs } = proposal.manifest.performance ?? {};
  const at = (budget: string) => proposal.place(`/performance/${budget}`);
  return [
    ...(p99Ms === undefined ? [] : [budgetFinding(WORDS.p99Ms, p99Verdict(evidence, p99Ms), at('p99Ms'))]),
    ...(slowdown === undefined ? [] : [slowdownFinding(evidence, slowdown, at('slowdown'))]),
    ...(memoryMb === undefined ? [] : [memoryFinding(evidence, memoryMb, at('memoryMb'))]),
    ...(loadMs === undefined
      ? []
      : [budgetFinding(WORDS.loadMs, loadVerdict(evidence.candidate.loadMs, loadMs), at('loadMs'))]),
  ];
}

interface Words {
  readonly id: string;
  readonly what: string;
  readonly counted: string;
  readonly text: (value: number) => string;
  readonly next: string;
}

const mbText = (value: number): string => `${numberText(value, 1)} MB`;

const WORDS = {
  p99Ms: {
    id: 'performance/p99',
    what: 'the 99th percentile of one row',
    counted: 'runs',
    text: msText,
    next: 'Make the graph smaller or simpler (fewer trees, narrower layers), or say in performance.p99Ms what it may take.',
  },
  memoryMb: {
    id: 'performance/memory',
    what: 'the memory that loading and warming up adds',
    counted: 'processes',
    text: mbText,
    next: 'Make the graph smaller, or say in performance.memoryMb what it may take.',
  },
  loadMs: {
    id: 'performance/load',
    what: 'the median load time',
    counted: 'loads',
    text: msText,
    next: 'Make the graph smaller, or say in performance.loadMs how long it may take.',
  },
} as const satisfies Record<string, Words>;

type Place = ReturnType<Evidence['proposal']['place']>;

function budgetFinding(words: Words, judged: BudgetVerdict, at: Place): Finding {
  const { estimate, interval, budget, count } = judged;
  const { id, what, counted, text, next } = words;
  const upper = Number.isFinite(interval.upper) ? text(interval.upper) : '∞';
  const lower = Number.isFinite(interval.lower) ? text(interval.lower) : '0';
  const number = `${what} is ${text(estimate)}, 99 % interval [${lower}, ${upper}], budget ${limitText(budget)} ${words.id === 'performance/memory' ? 'MB' : 'ms'}`;
  const measured = measuredOf(judged);
  switch (judged.verdict) {
    case 'pass':
      return pass(id, `within the budget: ${number}`, measured);
    case 'fail':
      return fail(id, `over the budget: ${number}`, measured, { at, next });
    case 'inconclusive':
      return inconclusive(id, `cannot say: ${number}, ${countText(count)} ${counted}`, measured, {
        at,
        next: moreText(judged, counted),
      });
  }
}

function memoryFinding(evidence: PerformanceEvidence, budget: number, at: Place): Finding {
  const judged = memoryVerdict(evidence, budget);
  return judged === undefined
    ? inconclusive(
        WORDS.memoryMb.id,
        `cannot say: memory could not be told apart here, budget ${limitText(budget)} MB`,
        { budget },
        { at, next: 'Run the check where a process may be started for it.' },
      )
    : budgetFinding(WORDS.memoryMb, judged, at);
}

function slowdownFinding(evidence: PerformanceEvidence, budget: number, at: Place): Finding {
  const id = 'performance/slowdown';
  const judged = slowdownVerdict(evidence, budget);
  const { champion, championLeft } = evidence;
  if (judged === undefined || champion === undefined)
    return championLeft === undefined
      ? notApplicable(id, 'there is no champion to be slower than')
      : inconclusive(id, `cannot be compared: ${championLeft}`, { budget }, { at });
  const number = slowdownText(judged, champion.label);
  const measured = {
    ...measuredOf(judged),
    differenceMs: judged.differenceMs,
    differenceInterval: pairOf(judged.differenceInterval),
    noticedMs: NOTICED_MS,
  };
  if (judged.verdict === 'pass') return pass(id, `not slower than it may be: ${number}`, measured);
  if (judged.verdict === 'fail')
    return fail(id, `too slow: ${number}`, measured, {
      at,
      next: 'Make the graph smaller or simpler, or say in performance.slowdown how much slower it may be.',
    });
  return inconclusive(id, `cannot say whether it is too slow: ${number}`, measured, {
    at,
    next: moreText(judged, 'runs'),
  });
}

function slowdownText(judged: SlowdownVerdict, label: string): string {
  const { estimate, interval, budget, differenceMs } = judged;
  const difference = `${differenceMs < 0 ? '−' : '+'}${msText(Math.abs(differenceMs))}`;
  const small =
    judged.verdict === 'pass' && interval.upper > budget ? `; beneath ${limitText(NOTICED_MS)} ms nobody notices` : '';
  return `${numberText(estimate, 2)} times ${label} (${difference} a row), 99 % interval [${numberText(interval.lower, 2)}, ${numberText(interval.upper, 2)}], limit ${limitText(budget)}${small}`;
}

function moreText({ countThatWouldDecide }: BudgetVerdict, counted: string): string {
  return countThatWouldDecide === undefined
    ? `It lies on the budget: choose another, or make the model quicker.`
    : `About ${countText(countThatWouldDecide)} ${counted} would decide: run the check again on a machine with less to do, or with a larger limits.checkMinutes.`;
}

function measuredOf(judged: BudgetVerdict): Measured {
  const { estimate, interval, budget, count, designEffect, countThatWouldDecide } = judged;
  return {
    estimate,
    interval: pairOf(interval),
    confidence: 1 - ALPHA,
    budget,
    n: count,
    designEffect,
    ...(countThatWouldDecide === undefined ? {} : { countThatWouldDecide }),
  };
}
