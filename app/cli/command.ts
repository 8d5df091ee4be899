import type { ParseArgsOptionsConfig } from 'node:util';

/** Exit statuses of every command: a public contract, see docs/command-line.md. */
export const EXIT = { good: 0, failed: 1, cannotTell: 2, usage: 64 } as const;
export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/** One command, one file, one line in `commands.ts`. */
export interface Command {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What follows `slipway NAME`, and below it what the options mean; shown by `--help`. */
  readonly usage: string;
  /** For `util.parseArgs`. `json`, `quiet`, `no-color`, `debug` and `help` are added to every command. */
  readonly options: ParseArgsOptionsConfig;
  /** Throws UsageError for wrong usage; any other throw is an error of the world and exits with status 2. */
  run(args: CommandArguments, io: CommandIo): Promise<ExitStatus>;
}

export interface CommandArguments {
  readonly positionals: readonly string[];
  /** A flag's value; undefined when it was not given. */
  readonly values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;
}

/** Where a command's words go. */
export interface CommandIo {
  /** Results for people, to standard output; nothing when `--json` goes there, or with `--quiet`. */
  out(text: string): void;
  /** Warnings and errors, to standard error. */
  err(text: string): void;
  /** A line that replaces the one before it, to standard error and only to a terminal; with a bar where the share that is done, 0 to 1, is known. */
  progress(text: string, share?: number): void;
  /** The result for programs: to standard output or to the file that `--json` names; nothing without `--json`. */
  json(value: unknown): Promise<void>;
  /** The same on one line, for a program that waits for it while the command goes on. */
  jsonLine(value: unknown): Promise<void>;
  readonly wantsJson: boolean;
  readonly color: boolean;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

/** Wrong usage: exit status 64 with what was expected. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A text option's value. */
export function textOption(args: CommandArguments, name: string): string | undefined {
  const value = args.values[name];
  return typeof value === 'string' ? value : undefined;
}

/** A comma-separated option's values, `--only baseline,cohorts`; undefined when it was not given. */
export function listOption(args: CommandArguments, name: string): readonly string[] | undefined {
  const values = [args.values[name] ?? []].flat().filter((value) => typeof value === 'string');
  return values.length === 0 ? undefined : values.flatMap((value) => value.split(',')).map((value) => value.trim());
}
