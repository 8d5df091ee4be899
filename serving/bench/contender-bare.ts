import { fork } from 'node:child_process';
import { once } from 'node:events';
import { entryFile } from '../model/entry-file.ts';
import type { Tensor } from '../model/tensor.ts';
import type { Served } from './contender.ts';

/** Runs of the model with nothing around it, in processes that do nothing else: what no server can do better. */
export interface BareRuns {
  /** Runs a second of all processes together, of requests one row each or of batches of so many rows, and what a run costs. */
  run(job: BareJob): Promise<BareAnswer>;
  stop(): Promise<void>;
}

export interface BareJob {
  readonly seconds: number;
  readonly rows: number;
  /** How many of the processes run. */
  readonly processes: number;
}

export interface BareAnswer {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

/** What a process is told: its model first, then jobs. */
export type BareMessage =
  | { readonly kind: 'model'; readonly file: string; readonly input: string; readonly tensors: readonly Tensor[] }
  | { readonly kind: 'run'; readonly seconds: number; readonly rows: number };

export async function startBare({ file, model, cases }: Served, processes: number): Promise<BareRuns> {
  const children = Array.from({ length: processes }, () =>
    fork(entryFile('bare-main.ts', import.meta.url), [], {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  );
  const told: BareMessage = {
    kind: 'model',
    file,
    input: model.input.name,
    tensors: cases.map(({ tensor }) => tensor),
  };
  const answers = async (message: BareMessage, count: number): Promise<readonly BareAnswer[]> =>
    Promise.all(
      children.slice(0, count).map(async (child) => {
        child.send(message);
        const [answer] = (await once(child, 'message')) as unknown as readonly [BareAnswer];
        return answer;
      }),
    );
  await answers(told, processes);
  return {
    async run({ seconds, rows, processes: count }) {
      const each = await answers({ kind: 'run', seconds, rows }, count);
      return {
        perSecond: each.reduce((sum, { perSecond }) => sum + perSecond, 0),
        cpuMicros: each.reduce((sum, { cpuMicros }) => sum + cpuMicros, 0) / each.length,
      };
    },
    async stop() {
      await Promise.all(
        children.map(async (child) => {
          child.kill('SIGTERM');
          await once(child, 'exit');
        }),
      );
    },
  };
}
