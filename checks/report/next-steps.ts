import type { CheckResult } from './report.ts';
import { worstFirst } from './worst-first.ts';

export interface NextStep {
  readonly next: string;
  /** The finding that asks for it, where the step alone does not tell. */
  readonly about?: string;
}

/** A reader does the first few; each finding keeps its own beside it. */
const MOST_STEPS = 5;

/** What would mend a check, each step once, what blocks first. What is merely advised counts only where nothing blocks. */
export function nextSteps(result: CheckResult): { readonly steps: readonly NextStep[]; readonly more: number } {
  const open = worstFirst(result.findings).filter(
    ({ verdict }) => verdict === 'fail' || verdict === 'error' || verdict === 'inconclusive',
  );
  const blocking = open.filter(({ severity }) => severity === 'blocking');
  const asking = blocking.length > 0 ? blocking : open;
  const steps = [...new Set(asking.flatMap(({ next }) => (next === undefined ? [] : [next])))];
  return { steps: steps.slice(0, MOST_STEPS).map((next) => ({ next })), more: Math.max(0, steps.length - MOST_STEPS) };
}
