/**
 * What a value that judges a model may do from the default branch to a proposal. A *looser* value lets more models pass;
 * an absent value is the loosest of all.
 */
export type Held = number | string | boolean | readonly number[] | Margins;

/** Bounds on how much worse is still fine: in the metric's unit, and as a share of the baseline's value. Both hold. */
export interface Margins {
  readonly absolute?: number;
  readonly relative?: number;
}

export interface Direction {
  isLooser(before: Held, after: Held | undefined): boolean;
  /** A value that is looser than neither. */
  strictest(before: Held, after: Held | undefined): Held;
}

/** 4 × 0.035 is not the number that 0.14 reads as: differences below this share are none. */
const relativeRounding = 1e-9;

function isAbove(value: number, bound: number): boolean {
  return value > bound + Math.abs(bound) * relativeRounding;
}

/** A number that may only rise: a floor, a false-alarm rate. */
export const rise: Direction = {
  isLooser: (before, after) => typeof after !== 'number' || isAbove(numberOf(before), after),
  strictest: (before, after) => (typeof after === 'number' ? Math.max(numberOf(before), after) : before),
};

/** A number that may only fall: a ceiling, a tolerance, a budget. */
export const fall: Direction = {
  isLooser: (before, after) => typeof after !== 'number' || isAbove(after, numberOf(before)),
  strictest: (before, after) => (typeof after === 'number' ? Math.min(numberOf(before), after) : before),
};

/** A margin in the metric's unit and one relative to the baseline cannot be compared without the baseline: both then hold. */
export const narrow: Direction = {
  isLooser: (before, after) => {
    const [was, is] = [marginsOf(before), marginsOf(after)];
    if (is.absolute === 0 || is.relative === 0) return false;
    return isWider(was.absolute, is.absolute) || isWider(was.relative, is.relative);
  },
  strictest: (before, after) => {
    const [was, is] = [marginsOf(before), marginsOf(after)];
    const absolute = least(was.absolute, is.absolute);
    const relative = least(was.relative, is.relative);
    return { ...(absolute === undefined ? {} : { absolute }), ...(relative === undefined ? {} : { relative }) };
  },
};

/** Something that is there and may not be taken away: a metric, a cohort, a flag. */
export const remain: Direction = {
  isLooser: (before, after) => before === true && after !== true,
  strictest: (before, after) => before === true || after === true,
};

/** What may be said otherwise, and may not be left out. */
export const keep: Direction = {
  isLooser: (_, after) => after === undefined,
  strictest: (before, after) => after ?? before,
};

/** What cannot be ordered: any change may be a loosening, so once it is said it stays. */
export const stay: Direction = {
  isLooser: (before, after) => before !== after,
  strictest: (before) => before,
};

/** Edges between cohorts: each stays, and more may come. */
export const refine: Direction = {
  isLooser: (before, after) => {
    if (!isList(before)) return isList(after);
    return !isList(after) || before.some((edge) => !after.includes(edge));
  },
  strictest: (before, after) => {
    if (!isList(before) || !isList(after)) return before;
    return [...new Set([...before, ...after])].toSorted((a, b) => a - b);
  },
};

/** A word of an order, loosest first; of two words that stand equally high any change may be a loosening. */
export function climb(...order: readonly string[]): Direction {
  const rank = (held: Held | undefined) => order.indexOf(typeof held === 'string' ? (held.split(' ')[0] ?? '') : '');
  return {
    isLooser: (before, after) => rank(after) < rank(before) || (rank(after) === rank(before) && after !== before),
    strictest: (before, after) => (after !== undefined && rank(after) > rank(before) ? after : before),
  };
}

function numberOf(held: Held): number {
  if (typeof held !== 'number') throw new Error(`expected a number, found ${JSON.stringify(held)}`);
  return held;
}

/** The margins that are held; none for whatever is no margin. */
export function marginsOf(held: Held | undefined): Margins {
  return typeof held === 'object' && !isList(held) ? held : {};
}

/** `Array.isArray` does not narrow read-only lists. */
export function isList(held: Held | undefined): held is readonly number[] {
  return Array.isArray(held);
}

function isWider(before: number | undefined, after: number | undefined): boolean {
  return before !== undefined && (after === undefined || isAbove(after, before));
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
