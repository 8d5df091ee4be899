/**
 * Variance, when nothing differs and nothing is tied, of the k-sample Anderson–Darling statistic of samples of these sizes; its mean
 * is k − 1. Undefined for fewer than four values in all.
 *
 * Definition and reference: Scholz & Stephens (1987), JASA 82(399), equation 4. Complexity: O(N).
 *
 * @example andersonDarlingVariance([8, 8, 8, 8]) // 1.449…
 */
export function andersonDarlingVariance(sizes: readonly number[]): number | undefined {
  const k = sizes.length;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total < 4) return undefined;
  const inverse = sizes.reduce((sum, size) => sum + 1 / size, 0);
  const { h, g } = harmonicSums(total);
  const a = (4 * g - 6) * (k - 1) + (10 - 6 * g) * inverse;
  const b = (2 * g - 4) * k * k + 8 * h * k + (2 * g - 14 * h - 4) * inverse - 8 * h + 4 * g - 6;
  const c = (6 * h + 2 * g - 2) * k * k + (4 * h - 4 * g + 6) * k + (2 * h - 6) * inverse + 4 * h;
  const d = (2 * h + 6) * k * k - 4 * h * k;
  return (((a * total + b) * total + c) * total + d) / ((total - 1) * (total - 2) * (total - 3));
}

/** h = Σ 1/i up to N − 1, and g = Σ over i < j < N of 1/((N − i)j). */
function harmonicSums(total: number): { readonly h: number; readonly g: number } {
  let [h, g] = [0, 0];
  // Σ over j > i of 1/j grows as i falls from N − 2.
  for (let i = total - 1; i >= 1; i--) {
    g += h / (total - i);
    h += 1 / i;
  }
  return { h, g };
}
