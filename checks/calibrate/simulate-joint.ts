import { type JointMethod, jointMethods as allJointMethods, jointTest } from '../drift/joint-test.ts';
import type { BlockResult, Task } from './cell.ts';
import { jointKinds } from './joint-kinds.ts';
import { simulateBlock } from './simulate-block.ts';
import { ALPHA, EFFECT } from './simulate-columns.ts';

/** Fewer permutations than the product draws make no p-value less true, only coarser; 99 are what a thousand repetitions can pay. */
export const JOINT_PERMUTATIONS = 99;

/** Those that test something. */
export const jointMethods: readonly JointMethod[] = allJointMethods.filter((method) => method !== 'none');

/** One block of a comparison of whole tables. */
export function simulateJoint(task: Task): readonly BlockResult[] {
  const kind = jointKinds.find(({ name }) => name === task.kind);
  if (kind === undefined) throw new Error(`no kind of table is named ${JSON.stringify(task.kind)}`);
  return simulateBlock(
    task,
    (random) => kind.draw(task, task.shifted, random),
    (columns, name, seed) => {
      const method = jointMethods.find((each) => each === name);
      if (method === undefined) throw new Error(`no joint method is named ${JSON.stringify(name)}`);
      // One is needed: a family of tests would ask for more permutations.
      const options = { method, seed, effect: EFFECT.auc, needed: 1, permutations: JOINT_PERMUTATIONS };
      const result = jointTest(columns, options);
      if (result === undefined) throw new Error(`${name} cannot compare ${task.window} rows of ${task.kind}`);
      return result.pValue <= ALPHA ? ['significant'] : [];
    },
  );
}
