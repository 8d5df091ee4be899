import { columnBins } from '../drift/column-bins.ts';
import { columnTest, columnTies, methodFor } from '../drift/column-test.ts';
import { driftMethods } from '../drift/column-drift.ts';
import { compareSamples } from '../drift/compare-samples.ts';
import type { ComparableColumn } from '../drift/comparable-column.ts';
import { sortedColumn } from '../drift/sorted-column.ts';
import type { BlockResult, Task } from './cell.ts';
import { columnKinds, drawPair } from './column-kinds.ts';
import { simulateBlock } from './simulate-block.ts';
import { simulatedRandom } from './simulated-random.ts';

/** Everything is judged at this level. */
export const ALPHA = 0.05;
/** The drift check's default level, told beside. */
const STRICT = 0.01;
/**
 * The product draws 999 of which these would be the first. A permutation p-value is as true with 99, only coarser (α = 0.05 is one of its steps), and a
 * tenth of the cost lets ten times as many repetitions tell it.
 */
export const PERMUTATIONS = 99;
/** The drift check's default limits. */
export const EFFECT = { psi: 0.1, auc: 0.6 } as const;

/** One block of one column's drift: each simulated pair is sorted and binned once, and goes to every method. */
export function simulateColumns(task: Task): readonly BlockResult[] {
  const kind = kindNamed(task.kind);
  return simulateBlock(
    task,
    (random) => preparedColumn(drawPair(kind, task, task.shifted, random)),
    ({ ties, bins, isLarge }, name, seed) => {
      const { pValue } = columnTest(methodNamed(name), ties, bins, seed, PERMUTATIONS);
      const isSignificant = pValue <= ALPHA;
      const events = { significant: isSignificant, strict: pValue <= STRICT, drifted: isSignificant && isLarge };
      return Object.entries(events).flatMap(([event, came]) => (came ? [event] : []));
    },
  );
}

/** What `columnDrift` makes of a pair before it tests, and whether `compareSamples` finds its shift large enough to matter. */
function preparedColumn(comparable: ComparableColumn) {
  const column = sortedColumn(comparable);
  const samples = {
    rows: { reference: comparable.reference.length, window: comparable.window.length },
    columns: [{ name: 'simulated', role: 'other', column: comparable, method: 'psi' }],
    left: [],
  } as const;
  const [result] = compareSamples(samples, { alpha: ALPHA, effect: EFFECT, seed: 1 }).columns;
  if (result === undefined) throw new Error('a comparison of one column came back without it');
  const ties = column.kind === 'number' ? columnTies(column) : undefined;
  return { ties, bins: columnBins(column), isLarge: result.effect.value >= result.effect.limit };
}

/** The methods that a kind of column is put to: where the product takes another one instead, there is no cell. */
export function columnMethods(kind: string): readonly string[] {
  const pair = drawPair(kindNamed(kind), { reference: 200, window: 200 }, false, simulatedRandom(kind));
  const column = sortedColumn(pair);
  const bins = columnBins(column);
  return driftMethods.filter((method) => methodFor(column, bins, method) === method);
}

function kindNamed(name: string) {
  const kind = columnKinds.find((each) => each.name === name);
  if (kind === undefined) throw new Error(`no kind of column is named ${JSON.stringify(name)}`);
  return kind;
}

function methodNamed(name: string) {
  const method = driftMethods.find((each) => each === name);
  if (method === undefined) throw new Error(`no drift method is named ${JSON.stringify(name)}`);
  return method;
}
