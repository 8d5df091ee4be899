import { writeFile } from 'node:fs/promises';
import { stderr, stdout } from 'node:process';
import { parseArgs, stripVTControlCharacters, type ParseArgsOptionsConfig } from 'node:util';
import { nearestOf } from '../../checks/manifest/nearest.ts';
import { slipwayVersion } from '../../checks/environment.ts';
import { EXIT, UsageError, type Command, type CommandIo } from './command.ts';
import { commands } from './commands.ts';
import { cliEnvironment } from './config.ts';
import { progressBar } from './progress-bar.ts';

/** Runs one command line; resolves with the exit status, never rejects. */
export async function main(argv: readonly string[]): Promise<number> {
  // One process may run several command lines, in tests for example.
  for (const stream of [stdout, stderr])
    if (stream.listenerCount('error', leaveQuietly) === 0) stream.on('error', leaveQuietly);
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help')
    return help(name === undefined, rest[0]);
  if (name === '--version' || name === '-v') return say(slipwayVersion());
  const entry = commands.find((command) => command.name === name);
  if (entry === undefined) return unknownCommand(name);
  return runCommand(await entry.load(), rest);
}

/** `slipway … | head`: who read enough has left, and what the command is about goes on to its exit status. */
function leaveQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

function say(text: string): number {
  stdout.write(`${text}\n`);
  return EXIT.good;
}

async function help(wasMissing: boolean, about: string | undefined): Promise<number> {
  const entry = commands.find((command) => command.name === about);
  if (entry !== undefined) return say(usageOf(await entry.load()));
  const width = Math.max(...commands.map(({ name }) => name.length));
  const list = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n');
  const text = `slipway COMMAND …\n\n${list}\n\nEach has --help, --json [FILE], --quiet, --no-color, --debug.\nExit status: 0 good · 1 a required finding failed · 2 could not tell · 64 wrong usage.`;
  (wasMissing ? stderr : stdout).write(`${text}\n`);
  return wasMissing ? EXIT.usage : EXIT.good;
}

function unknownCommand(name: string): number {
  const names = commands.map((command) => command.name);
  const near = nearestOf(name, names);
  const hint = near === undefined ? '' : ` Did you mean ${near}?`;
  stderr.write(`There is no command "${name}".${hint} There are ${names.join(', ')}.\n`);
  return EXIT.usage;
}

const COMMON_OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  quiet: { type: 'boolean', short: 'q' },
  'no-color': { type: 'boolean' },
  debug: { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig;

const COMMON_USAGE = `  --json [FILE]   the result as JSON, to standard output or to FILE (a name that ends in .json, or --json=FILE)
  --quiet         nothing but errors    --no-color    --debug   stack traces`;

function usageOf({ name, usage, summary }: Command): string {
  const [first = '', ...rest] = usage.trimEnd().split('\n');
  const details = rest.join('\n').replace(/^\n+/, '');
  const says = `${summary.charAt(0).toUpperCase()}${summary.slice(1).replace(/\.$/, '')}.`;
  return `slipway ${name} ${first}\n\n${says}\n\n${details}\n\n${COMMON_USAGE}`;
}

async function runCommand(command: Command, argv: readonly string[]): Promise<number> {
  const { json, rest } = withoutJson(argv);
  const interrupted = new AbortController();
  const stop = (): void => interrupted.abort(new Error('it was interrupted'));
  let debug = argv.includes('--debug');
  try {
    const { values, positionals } = parsed(command, rest);
    debug = values['debug'] === true;
    if (values['help'] === true) return say(usageOf(command));
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
    const io = ioOf(
      json,
      { quiet: values['quiet'] === true, noColor: values['no-color'] === true },
      interrupted.signal,
    );
    return await command.run({ values, positionals }, io);
  } catch (error) {
    stderr.write(`slipway ${command.name}: ${errorText(error, debug)}\n`);
    if (error instanceof UsageError) stderr.write(`See slipway ${command.name} --help.\n`);
    return error instanceof UsageError ? EXIT.usage : EXIT.cannotTell;
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, stop);
  }
}

/** `--json` takes a file or nothing, which parseArgs cannot say: the next word is its file when it ends in `.json`. */
function withoutJson(argv: readonly string[]): {
  readonly json: { readonly file?: string } | undefined;
  readonly rest: readonly string[];
} {
  const at = argv.findIndex((word) => word === '--json' || word.startsWith('--json='));
  const word = argv[at];
  if (word === undefined) return { json: undefined, rest: argv };
  const [, inline] = /^--json=(.+)$/s.exec(word) ?? [];
  const next = argv[at + 1];
  const file = inline ?? (word === '--json' && next?.endsWith('.json') === true ? next : undefined);
  const used = inline === undefined && file !== undefined ? 2 : 1;
  return { json: file === undefined ? {} : { file }, rest: argv.toSpliced(at, used) };
}

function parsed(command: Command, argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: { ...command.options, ...COMMON_OPTIONS },
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function ioOf(
  json: { readonly file?: string } | undefined,
  { quiet, noColor }: { readonly quiet: boolean; readonly noColor: boolean },
  signal: AbortSignal,
): CommandIo {
  const environment = cliEnvironment();
  const color = !noColor && !environment.noColor && stdout.isTTY === true;
  const showsProgress = !quiet && stderr.isTTY === true && !environment.dumbTerminal;
  const jsonToStdout = json !== undefined && json.file === undefined;
  let lineIsOpen = false;
  const closeLine = (): void => {
    if (lineIsOpen) stderr.write('\r\u001b[K');
    lineIsOpen = false;
  };
  const tell = async (text: string): Promise<void> => {
    closeLine();
    if (json === undefined) return;
    if (json.file === undefined) stdout.write(text);
    else await writeFile(json.file, text);
  };
  return {
    color,
    signal,
    wantsJson: json !== undefined,
    out: (text) => {
      closeLine();
      if (!quiet && !jsonToStdout) stdout.write(`${color ? text : stripVTControlCharacters(text)}\n`);
    },
    err: (text) => {
      closeLine();
      stderr.write(`${text}\n`);
    },
    progress: (text, share) => {
      if (!showsProgress) return;
      closeLine();
      const line = share === undefined ? text : `${progressBar(share)} ${text}`;
      stderr.write(line.slice(0, (stderr.columns > 0 ? stderr.columns : 80) - 1));
      lineIsOpen = true;
    },
    json: (value) => tell(`${JSON.stringify(value, null, 2)}\n`),
    jsonLine: (value) => tell(`${JSON.stringify(value)}\n`),
  };
}

/** What went wrong and why, cause by cause. */
function errorText(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return String(error);
  if (debug) return error.stack ?? error.message;
  const causes: string[] = [];
  for (let cause: unknown = error; cause instanceof Error && !causes.includes(cause.message); cause = cause.cause)
    causes.push(cause.message);
  return causes.join(': ');
}
