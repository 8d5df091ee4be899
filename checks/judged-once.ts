import type { Check, Judgement } from './check.ts';
import type { Evidence } from './evidence/evidence.ts';

/** A check that judges one and the same evidence once. */
export interface CheckOnce extends Check {
  /** Takes what it said of this evidence before, in another process or at another time, instead of judging it. */
  remember(evidence: Evidence, judgement: Judgement): void;
}

/** The same check, judging once: `readiness` reads what the others found, and resampling takes seconds. */
export function judgedOnce(check: Check): CheckOnce {
  const judged = new WeakMap<Evidence, Judgement>();
  return {
    ...check,
    remember: (evidence, judgement) => void judged.set(evidence, judgement),
    judge(evidence) {
      const known = judged.get(evidence) ?? check.judge(evidence);
      judged.set(evidence, known);
      return known;
    },
  };
}
