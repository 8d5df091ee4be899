import type { Check } from './check.ts';
import type { Evidence } from './evidence/evidence.ts';
import { fail, pass } from './finding.ts';
import type { Figure } from './report/figure.ts';
import type { Finding } from './report/report.ts';
import { ATTESTATION_DAYS } from './readiness/attestations.ts';
import { dataTests } from './readiness/data-tests.ts';
import { infraTests } from './readiness/infra-tests.ts';
import { modelTests } from './readiness/model-tests.ts';
import { monitorTests } from './readiness/monitor-tests.ts';
import { pointsOf } from './readiness/points.ts';
import type { ReadinessFacts, RubricTest, Section } from './readiness/rubric-test.ts';
import { bandOf, MOST_POINTS_OF_SECTION, scoreOf, SECTION_NAMES, SECTIONS, type Score } from './readiness/score.ts';

/** All 28 tests, in the paper's order. */
export const rubric: readonly RubricTest[] = [...dataTests, ...modelTests, ...infraTests, ...monitorTests];

/**
 * The ML Test Score: is the model ready for production, by what evidence?
 *
 * @param others the checks whose findings answer some of the tests
 */
export function readinessCheck(others: readonly Check[]): Check {
  return {
    name: 'readiness',
    asks: 'How ready for production is the model by the ML Test Score: 28 tests in four sections, each point with its evidence?',
    judge(evidence) {
      const facts: ReadinessFacts = {
        evidence,
        found: (check) => others.find(({ name }) => name === check)?.judge(evidence).findings ?? [],
      };
      const earned = rubric.map((test) => ({ section: sectionOf(test), ...pointsOf(test, facts) }));
      const score = scoreOf(earned);
      const findings = [scoreFinding(score, evidence), ...earned.map(({ finding }) => finding)];
      return { findings, title: titleOf(score), method: METHOD, figures: [figureOf(score)] };
    },
  };
}

const METHOD = [
  'ML Test Score on the scale of 2016 (Breck et al., “What’s your ML test score?”): 2 points for a test that runs automatically, 1 for one that was done by hand and is attested with a link, 0 else; seven tests a section; the score is the lowest section. The scale of 2017 is half of it.',
  `An attestation counts until its last day (until), else for ${ATTESTATION_DAYS} days.`,
];

function sectionOf({ id }: RubricTest): Section {
  return SECTIONS.find((section) => id.startsWith(`${section} `)) ?? 'Data';
}

function sectionsText({ sections }: Score): string {
  return SECTIONS.map((section) => `${SECTION_NAMES[section]} ${sections[section]}`).join(', ');
}

function titleOf(score: Score): string {
  return `ML Test Score ${score.score} of ${MOST_POINTS_OF_SECTION} (${SECTION_NAMES[score.lowest].toLowerCase()} is lowest): ${sectionsText(score)}`;
}

function scoreFinding(score: Score, { proposal }: Evidence): Finding {
  const minimum = proposal.manifest.readiness?.minimum;
  const measured = {
    score: score.score,
    of: MOST_POINTS_OF_SECTION,
    sections: score.sections,
    lowest: score.lowest,
    minimum: minimum ?? null,
    scale: '2016',
  };
  const reason = `the ML Test Score is ${score.score} of ${MOST_POINTS_OF_SECTION}: ${sectionsText(score)}; ${bandOf(score.score)}`;
  if (minimum === undefined) return pass('readiness/score', reason, measured, { advisory: true });
  if (score.score >= minimum) return pass('readiness/score', `${reason}; at least ${minimum} is asked for`, measured);
  return fail('readiness/score', `${reason}; at least ${minimum} is asked for`, measured, {
    at: proposal.place('/readiness/minimum'),
    next: `Earn ${minimum - score.score} more in ${SECTION_NAMES[score.lowest].toLowerCase()}: each of its tests says how.`,
  });
}

function figureOf(score: Score): Figure {
  return {
    kind: 'score',
    id: 'score',
    title: 'ML Test Score',
    says: titleOf(score),
    parts: SECTIONS.map((section) => ({
      label: SECTION_NAMES[section],
      points: score.sections[section],
      of: MOST_POINTS_OF_SECTION,
    })),
  };
}
