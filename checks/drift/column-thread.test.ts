import { expect, test } from 'vitest';
import type { Column, Table } from '../../serving/model/table.ts';
import { tableSource } from '../data/column-source.ts';
import { seededRandom } from '../stats/seeded-random.ts';
import { startColumnThread } from './column-thread.ts';
import { compareSources } from './compare-sources.ts';

function table(rows: number, seed: number): Table {
  const random = seededRandom(seed);
  const numbers = ['a', 'b', 'c', 'd', 'e', 'label'].map(
    (name): Column => ({
      kind: 'number',
      name,
      values: Float64Array.from({ length: rows }, () => (name === 'label' ? random.index(2) : random.normal())),
    }),
  );
  const group: Column = {
    kind: 'category',
    name: 'group',
    codes: Int32Array.from({ length: rows }, () => random.index(3)),
    dictionary: ['x', 'y', 'z'],
  };
  return { rows, columns: new Map([...numbers, group].map((column) => [column.name, column])) };
}
const options = { alpha: 0.01, effect: { psi: 0.1, auc: 0.6 }, seed: 1, label: 'label', joint: 'none' } as const;

test('a second processor changes nothing but the time', async () => {
  const alone = await compareSources(tableSource(table(2000, 1)), tableSource(table(1500, 2)), options);
  const thread = startColumnThread();
  try {
    const shared = await compareSources(tableSource(table(2000, 1)), tableSource(table(1500, 2)), {
      ...options,
      thread,
    });
    expect(shared).toEqual(alone);
  } finally {
    await thread.close();
  }
});

test('a thread that ended is an error of the comparison, not a wait', async () => {
  const thread = startColumnThread();
  await thread.close();
  const compared = compareSources(tableSource(table(500, 1)), tableSource(table(500, 2)), { ...options, thread });
  await expect(compared).rejects.toThrow('the measuring thread ended');
});
