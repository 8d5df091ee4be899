import { inputColumns } from '../../checks/baseline/input-columns.ts';
import type { Evidence } from '../../checks/evidence/evidence.ts';
import { answerOf, decisionOf } from '../../serving/model/score.ts';
import type { Cell, Column, Table } from '../../serving/model/table.ts';

/** Decisions that two models make differently on the same rows. */
export interface Flips {
  readonly flips: number;
  readonly rows: number;
  readonly becomeRight: number;
  readonly becomeWrong: number;
  /** Those whose scores lie furthest apart first. */
  readonly examples: readonly FlipExample[];
}

export interface FlipExample {
  /** Of the data, the first is 1. */
  readonly row: number;
  readonly champion: Decided;
  readonly candidate: Decided;
  readonly label: string | number;
  readonly record: Readonly<Record<string, Cell>>;
}

interface Decided {
  readonly score: number | readonly number[];
  readonly class?: string | number;
}

/** Undefined where there is nothing to decide (a regression), or one of the two could not answer. */
export function flipsOf(evidence: Evidence, examples: number): Flips | undefined {
  const { evaluation, candidate, baseline } = evidence;
  if (evaluation.kind === 'missing' || candidate.kind === 'missing') return undefined;
  if (baseline.kind === 'simple' || baseline.answers.kind === 'missing') return undefined;
  const [mine, theirs] = [candidate.value, baseline.answers.value];
  const { table, labels } = evaluation.value;
  if (mine.task === 'regression' || theirs.task === 'regression' || labels.kind !== 'classes') return undefined;
  const decidedBy = (answers: typeof mine, row: number) => String(answers.classes[decisionOf(answers, row)]);
  const flipped: { readonly row: number; readonly distance: number }[] = [];
  let [becomeRight, becomeWrong] = [0, 0];
  for (let row = 0; row < table.rows; row++) {
    const [own, before] = [decidedBy(mine, row), decidedBy(theirs, row)];
    if (own === before) continue;
    const truth = String(labels.classes[labels.codes[row] ?? -1]);
    if (own === truth) becomeRight += 1;
    if (before === truth) becomeWrong += 1;
    flipped.push({ row, distance: distanceOf(answerOf(mine, row).score, answerOf(theirs, row).score) });
  }
  const shown = shownColumns(evidence, table);
  const furthest = flipped.toSorted((a, b) => b.distance - a.distance || a.row - b.row).slice(0, examples);
  return {
    flips: flipped.length,
    rows: table.rows,
    becomeRight,
    becomeWrong,
    examples: furthest.map(({ row }) => ({
      row: row + 1,
      champion: answerOf(theirs, row),
      candidate: answerOf(mine, row),
      label: labels.classes[labels.codes[row] ?? -1] ?? '',
      record: recordOf(shown, row),
    })),
  };
}

function distanceOf(a: Decided['score'], b: Decided['score']): number {
  const [first, second] = [[a].flat(), [b].flat()];
  return Math.max(...first.map((value, k) => Math.abs(value - (second[k] ?? NaN))));
}

/** Longer lists say nothing to a person. */
const LIST_SHOWN = 8;

/** What the candidate reads, without what identifies a person; every column where that is not known. */
function shownColumns(evidence: Evidence, table: Table): readonly (readonly [string, Column])[] {
  const { columns: declared, evaluation } = evidence.proposal.manifest;
  const names = inputColumns(evidence);
  return [...table.columns].filter(
    ([name]) => (names?.includes(name) ?? name !== evaluation.label) && declared[name]?.pii !== true,
  );
}

function recordOf(columns: readonly (readonly [string, Column])[], row: number): Readonly<Record<string, Cell>> {
  return Object.fromEntries(
    columns.map(([name, column]): [string, Cell] => {
      switch (column.kind) {
        case 'number': {
          const value = column.values[row] ?? NaN;
          return [name, Number.isNaN(value) ? null : value];
        }
        case 'integer':
          return [name, column.missing[row] === 1 ? null : String(column.values[row])];
        case 'category':
          return [name, column.dictionary[column.codes[row] ?? -1] ?? null];
        case 'list': {
          const list = column.values[row];
          return [name, list === undefined ? null : [...list.subarray(0, LIST_SHOWN)]];
        }
      }
    }),
  );
}
