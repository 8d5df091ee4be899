import type { ExplainedDecision } from '../evidence/explanation-evidence.ts';
import { fail, pass } from '../finding.ts';
import { countText, decimalsForDifference, numberText, plural, signedText } from '../report/format.ts';
import type { Finding, Measured } from '../report/report.ts';

/** Contributions that a sentence names. */
const NAMED = 3;

/** Whether single answers can be explained: what the columns contribute adds up to how far the score lies from the background's mean. */
export function decisionFinding(decisions: readonly ExplainedDecision[]): readonly Finding[] {
  const [first] = decisions;
  if (first === undefined) return [];
  const worst = decisions.reduce((most, each) =>
    Math.abs(each.additivity.difference) > Math.abs(most.additivity.difference) ? each : most,
  );
  const broken = decisions.find(({ additivity }) => !additivity.holds);
  const measured: Measured = { largestDifference: worst.additivity.difference, decisions: decisions.map(measuredOf) };
  const id = 'explanation/decision';
  if (broken !== undefined)
    return [
      fail(
        id,
        `single answers cannot be explained: what the columns contribute to row ${countText(broken.row + 1)} adds up to ${signedText(broken.additivity.sum)}, and its score lies ${signedText(broken.additivity.expected)} from the mean`,
        measured,
        {
          next: 'Its answers depend on what a row is batched with, or differ from run to run: see golden/batch and reproducibility.',
        },
      ),
    ];
  return [
    pass(
      id,
      `single answers can be explained: ${plural(decisions.length, 'row')} against ${plural(first.backgroundRows, 'background row')}, contributions add up; ${exampleText(decisions)}`,
      measured,
    ),
  ];
}

function exampleText(decisions: readonly ExplainedDecision[]): string {
  const furthest = decisions.reduce((most, each) =>
    Math.abs(each.additivity.expected) > Math.abs(most.additivity.expected) ? each : most,
  );
  const { row, score, background, contributions } = furthest;
  const top = contributions.toSorted((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, NAMED);
  const decimals = decimalsForDifference(Math.max(Math.abs(score), Math.abs(background)), top[0]?.value ?? 0);
  const list = top.map(({ factor, value }) => `${factor} ${signedText(value, decimals)}`).join(', ');
  return `row ${countText(row + 1)} got ${numberText(score, decimals)}, the mean being ${numberText(background, decimals)}: ${list}`;
}

function measuredOf(decision: ExplainedDecision): Measured {
  const { row, score, background, backgroundRows, contributions, additivity, exactRows, orders, asked } = decision;
  return {
    row: row + 1,
    score,
    background,
    backgroundRows,
    difference: additivity.difference,
    exactRows,
    orders,
    asked,
    contributions: contributions.map(({ factor, value, standardError }) => ({ column: factor, value, standardError })),
  };
}
