import { Refusal } from '../protocol/refusal.ts';
import { stableArm } from './assign.ts';
import type { Call } from './call.ts';
import type { Arm, Table } from './table.ts';

/** Names the arm that is to answer: for people who try a candidate out. Over gRPC it travels as metadata. */
export const OVERRIDE_HEADER = 'x-slipway-arm';

/** The request's flag in the log. */
export const OVERRIDE_FLAG = 'override';

/** What a request asks for; undefined: the shares decide. */
export function overrideOf({ headers }: Call): string | undefined {
  const given = headers[OVERRIDE_HEADER];
  return given === undefined ? undefined : String(given);
}

/**
 * The arm that a tester names: `stable`, `candidate` (the first other arm that can answer), a version or a revision. Neither its share nor its
 * lease matters, and no other arm answers in its place. Throws a Refusal: 404 with what there is.
 */
export function overriddenArm({ arms, order }: Table, wanted: string): Arm {
  const stable = stableArm(arms);
  const available = arms.filter((arm) => arm.available);
  const found =
    wanted === 'stable'
      ? stable
      : wanted === 'candidate'
        ? available.find((arm) => arm !== stable)
        : available.find(({ version, revision }) => version === wanted || revision === wanted);
  if (found !== undefined) return found;
  const there = available.map((arm) => `${arm.version} (${arm === stable ? 'stable' : 'candidate'})`).join(', ');
  throw new Refusal(
    404,
    `${OVERRIDE_HEADER}: model '${order.model}' has no arm ${JSON.stringify(wanted)} that can answer; there is ${there || 'none'}; expected stable, candidate, a version or a revision`,
  );
}
