/**
 * How strongly two categorisations of the same rows go together, from 0 (not at all) to 1 (one follows from the other): Cramér's V of their
 * table, without the bias that makes the plain V of small samples look large. Codes are whole numbers from 0.
 *
 * Definition: √(φ̃²/min(k̃ − 1, r̃ − 1)), φ̃² = max(0, χ²/n − (k − 1)(r − 1)/(n − 1)), k̃ = k − (k − 1)²/(n − 1), r̃ likewise; values that do not come
 * are none. 0 where one side holds a single value. Reference: Bergsma (2013), Journal of the Korean Statistical Society 42(3). Complexity: O(n + rk).
 *
 * @example association([0, 0, 1, 1, 0, 0, 1, 1], [0, 0, 1, 1, 0, 0, 1, 1]) // 1
 */
export function association(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const n = first.length;
  const rows = countsOf(first);
  const columns = countsOf(second);
  if (n < 2 || rows.size < 2 || columns.size < 2) return 0;
  const cells = new Map<number, number>();
  const width = 1 + [...columns.keys()].reduce((most, code) => Math.max(most, code), 0);
  for (let i = 0; i < n; i++) {
    const cell = (first[i] ?? 0) * width + (second[i] ?? 0);
    cells.set(cell, (cells.get(cell) ?? 0) + 1);
  }
  // Σ O²/E over the cells that hold rows; the empty ones add nothing to it, and χ² is what it exceeds n by.
  let squares = 0;
  for (const [cell, count] of cells) {
    const expected = ((rows.get(Math.floor(cell / width)) ?? 0) * (columns.get(cell % width) ?? 0)) / n;
    squares += count ** 2 / expected;
  }
  const [r, k] = [rows.size, columns.size];
  const phi = Math.max(0, (squares - n) / n - ((r - 1) * (k - 1)) / (n - 1));
  const room = Math.min(r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)) - 1;
  return room <= 0 ? 0 : Math.min(1, Math.sqrt(phi / room));
}

function countsOf(codes: ArrayLike<number>): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return counts;
}
