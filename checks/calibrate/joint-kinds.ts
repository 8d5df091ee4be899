import type { ComparableColumn } from '../drift/comparable-column.ts';
import type { SeededRandom } from '../stats/seeded-random.ts';

/** Tables whose columns belong together, for the methods that look at all columns at once. */
export interface JointKind {
  readonly name: string;
  readonly says: string;
  readonly shift: string;
  draw(
    rows: { readonly reference: number; readonly window: number },
    shifted: boolean,
    random: SeededRandom,
  ): readonly ComparableColumn[];
}

/** Share of each column's variance that the columns have in common. */
const COMMON = 0.5;
const SHIFT = 0.4;
const TENTHS = 10;
/** Where a normal number is cut into three categories. */
const CUTS = [-0.5, 1] as const;

export const jointKinds: readonly JointKind[] = [
  {
    name: 'numbers',
    says: 'four normal columns, each two correlated by 0.5',
    shift: `all means ${SHIFT} higher`,
    draw: (rows, shifted, random) => correlated(rows, shifted, random),
  },
  {
    name: 'mixed',
    says: 'the same, one rounded to tenths, one cut into three categories, one with a heavy tail',
    shift: `all means ${SHIFT} higher before that`,
    draw: (rows, shifted, random) => {
      const [first, second, third, fourth] = correlated(rows, shifted, random);
      if (first === undefined || second === undefined || third === undefined || fourth === undefined) return [];
      return [
        first,
        mapped(second, (value) => Math.round(value * TENTHS) / TENTHS),
        mapped(third, (value) => Math.exp(value)),
        { kind: 'category', dictionary: ['low', 'middle', 'high'], ...codesOf(fourth) },
      ];
    },
  },
];

type NumberColumn = Extract<ComparableColumn, { kind: 'number' }>;

function correlated(
  rows: { readonly reference: number; readonly window: number },
  shifted: boolean,
  random: SeededRandom,
): readonly NumberColumn[] {
  const columns = Array.from({ length: 4 }, () => ({
    kind: 'number' as const,
    reference: new Float64Array(rows.reference),
    window: new Float64Array(rows.window),
  }));
  for (const side of ['reference', 'window'] as const) {
    const mean = shifted && side === 'window' ? SHIFT : 0;
    for (let row = 0; row < rows[side]; row++) {
      const common = Math.sqrt(COMMON) * random.normal();
      for (const column of columns) column[side][row] = mean + common + Math.sqrt(1 - COMMON) * random.normal();
    }
  }
  return columns;
}

function mapped({ reference, window }: NumberColumn, value: (of: number) => number): NumberColumn {
  return { kind: 'number', reference: reference.map(value), window: window.map(value) };
}

function codesOf({ reference, window }: NumberColumn) {
  const code = (value: number) => CUTS.filter((cut) => cut <= value).length;
  return { reference: Int32Array.from(reference, code), window: Int32Array.from(window, code) };
}
