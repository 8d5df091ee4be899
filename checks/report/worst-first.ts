import type { Finding, Verdict } from './report.ts';

/** Worst first, then what cannot be said, then what was excused, then what is right. */
const order = {
  fail: 0,
  error: 1,
  inconclusive: 2,
  waived: 3,
  pass: 4,
  'not-applicable': 5,
} as const satisfies Record<Verdict, number>;

/** Findings as a reader wants them: by verdict, blocking before advisory, the order they came in within. */
export function worstFirst(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted(
    (a, b) =>
      order[a.verdict] - order[b.verdict] || Number(a.severity === 'advisory') - Number(b.severity === 'advisory'),
  );
}
