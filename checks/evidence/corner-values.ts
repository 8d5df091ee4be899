import type { SignatureColumn } from '../../serving/model/signature.ts';
import type { Column } from '../../serving/model/table.ts';
import type { CornerOutcome } from './evidence.ts';

/** A column that holds one corner value in every row. */
export interface Bent {
  readonly kind: CornerOutcome['kind'];
  /** Which of several of a kind: `least`, `largest`, `empty`, `long`, `unicode`. */
  readonly variant?: string;
  readonly what: string;
  readonly column: Column;
  /** Whether the manifest or the data say that such a value comes. */
  readonly expected: boolean;
}

/** Ways in which one column is bent at most. */
export const MOST_WAYS = 6;

/** A text that no training data hold. */
const UNSEEN = 'slipway: a value never seen';
const LONG_TEXT_CHARACTERS = 10_000;
/** Letters beyond ASCII, right to left, a combining accent, an emoji of two code units, a zero-width joiner. */
const UNICODE = 'Zoë 東京 مرحبا e\u0301 👩\u200d💻';
/** Near the end of float32, so that a square or a sum of it overflows; and the largest 32-bit integer. */
const HUGE = 1e30;
const HUGE_INTEGER = 2 ** 31 - 1;

/** What production may send in one column, generated from what the manifest and the data say of it. */
export function cornerValues(
  signature: SignatureColumn,
  real: Column,
  rows: number,
  mayMiss: readonly string[],
): readonly Bent[] {
  switch (real.kind) {
    case 'number':
      return numberCorners(signature, real, rows, mayMiss);
    case 'category':
      return textCorners(signature, real, rows, mayMiss);
    case 'list':
      return listCorners(signature, real, rows, mayMiss);
    case 'integer':
      return integerCorners(real, rows);
  }
}

interface NumberCorner {
  readonly kind: CornerOutcome['kind'];
  readonly variant?: string;
  readonly what: string;
  readonly value: number;
  readonly expected: boolean;
}

/** Corner values of a number, each once: those that the declared range, else the data, hold are expected. */
function valuesOf({ type, domain }: SignatureColumn, seen: Range | undefined): readonly NumberCorner[] {
  const least = domain.min ?? seen?.least;
  const largest = domain.max ?? seen?.largest;
  const isBetween = (value: number) =>
    least !== undefined && largest !== undefined && value >= least && value <= largest;
  const holds = (value: number) =>
    domain.values === undefined ? isBetween(value) : domain.values.map(String).includes(String(value));
  const size = Math.max(1, Math.abs(least ?? 0), Math.abs(largest ?? 0));
  const huge = type === 'integer' ? HUGE_INTEGER : HUGE;
  const corners: readonly NumberCorner[] = [
    ...(least === undefined
      ? []
      : [{ kind: 'edge', variant: 'least', what: `the least value, ${least}`, value: least, expected: true } as const]),
    ...(largest === undefined
      ? []
      : [
          {
            kind: 'edge',
            variant: 'largest',
            what: `the largest value, ${largest}`,
            value: largest,
            expected: true,
          } as const,
        ]),
    { kind: 'zero', what: 'zero', value: 0, expected: holds(0) },
    { kind: 'negative', what: `a negative value, ${-size}`, value: -size, expected: holds(-size) },
    { kind: 'huge', what: `a huge value, ${huge}`, value: huge, expected: holds(huge) },
  ];
  return corners.filter(({ value }, i) => corners.findIndex((other) => other.value === value) === i);
}

function numberCorners(
  signature: SignatureColumn,
  real: Extract<Column, { kind: 'number' }>,
  rows: number,
  mayMiss: readonly string[],
): readonly Bent[] {
  const { name } = real;
  const of = (value: number): Column => ({ kind: 'number', name, values: new Float64Array(rows).fill(value) });
  // A truth value has no size: only that it may be missing, and its two values.
  const values = valuesOf(signature, rangeOf([real.values])).filter(
    ({ kind }) => signature.type !== 'boolean' || kind === 'edge',
  );
  return [
    {
      kind: 'missing',
      what: 'a missing value',
      column: of(NaN),
      expected: mayMiss.includes(name) || real.values.some(Number.isNaN),
    },
    ...values.map(({ value, ...told }) => ({ ...told, column: of(value) })),
  ];
}

function textCorners(
  { type, domain }: SignatureColumn,
  real: Extract<Column, { kind: 'category' }>,
  rows: number,
  mayMiss: readonly string[],
): readonly Bent[] {
  const { name } = real;
  const of = (value: string): Column => ({
    kind: 'category',
    name,
    codes: new Int32Array(rows),
    dictionary: [value],
  });
  const missing: Bent = {
    kind: 'missing',
    what: 'a missing value',
    column: { kind: 'category', name, codes: new Int32Array(rows).fill(-1), dictionary: [] },
    expected: mayMiss.includes(name) || real.codes.includes(-1),
  };
  if (domain.values?.some((value) => typeof value !== 'string') === true) return [missing];
  const free = domain.values === undefined;
  const texts: readonly Bent[] = (
    [
      ['empty', 'an empty text', ''],
      ['long', `a text of ${LONG_TEXT_CHARACTERS} characters`, 'x'.repeat(LONG_TEXT_CHARACTERS)],
      ['unicode', 'a text in other scripts', UNICODE],
    ] as const
  ).map(([variant, what, text]) => ({
    kind: 'text',
    variant,
    what,
    column: of(text),
    // A missing text reaches the graph as an empty one.
    expected: variant === 'empty' ? missing.expected : type === 'text',
  }));
  return [
    missing,
    { kind: 'unseen-category', what: 'a category never seen', column: of(UNSEEN), expected: free },
    // Where the values are listed an unlisted one is one case, not four.
    ...(free ? texts : []),
  ];
}

/** A list bent as a whole: every element takes the value, in the shape of the rows that are there. */
function listCorners(
  signature: SignatureColumn,
  real: Extract<Column, { kind: 'list' }>,
  rows: number,
  mayMiss: readonly string[],
): readonly Bent[] {
  const { name } = real;
  const length = real.values.find((list) => list !== undefined)?.length ?? 0;
  const known = real.values.filter((list) => list !== undefined);
  const of = (list: Float64Array | undefined): Column => ({
    kind: 'list',
    name,
    values: Array.from({ length: rows }, () => list),
  });
  return [
    {
      kind: 'missing',
      what: 'a missing list',
      column: of(undefined),
      expected: mayMiss.includes(name) || known.length < real.values.length,
    },
    ...valuesOf(signature, rangeOf(known)).map(({ value, what, ...told }) => ({
      ...told,
      what: `${what}, in every element,`,
      column: of(new Float64Array(length).fill(value)),
    })),
  ];
}

function integerCorners(real: Extract<Column, { kind: 'integer' }>, rows: number): readonly Bent[] {
  const known = [...real.values].filter((_, row) => real.missing[row] !== 1);
  const [first] = known;
  if (first === undefined) return [];
  const edges = [
    ['least', known.reduce((a, b) => (b < a ? b : a), first)],
    ['largest', known.reduce((a, b) => (b > a ? b : a), first)],
  ] as const;
  return edges.map(([variant, value]) => ({
    kind: 'edge',
    variant,
    what: `the ${variant} value, ${value}`,
    column: {
      kind: 'integer',
      name: real.name,
      values: new BigInt64Array(rows).fill(value),
      missing: new Uint8Array(rows),
    },
    expected: true,
  }));
}

interface Range {
  readonly least: number;
  readonly largest: number;
}

function rangeOf(lists: readonly Float64Array[]): Range | undefined {
  let least = Infinity;
  let largest = -Infinity;
  for (const values of lists)
    for (const value of values) {
      if (value < least) least = value;
      if (value > largest) largest = value;
    }
  return least <= largest ? { least, largest } : undefined;
}
