import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { addTallies, type BlockResult, type Cell, cellName, type Tally } from './cell.ts';

/**
 * Finished blocks, one JSON line each, so that an interrupted run goes on where it was. A file belongs to one state of the code: `forget`
 * takes out what a change has made untrue.
 */
export interface CalibrationState {
  readonly isDone: (cell: Cell, block: number, repetitions: number) => boolean;
  readonly add: (results: readonly BlockResult[]) => void;
  readonly tallyOf: (cell: Cell) => Tally;
  /** Milliseconds a repetition; NaN before any was run. */
  readonly costMs: (cell: Cell) => number;
}

/** Reads what is there; without a file everything stays in memory. */
export function openState(file: string | undefined, forget: string | undefined): CalibrationState {
  const blocks = new Map<string, Map<number, BlockResult>>();
  const keep = (result: BlockResult) => {
    const name = cellName(result);
    const of = blocks.get(name) ?? new Map<number, BlockResult>();
    of.set(result.block, result);
    blocks.set(name, of);
  };
  const stored = file === undefined ? [] : readLines(file);
  const kept = forget === undefined ? stored : stored.filter((result) => !cellName(result).split('/').includes(forget));
  if (file !== undefined && kept.length < stored.length) writeFileSync(file, linesOf(kept));
  kept.forEach(keep);
  const resultsOf = (cell: Cell) => [...(blocks.get(cellName(cell))?.values() ?? [])];
  return {
    isDone: (cell, block, repetitions) =>
      (blocks.get(cellName(cell))?.get(block)?.tally.repetitions ?? 0) >= repetitions,
    add: (results) => {
      results.forEach(keep);
      if (file !== undefined) appendFileSync(file, linesOf(results));
    },
    tallyOf: (cell) => addTallies(resultsOf(cell).map(({ tally }) => tally)),
    costMs: (cell) => {
      const results = resultsOf(cell);
      const repetitions = results.reduce((sum, { tally }) => sum + tally.repetitions, 0);
      return results.reduce((sum, { ms }) => sum + ms, 0) / repetitions;
    },
  };
}

/** A line that a killed run left half is the last one, and its block is run again. */
function readLines(file: string): readonly BlockResult[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  const whole = lines.slice(0, -1);
  if (lines.at(-1) !== '') writeFileSync(file, whole.map((line) => `${line}\n`).join(''));
  return whole.map((line, at) => {
    try {
      return JSON.parse(line) as BlockResult;
    } catch (cause) {
      throw new Error(`${file}, line ${at + 1} is no JSON; expected a finished block`, { cause });
    }
  });
}

function linesOf(results: readonly BlockResult[]): string {
  return results.map((result) => `${JSON.stringify(result)}\n`).join('');
}
