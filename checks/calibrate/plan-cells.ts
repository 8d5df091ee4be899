import type { Cell, Subject, Task } from './cell.ts';
import { columnKinds } from './column-kinds.ts';
import { jointKinds } from './joint-kinds.ts';
import { modelKinds } from './model-kinds.ts';
import { columnMethods } from './simulate-columns.ts';
import { jointMethods } from './simulate-joint.ts';

/** A cell with how often it is to be repeated. */
export interface PlannedCell extends Cell {
  readonly repetitions: number;
}

export const WINDOWS = [50, 200, 500, 2000, 10_000, 50_000] as const;
/** Rows of the reference in every cell but the last: what a manifest's reference commonly holds. */
export const REFERENCE = 2000;
/** Once more with both sides at the largest window, on fewer repetitions: twice the rows for the easier case. */
export const LARGEST = { reference: 50_000, window: 50_000, repetitions: 400 } as const;
const REPETITIONS = 10_000;
/** Power is told to a point or two, and has no band. */
const POWER_REPETITIONS = 400;

const JOINT_ROWS = [50, 200, 500] as const;
const JOINT_REPETITIONS = 1000;
const JOINT_POWER_REPETITIONS = 100;

/** Rows that two models answer; a bootstrap of 10,000 rows is 20 million draws a verdict, so fewer are repeated. */
const MODEL_ROWS = [
  { rows: 100, repetitions: 10_000 },
  { rows: 300, repetitions: 1000 },
  { rows: 1000, repetitions: 500 },
  { rows: 3000, repetitions: 200 },
  { rows: 10_000, repetitions: 100 },
] as const;

/** Every cell, the same in every run. */
export function planCells(): readonly PlannedCell[] {
  return [...columnCells(), ...jointCells(), ...modelCells()];
}

function columnCells(): readonly PlannedCell[] {
  const sizes = [
    ...WINDOWS.map((window) => ({ reference: REFERENCE, window, repetitions: REPETITIONS })),
    LARGEST,
  ] as const;
  return columnKinds.flatMap(({ name: kind }) =>
    columnMethods(kind).flatMap((method) =>
      sizes.flatMap(({ reference, window, repetitions }) => {
        const cell = { subject: 'column', kind, method, reference, window } as const;
        return [
          { ...cell, shifted: false, repetitions },
          { ...cell, shifted: true, repetitions: Math.min(repetitions, POWER_REPETITIONS) },
        ];
      }),
    ),
  );
}

function jointCells(): readonly PlannedCell[] {
  return jointKinds.flatMap(({ name: kind }) =>
    jointMethods.flatMap((method) =>
      JOINT_ROWS.flatMap((rows) => {
        const cell = { subject: 'joint', kind, method, reference: rows, window: rows } as const;
        return [
          { ...cell, shifted: false, repetitions: JOINT_REPETITIONS },
          { ...cell, shifted: true, repetitions: JOINT_POWER_REPETITIONS },
        ];
      }),
    ),
  );
}

function modelCells(): readonly PlannedCell[] {
  return modelKinds.flatMap(({ name: kind, metrics }) =>
    metrics.flatMap((method) =>
      MODEL_ROWS.map(({ rows, repetitions }) => ({
        subject: 'models' as const,
        kind,
        method,
        reference: rows,
        window: rows,
        shifted: false,
        repetitions,
      })),
    ),
  );
}

/** Repetitions that one seed serves; part of what a seed means, so a change of it makes other numbers. */
export const BLOCK_REPETITIONS = { column: 100, joint: 50, models: 100 } as const satisfies Record<Subject, number>;

/** Milliseconds a repetition beyond which a method waits until the quick ones are done. */
const DEAR_MS = 200;
/** Blocks by which a rate is roughly known. */
const ROUGH_BLOCKS = { quick: 10, dear: 3 } as const;

/** Turns come one after the other: one block of every cell, then roughly what is quick, roughly what is dear, the rest of either. */
function turnOf(block: number, shifted: boolean, isDear: boolean): number {
  if (block === 0 && !shifted) return 0;
  if (isDear) return block < (shifted ? 1 : ROUGH_BLOCKS.dear) ? 2 : 4;
  return block < ROUGH_BLOCKS.quick ? 1 : 3;
}

/**
 * What is to be run next: blocks of cells that `isDone` does not know, several methods of one block together, small windows before large
 * ones. A run that is cut short has something to say of every cell: blocks come in turns, by `costMs` of what has been run. Empty when nothing is
 * left.
 */
export function planTasks(
  cells: readonly PlannedCell[],
  isDone: (cell: Cell, block: number, repetitions: number) => boolean,
  costMs: (cell: Cell) => number,
): readonly Task[] {
  const tasks = new Map<string, Task & { readonly methods: string[]; readonly turn: number }>();
  for (const cell of cells) {
    const { repetitions: wanted, method, ...place } = cell;
    const size = BLOCK_REPETITIONS[place.subject];
    const isDear = costMs({ ...cell, shifted: false }) > DEAR_MS;
    for (let block = 0; block * size < wanted; block++) {
      const repetitions = Math.min(size, wanted - block * size);
      if (isDone(cell, block, repetitions)) continue;
      const turn = turnOf(block, place.shifted, isDear);
      const key = JSON.stringify([place, block, turn]);
      const task = tasks.get(key) ?? { ...place, methods: [], block, repetitions, turn };
      task.methods.push(method);
      tasks.set(key, task);
    }
  }
  const turn = Math.min(...[...tasks.values()].map((task) => task.turn));
  return [...tasks.values()]
    .filter((task) => task.turn === turn)
    .toSorted((a, b) => rowsOf(a) - rowsOf(b) || a.block - b.block || Number(a.shifted) - Number(b.shifted))
    .map(({ turn: _turn, ...task }) => task);
}

function rowsOf({ reference, window }: Task): number {
  return reference + window;
}
