import type { Evidence } from './evidence/evidence.ts';
import type { Figure } from './report/figure.ts';
import type { Finding } from './report/report.ts';

/** A check asks one question of the evidence. Adding one: `checks/x.ts`, its test, one line in `checks/index.ts`. */
export interface Check {
  readonly name: CheckName;
  /** What it asks, in one sentence; shown in the documentation and on the check run's page. */
  readonly asks: string;
  /** Findings, in any order; the reporter sorts them worst first. Pure: same evidence, same findings. */
  judge(evidence: Evidence): Judgement;
}

export interface Judgement {
  readonly findings: readonly Finding[];
  /** One line with the number that decided, for the check run's title. */
  readonly title: string;
  /** One sentence each: how the numbers were computed. */
  readonly method?: readonly string[];
  /** What a reader should see, worst first. */
  readonly figures?: readonly Figure[];
}

/** The checks that come along; another one's name needs no line here. */
export type CheckName =
  | 'manifest'
  | 'artifact'
  | 'golden'
  | 'baseline'
  | 'replay'
  | 'reproducibility'
  | 'drift'
  | 'cohorts'
  | 'performance'
  | 'explanation'
  | 'compliance'
  | 'readiness'
  | (string & Record<never, never>);
