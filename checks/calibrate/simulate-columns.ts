import { driftMethods } from '../drift/column-drift.ts';
import { compareSamples } from '../drift/compare-samples.ts';
import type { ComparableColumn } from '../drift/comparable-column.ts';
import type { BlockResult, Task } from './cell.ts';
import { columnKinds, drawPair } from './column-kinds.ts';
import { simulateBlock } from './simulate-block.ts';
import { simulatedRandom } from './simulated-random.ts';

/** Everything is judged at this level. */
export const ALPHA = 0.05;
/** The drift check's default level, told beside. */
const STRICT = 0.01;
/** The drift check's default limits. */
export const EFFECT = { psi: 0.1, auc: 0.6 } as const;

/** One block of one column's drift: each simulated pair goes to every method, through the product's own comparison. */
export function simulateColumns(task: Task): readonly BlockResult[] {
  const kind = kindNamed(task.kind);
  return simulateBlock(
    task,
    (random) => drawPair(kind, task, task.shifted, random),
    (column, method, seed) => {
      const { pValue, drifted } = judgedColumn(column, method, seed);
      const events = { significant: pValue <= ALPHA, strict: pValue <= STRICT, drifted };
      return Object.entries(events).flatMap(([event, came]) => (came ? [event] : []));
    },
  );
}

/** The methods that a kind of column is put to: where the product takes another one instead, there is no cell. */
export function columnMethods(kind: string): readonly string[] {
  const column = drawPair(kindNamed(kind), { reference: 60, window: 60 }, false, simulatedRandom(kind));
  return driftMethods.filter((method) => judgedColumn(column, method, 1).method === method);
}

function kindNamed(name: string) {
  const kind = columnKinds.find((each) => each.name === name);
  if (kind === undefined) throw new Error(`no kind of column is named ${JSON.stringify(name)}`);
  return kind;
}

function judgedColumn(column: ComparableColumn, name: string, seed: number) {
  const method = driftMethods.find((each) => each === name);
  if (method === undefined) throw new Error(`no drift method is named ${JSON.stringify(name)}`);
  const samples = {
    rows: { reference: column.reference.length, window: column.window.length },
    columns: [{ name: 'simulated', role: 'other', column, method }],
    left: [],
  } as const;
  const [result] = compareSamples(samples, { alpha: ALPHA, effect: EFFECT, seed }).columns;
  if (result === undefined) throw new Error('a comparison of one column came back without it');
  return result;
}
