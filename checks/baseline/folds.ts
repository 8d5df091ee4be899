import { seededRandom } from '../stats/seeded-random.ts';

/**
 * Fold number of each row, 0 to `folds` − 1: seeded, as even as can be, and rows of one group always in one fold, so that no row is
 * predicted by a model that saw its twin.
 */
export function foldsOf(rows: number, folds: number, seed: number, groups?: ArrayLike<number>): Uint8Array {
  const random = seededRandom(seed);
  let units = rows;
  if (groups !== undefined) {
    units = 0;
    for (let row = 0; row < rows; row++) units = Math.max(units, (groups[row] ?? 0) + 1);
  }
  const order = Uint32Array.from({ length: units }, (_, i) => i);
  for (let i = units - 1; i > 0; i--) {
    const other = random.index(i + 1);
    const kept = order[i] ?? 0;
    order[i] = order[other] ?? 0;
    order[other] = kept;
  }
  const foldOfUnit = new Uint8Array(units);
  order.forEach((unit, place) => {
    foldOfUnit[unit] = place % folds;
  });
  return Uint8Array.from({ length: rows }, (_, row) => foldOfUnit[groups?.[row] ?? row] ?? 0);
}
