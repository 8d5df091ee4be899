import { cellAt } from '../../serving/model/record-at.ts';
import { answerOf, type Answer } from '../../serving/model/score.ts';
import type { Table } from '../../serving/model/table.ts';
import type { ReplayEvidence } from '../evidence/replay-evidence.ts';
import { pass } from '../finding.ts';
import type { LoadedManifest } from '../manifest/manifest.ts';
import { countText, numberText, plural } from '../report/format.ts';
import type { Finding, Measured } from '../report/report.ts';
import type { Replayed } from './compare-replay.ts';

const MOST_EXAMPLES = 20;
/** A cell that is shown whole; free text is cut. */
const SHOWN_LENGTH = 60;
/** Scores of an answer that are shown: the largest of many classes. */
const SHOWN_SCORES = 3;

/**
 * The requests that changed most, with what was sent and what both answer: flipped ones where decisions flip, else those whose answer moved. Private
 * columns are left out.
 */
export function examplesFinding(
  replay: ReplayEvidence,
  replayed: Replayed,
  manifest: LoadedManifest['manifest'],
): Finding {
  const flipped = positions(replayed).filter((at) => replayed.champion[at] !== replayed.candidate[at]);
  const pool = flipped.length > 0 ? flipped : positions(replayed).filter((at) => sizeAt(replayed, at) > 0);
  const chosen = pool.toSorted((a, b) => sizeAt(replayed, b) - sizeAt(replayed, a) || a - b).slice(0, MOST_EXAMPLES);
  const columns = [...new Set([...replay.candidateColumns, ...replay.championColumns])];
  const shown = columns.filter((name) => manifest.columns[name]?.pii !== true && replay.table.columns.has(name));
  const withheld = columns.filter((name) => manifest.columns[name]?.pii === true);
  const of =
    flipped.length > 0 ? plural(flipped.length, 'changed decision') : `${plural(pool.length, 'answer')} that moved`;
  const id = 'replay/examples';
  if (chosen.length === 0) return pass(id, 'no answer moved', { examples: [] }, { advisory: true });
  return pass(
    id,
    `the ${countText(chosen.length)} that moved most, of ${of}; the first: ${sentenceOf(replay, replayed, chosen[0] ?? 0, shown)}${withheld.length === 0 ? '' : `; without the private ${plural(withheld.length, 'column')} ${withheld.join(', ')}`}`,
    {
      examples: chosen.map((at) => exampleOf(replay, replayed, at, shown)),
      of: pool.length,
      withheld,
    },
    { advisory: true },
  );
}

function positions({ rows }: Replayed): readonly number[] {
  return Array.from(rows, (_, at) => at);
}

/** How far an answer moved; a flip between classes that cannot be compared counts as nothing. */
function sizeAt({ moved }: Replayed, at: number): number {
  const size = Math.abs(moved[at] ?? 0);
  return Number.isNaN(size) ? 0 : size;
}

function exampleOf(replay: ReplayEvidence, replayed: Replayed, at: number, columns: readonly string[]): Measured {
  const row = replayed.rows[at] ?? 0;
  return {
    row: (replay.rows[row] ?? row) + 1,
    record: Object.fromEntries(columns.map((name) => [name, shownCell(replay.table, name, row)])),
    champion: shownAnswer(answerOf(replay.champion, row)),
    candidate: shownAnswer(answerOf(replay.candidate, row)),
    moved: replayed.moved[at] ?? null,
  };
}

/** Columns of a record that a sentence holds, and digits of a number in it. */
const TOLD_COLUMNS = 6;
const SHOWN_DIGITS = 6;

/** `recorded row 812, 0.123 (no) → 0.910 (yes): age 31, sex Female, …`. */
function sentenceOf(replay: ReplayEvidence, replayed: Replayed, at: number, columns: readonly string[]): string {
  const row = replayed.rows[at] ?? 0;
  const cells = columns.slice(0, TOLD_COLUMNS).map((name) => `${name} ${cellText(shownCell(replay.table, name, row))}`);
  const [before, after] = [replay.champion, replay.candidate].map((answers) => answerText(answerOf(answers, row)));
  return `recorded row ${countText((replay.rows[row] ?? row) + 1)}, ${before} → ${after}: ${cells.join(', ')}${columns.length > TOLD_COLUMNS ? ', …' : ''}`;
}

function cellText(cell: string | number | boolean | null): string {
  if (typeof cell === 'number') return String(Number(cell.toPrecision(SHOWN_DIGITS)));
  return cell === null ? 'missing' : String(cell);
}

function answerText({ score, class: decided }: Answer): string {
  const told = numberText(typeof score === 'number' ? score : Math.max(...score));
  return decided === undefined ? told : `${told} (${decided})`;
}

function shownCell(table: Table, name: string, row: number): string | number | boolean | null {
  const column = table.columns.get(name);
  const cell = column === undefined ? null : cellAt(column, row);
  if (typeof cell === 'object' && cell !== null) return `a list of ${cell.length} numbers`;
  return typeof cell === 'string' && cell.length > SHOWN_LENGTH ? `${cell.slice(0, SHOWN_LENGTH)}…` : cell;
}

function shownAnswer({ score, class: decided }: Answer): Measured {
  const told = typeof score === 'number' ? score : score.toSorted((a, b) => b - a).slice(0, SHOWN_SCORES);
  return {
    [typeof score === 'number' ? 'score' : 'largestScores']: told,
    ...(decided === undefined ? {} : { class: decided }),
  };
}
