/**
 * Which arm answers. Glossary: the *stable* arm is the first without a lease; every other arm is an *alternative*; a *key* is what sticks
 * a caller to an arm (a header, a column, else the request's own id).
 */
export interface AssignableArm {
  readonly revision: string;
  /** Percent, 0 to 100. */
  readonly weight: number;
  readonly leased: boolean;
  /** It gets copies and no callers. */
  readonly shadow: boolean;
  /** Whether it can answer at this moment. */
  readonly available: boolean;
}

/** FNV-1a over UTF-16 units, finished by MurmurHash3's mixer; uniform in [0, 100). Equal in every process and for ever. */
export function shareOf(salt: string, key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < salt.length; i++) hash = Math.imul(hash ^ salt.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ 0xff, 0x01000193);
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return ((hash >>> 0) / 2 ** 32) * 100;
}

/** The first available arm without a lease: it takes what no other arm takes. */
export function stableArm<A extends AssignableArm>(arms: readonly A[]): A | undefined {
  return (
    arms.find((arm) => !arm.leased && !arm.shadow && arm.available && arm.weight > 0) ??
    arms.find((arm) => !arm.leased && !arm.shadow && arm.available)
  );
}

/**
 * The arm of a share in [0, 100): the first, third, … alternative lie from 0 upwards, the second, fourth, … from 100 downwards, the stable arm
 * takes what is left between them. So raising an alternative's weight moves callers to it and none back; with one or two alternatives all of
 * them come from the stable arm, and no other experiment loses a caller. (With three, no rule that knows only the weights can promise that:
 * then what lies further in makes room, towards the stable arm's callers.) `leaseLive` false takes every leased arm's share.
 */
export function assignedArm<A extends AssignableArm>(
  arms: readonly A[],
  share: number,
  leaseLive: boolean,
): A | undefined {
  const stable = stableArm(arms);
  let low = 0;
  let high = 100;
  let isLow = true;
  for (const arm of arms) {
    if (arm === stable) continue;
    if (isLow) low += arm.weight;
    else high -= arm.weight;
    const isTaken = isLow ? share < low : share >= high;
    isLow = !isLow;
    if (isTaken) return arm.available && (leaseLive || !arm.leased) ? arm : stable;
  }
  return stable;
}

/** The shares that requests really get, in the order of the arms. */
export function effectiveWeights(
  arms: readonly AssignableArm[],
  leaseLive: boolean,
): { readonly revision: string; readonly weight: number }[] {
  const stable = stableArm(arms);
  const taking = (arm: AssignableArm): boolean => arm !== stable && arm.available && (leaseLive || !arm.leased);
  const taken = arms.reduce((sum, arm) => sum + (taking(arm) ? arm.weight : 0), 0);
  return arms.map((arm) => ({
    revision: arm.revision,
    weight: arm === stable ? 100 - taken : taking(arm) ? arm.weight : 0,
  }));
}
