import type { Command } from './command.ts';

/** A command is loaded when it is asked for: `slipway --help` need not load a fleet. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Every command, in the order of `slipway --help`. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'check',
    summary: 'the verdict on a manifest, a model’s folder or a repository',
    load: async () => (await import('./check.ts')).check,
  },
  {
    name: 'drift',
    summary: 'did the world change between two data files',
    load: async () => (await import('./drift.ts')).drift,
  },
  {
    name: 'compare',
    summary: 'two models on the same rows: metrics, intervals, decisions that flip',
    load: async () => (await import('./compare.ts')).compare,
  },
  {
    name: 'explain',
    summary: 'what drives a model, or one of its answers',
    load: async () => (await import('./explain.ts')).explain,
  },
  {
    name: 'report',
    summary: 'what check --json wrote, as HTML, Markdown, JUnit XML, a model card or a bill of materials',
    load: async () => (await import('./report.ts')).report,
  },
  {
    name: 'init',
    summary: 'writes a manifest that check accepts, from a model and evaluation data',
    load: async () => (await import('./init.ts')).init,
  },
  {
    name: 'serve',
    summary: 'a fleet on this machine, without GitHub',
    load: async () => (await import('./serve.ts')).serve,
  },
  {
    name: 'predict',
    summary: 'ask a fleet for a prediction',
    load: async () => (await import('./predict.ts')).predict,
  },
  {
    name: 'status',
    summary: 'what a fleet runs',
    load: async () => (await import('./status.ts')).status,
  },
  {
    name: 'plan',
    summary: 'what would change in a fleet if the manifests here were its desired state',
    load: async () => (await import('./plan.ts')).plan,
  },
  {
    name: 'rollback',
    summary: 'turn a fleet back to an earlier version and hold it there',
    load: async () => (await import('./rollback.ts')).rollback,
  },
  {
    name: 'ledger',
    summary: 'who did what, when and why: verify it, or write it out',
    load: async () => (await import('./ledger.ts')).ledger,
  },
  {
    name: 'bench',
    summary: 'how fast a model is served on this machine, and what serving adds to it',
    load: async () => (await import('./bench.ts')).bench,
  },
];
