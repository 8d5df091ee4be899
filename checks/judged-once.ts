import type { Check, Judgement } from './check.ts';
import type { Evidence } from './evidence/evidence.ts';

/** The same check, which judges one and the same evidence once: `readiness` reads what the others found, and resampling takes seconds. */
export function judgedOnce(check: Check): Check {
  const judged = new WeakMap<Evidence, Judgement>();
  return {
    ...check,
    judge(evidence) {
      const known = judged.get(evidence) ?? check.judge(evidence);
      judged.set(evidence, known);
      return known;
    },
  };
}
