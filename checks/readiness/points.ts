import type { Evidence } from '../evidence/evidence.ts';
import { fail, inconclusive, pass } from '../finding.ts';
import type { Finding } from '../report/report.ts';
import { attestedFor, automationOf } from './attestations.ts';
import type { ReadinessFacts, RubricTest } from './rubric-test.ts';

/** What one test earned, and the finding that says from what. */
export interface Points {
  readonly test: RubricTest;
  readonly points: 0 | 1 | 2;
  readonly finding: Finding;
}

/**
 * 2 points where the evidence shows that the test runs by itself, or the check that its attestation names succeeded on this commit; 1 where
 * somebody attests it and that has not expired; else 0. A point that is not earned is "cannot say"; an attestation that no longer counts fails,
 * so that somebody renews it. All of it is advisory: the score alone may decide.
 */
export function pointsOf(test: RubricTest, facts: ReadinessFacts): Points {
  const { evidence } = facts;
  const { manifest } = evidence.proposal;
  const attested = attestedFor(test.id, manifest.attest, evidence.today);
  const automatic = test.automatic?.(facts);
  const id = findingIdOf(test);
  const head = { test: test.id, title: test.title };
  const earned = (points: 1 | 2, from: string, measured: Finding['measured']): Points => ({
    test,
    points,
    finding: pass(id, `${test.title}: ${from}`, { ...head, points, ...measured }, { advisory: true }),
  });
  if (automatic?.automated === true) return earned(2, automatic.because, { how: 'automated', ...automatic.measured });
  if (attested.kind === 'valid') {
    const { attestation, until, index } = attested;
    const { evidence: link, by, on } = attestation;
    const automation = automationOf(attestation, evidence);
    const measured = { link, by, on, until };
    if (automation?.kind === 'succeeded')
      return earned(2, `the check ${automation.run.name} succeeds on this commit (${link})`, {
        how: 'automated',
        ...measured,
        check: automation.run.name,
        ...(automation.run.url === undefined ? {} : { url: automation.run.url }),
      });
    const point = earned(1, `attested by ${by} on ${on}, until ${until}: ${link}`, { how: 'attested', ...measured });
    return automation === undefined
      ? point
      : { ...point, finding: attestedAlone(point.finding, automation.why, placeOf(evidence, index)) };
  }
  const measured = { ...head, points: 0, how: 'none', ...automatic?.measured };
  if (attested.kind === 'void') {
    const { attestation, why, index } = attested;
    const { by, on, evidence: link } = attestation;
    return {
      test,
      points: 0,
      finding: fail(
        id,
        `${test.title}: attested by ${by} on ${on}, and that does not count: ${why}`,
        { ...measured, link, by, on },
        {
          advisory: true,
          at: placeOf(evidence, index),
          next: 'Do it again, and write the new link and day.',
        },
      ),
    };
  }
  const why = automatic?.because ?? 'nobody attests it';
  return {
    test,
    points: 0,
    finding: inconclusive(id, `${test.title}: ${why}`, measured, { advisory: true, next: test.next }),
  };
}

/** `readiness/data-1` */
export function findingIdOf({ id }: Pick<RubricTest, 'id'>): string {
  return `readiness/${id.toLowerCase().replace(' ', '-')}`;
}

/** Somebody's word counts for one point; the check that would make it two did not succeed. */
function attestedAlone(finding: Finding, why: string, at: Finding['at']): Finding {
  return {
    ...finding,
    reason: `${finding.reason}; ${why}`,
    next: 'Let that check succeed on this commit: then the test counts as automated.',
    ...(at === undefined ? {} : { at }),
  };
}

function placeOf({ proposal, context }: Evidence, index: number): NonNullable<Finding['at']> {
  return (context?.submitted ?? proposal).place(`/attest/${index}`);
}
