import type { CheckName } from '../check.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { plural } from '../report/format.ts';
import type { Finding, Measured } from '../report/report.ts';

/**
 * The ML Test Score. Glossary: a *test* is one of 28 questions in four *sections*; it earns 2 *points* when it runs automatically (shown by evidence),
 * 1 when somebody did it by hand and *attests* it with a link, else 0. The *score* is the lowest section's sum, of 14.
 *
 * Points and bands as in the 2016 workshop paper (Breck et al., "What's your ML test score?"), the wording of the tests as in Breck et al.,
 * "The ML Test Score", IEEE Big Data 2017, which halves the points.
 */
export type Section = 'Data' | 'Model' | 'Infra' | 'Monitor';

export interface RubricTest {
  readonly id: `${Section} ${1 | 2 | 3 | 4 | 5 | 6 | 7}`;
  readonly title: string;
  /** Whether the evidence shows that it runs by itself; left out: nothing that Slipway sees can show it. */
  readonly automatic?: (facts: ReadinessFacts) => Shown;
  /** How to earn the points. */
  readonly next: string;
}

/** What the tests are answered from. */
export interface ReadinessFacts {
  readonly evidence: Evidence;
  /** What another check found in the same evidence; empty for one that does not exist. */
  found(check: CheckName): readonly Finding[];
}

export interface Shown {
  readonly automated: boolean;
  /** From what evidence; when not automated, what lacks. */
  readonly because: string;
  readonly measured?: Measured;
}

export function shown(because: string, measured: Measured = {}): Shown {
  return { automated: true, because, measured };
}

export function lacking(because: string, measured: Measured = {}): Shown {
  return { automated: false, because, measured };
}

/** A test that some findings answer: shown when at least one passes and none blocks by failing or being undecided. */
export function shownByFindings(findings: readonly Finding[], what: string, otherwise: string): Shown {
  const passed = findings.filter(({ verdict }) => verdict === 'pass');
  const blocked = findings.filter(
    ({ verdict, severity }) =>
      severity === 'blocking' && (verdict === 'fail' || verdict === 'error' || verdict === 'inconclusive'),
  );
  const [worst] = blocked;
  const measured = { passed: passed.length, blocked: blocked.map(({ id }) => id) };
  if (worst !== undefined) return lacking(`${worst.id}: ${worst.reason}`, measured);
  return passed.length === 0
    ? lacking(otherwise, measured)
    : shown(
        `${plural(passed.length, 'finding')} of ${what} ${passed.length === 1 ? 'passes' : 'pass'}, and none blocks`,
        measured,
      );
}

/** Names for a sentence; a long list is cut. */
export function someOf(names: readonly string[]): string {
  const most = 5;
  return names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
}
