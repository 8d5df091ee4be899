import { parentPort } from 'node:worker_threads';
import type { BlockResult, Subject, Task } from './cell.ts';
import { simulateColumns } from './simulate-columns.ts';
import { simulateJoint } from './simulate-joint.ts';
import { simulateModels } from './simulate-models.ts';

const simulations = {
  column: simulateColumns,
  joint: simulateJoint,
  models: simulateModels,
} as const satisfies Record<Subject, (task: Task) => readonly BlockResult[]>;

/** A thread that runs one block after the other: a task in, its results out. */
parentPort?.on('message', (task: Task) => {
  parentPort?.postMessage(simulations[task.subject](task));
});
