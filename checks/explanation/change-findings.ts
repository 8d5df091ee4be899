import type { ExplainedModel } from '../evidence/explanation-evidence.ts';
import { fail, inconclusive, pass } from '../finding.ts';
import { numberText, percentText, plural, signedText } from '../report/format.ts';
import type { Finding, Measured } from '../report/report.ts';
import { type ChangedColumn, changesOf } from './change.ts';

/** A column whose share moved by less is told among the others. */
const LEAST_CHANGE = 0.1;

/** Columns that gained or lost against the champion by more than chance, and by enough to matter. */
export function changeFindings(candidate: ExplainedModel, champion: ExplainedModel): readonly Finding[] {
  const changes = changesOf(candidate, champion);
  if (changes === undefined)
    return [
      inconclusive(
        'explanation/change',
        `what drives ${candidate.label} and ${champion.label} was not measured on the same rows, so their importances cannot be compared`,
        { candidateRows: candidate.rows, championRows: champion.rows },
        { advisory: true },
      ),
    ];
  const moved = changes.filter(isMoved);
  const undecided = changes.filter((change) => !isMoved(change) && Math.abs(change.difference) >= LEAST_CHANGE);
  const still = changes.filter(({ difference }) => Math.abs(difference) < LEAST_CHANGE);
  const others =
    moved.length === 0
      ? `what drives the answers against ${champion.label}`
      : plural(changes.length - moved.length, 'other column');
  const measured: Measured = {
    champion: champion.label,
    limit: LEAST_CHANGE,
    columns: [...undecided, ...still].map(measuredOf),
  };
  return [
    ...moved.map((change) => movedFinding(change, champion)),
    undecided.length > 0
      ? inconclusive(
          'explanation/change',
          `${others}: whether the share of ${undecided.map(({ column }) => column).join(', ')} moved by ${percentText(LEAST_CHANGE, 0)} cannot be told from chance${largestText(undecided)}`,
          measured,
          { advisory: true, next: 'Evaluate on more rows.' },
        )
      : pass(
          'explanation/change',
          `${others}: no share moved by ${percentText(LEAST_CHANGE, 0)}${largestText(still)}`,
          measured,
          {
            advisory: true,
          },
        ),
  ];
}

function isMoved({ difference, interval }: ChangedColumn): boolean {
  return Math.abs(difference) >= LEAST_CHANGE && (interval.lower > 0 || interval.upper < 0);
}

function largestText([largest]: readonly ChangedColumn[]): string {
  return largest === undefined
    ? ''
    : ` (most: ${largest.column}, ${percentText(largest.champion)} to ${percentText(largest.candidate)})`;
}

function movedFinding(change: ChangedColumn, champion: ExplainedModel): Finding {
  const { column, candidate, champion: before, interval, inputOf, difference } = change;
  const word = difference > 0 ? 'gained' : 'lost';
  const bounds = `[${signedText(100 * interval.lower, 1)}, ${signedText(100 * interval.upper, 1)}] points`;
  const who = { both: '', candidate: `; ${champion.label} did not take it`, champion: '; it is no input any more' }[
    inputOf
  ];
  return fail(
    `explanation/change/${column}`,
    `${column} ${word}: ${percentText(before)} of what drives ${champion.label}, now ${percentText(candidate)}, 95 % interval of the change ${bounds}${who}`,
    { ...measuredOf(change), limit: LEAST_CHANGE, baselineModel: champion.label },
    {
      advisory: true,
      next: `Look whether that is meant: a share that moves by more than ${numberText(LEAST_CHANGE, 1)} is another model, however alike the metrics are.`,
    },
  );
}

function measuredOf({ column, candidate, champion, difference, interval, inputOf }: ChangedColumn): Measured {
  return {
    column,
    candidateShare: candidate,
    championShare: champion,
    shareDifference: difference,
    shareInterval: [interval.lower, interval.upper].map((bound) => (Number.isFinite(bound) ? bound : null)),
    inputOf,
  };
}
