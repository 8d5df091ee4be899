import type { ComparableColumn } from '../drift/comparable-column.ts';
import { domainClassifier } from '../drift/domain-classifier.ts';
import type { BlockResult, Task } from './cell.ts';
import { jointKinds } from './joint-kinds.ts';
import { simulateBlock } from './simulate-block.ts';
import { ALPHA, EFFECT } from './simulate-columns.ts';

/** Fewer permutations than the product draws make no p-value less true, only coarser; 99 are what a thousand repetitions can pay. */
export const JOINT_PERMUTATIONS = 99;

type JointMethod = (columns: readonly ComparableColumn[], seed: number) => { readonly pValue: number } | undefined;

/** Methods that look at all columns at once; undefined where a sample is too small for one. */
export const jointMethods: Readonly<Record<string, JointMethod>> = {
  'domain-classifier': (columns, seed) =>
    domainClassifier(columns, { seed, effect: EFFECT.auc, needed: 1, permutations: JOINT_PERMUTATIONS }),
};

/** One block of a comparison of whole tables. */
export function simulateJoint(task: Task): readonly BlockResult[] {
  const kind = jointKinds.find(({ name }) => name === task.kind);
  if (kind === undefined) throw new Error(`no kind of table is named ${JSON.stringify(task.kind)}`);
  return simulateBlock(
    task,
    (random) => kind.draw(task, task.shifted, random),
    (columns, method, seed) => {
      const result = jointMethods[method]?.(columns, seed);
      if (result === undefined) throw new Error(`${method} cannot compare ${task.window} rows of ${task.kind}`);
      return result.pValue <= ALPHA ? ['significant'] : [];
    },
  );
}
