import { addTallies, type Cell, type Tally } from './cell.ts';
import { judgeCell, type JudgedRate } from './judge-cells.ts';
import type { PlannedCell } from './plan-cells.ts';

/** A cell with what came out of it, as table, plots and judgement need it. */
export interface MeasuredCell {
  readonly cell: PlannedCell;
  readonly tally: Tally;
  readonly rates: readonly JudgedRate[];
  /** The same at the shift. */
  readonly shifted?: Tally;
}

/** Every unshifted cell with its shifted twin. */
export function measuredCells(cells: readonly PlannedCell[], tallyOf: (cell: Cell) => Tally): readonly MeasuredCell[] {
  return cells
    .filter(({ shifted }) => !shifted)
    .map((cell) => {
      const tally = tallyOf(cell);
      const shifted = cell.subject === 'models' ? undefined : tallyOf({ ...cell, shifted: true });
      return { cell, tally, rates: judgeCell(cell, tally), ...(shifted === undefined ? {} : { shifted }) };
    });
}

/** Cells that say the same of several sizes, added up. */
export function pooled(cells: readonly MeasuredCell[]): Tally {
  return addTallies(cells.map(({ tally }) => tally));
}
