import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { stdin } from 'node:process';
import {
  type Command,
  type CommandArguments,
  type CommandIo,
  EXIT,
  type ExitStatus,
  UsageError,
  textOption,
} from './command.ts';
import { readToken } from './read-token.ts';

export const predict: Command = {
  name: 'predict',
  summary: 'ask a fleet for a prediction',
  usage: `MODEL --record JSON|FILE|- [--fleet URL]

  --record JSON|FILE|-   one record {"column": value, …}, or a list of them
  --fleet URL            where callers ask (default http://127.0.0.1:8000)
  --token-file FILE      where the fleet asks for a caller's token`,
  options: { record: { type: 'string' }, fleet: { type: 'string' }, 'token-file': { type: 'string' } },
  run,
};

const DEFAULT_FLEET = 'http://127.0.0.1:8000';
const LIMIT_MS = 60_000;

interface Answer {
  readonly id: string;
  readonly version: string;
  readonly predictions: readonly {
    readonly score: unknown;
    readonly class?: string | number;
    readonly flags?: readonly string[];
  }[];
  readonly flags?: readonly string[];
}

async function run(args: CommandArguments, io: CommandIo): Promise<ExitStatus> {
  const [model, ...others] = args.positionals;
  const record = textOption(args, 'record');
  if (model === undefined || others.length > 0) throw new UsageError('name one model');
  if (record === undefined) throw new UsageError('--record is needed: JSON, a file, or - for standard input');
  const fleet = textOption(args, 'fleet') ?? DEFAULT_FLEET;
  const instances = await instancesOf(record);
  const response = await ask(
    `${fleet.replace(/\/$/, '')}/v1/models/${encodeURIComponent(model)}:predict`,
    instances,
    args,
    io,
  );
  const body = await response.text();
  if (!response.ok) {
    io.err(errorOf(body, response.status));
    return EXIT.cannotTell;
  }
  // Our own fleet's answer; what is shown is taken as it comes.
  const answer = JSON.parse(body) as Answer;
  for (const { score, class: decided, flags } of answer.predictions)
    io.out(
      [decided === undefined ? undefined : `class ${decided}`, `score ${JSON.stringify(score)}`, ...(flags ?? [])]
        .filter((part) => part !== undefined)
        .join('  '),
    );
  for (const flag of answer.flags ?? []) io.out(flag);
  io.out(`${model} ${answer.version}, prediction ${answer.id}`);
  await io.json(answer);
  return EXIT.good;
}

async function instancesOf(record: string): Promise<readonly unknown[]> {
  const isJson = /^\s*[[{]/.test(record);
  const source = record === '-' ? await text(stdin) : isJson ? record : await readFile(record, 'utf8');
  try {
    const parsed: unknown = JSON.parse(source);
    return Array.isArray(parsed) ? parsed : [parsed];
  } catch (cause) {
    throw new UsageError(
      `--record ${isJson ? 'holds no JSON' : `${record} holds no JSON`}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

async function ask(
  url: string,
  instances: readonly unknown[],
  args: CommandArguments,
  io: CommandIo,
): Promise<Response> {
  const token = await readToken(textOption(args, 'token-file'), '--token-file');
  try {
    return await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ instances }),
      signal: AbortSignal.any([io.signal, AbortSignal.timeout(LIMIT_MS)]),
    });
  } catch (cause) {
    throw new Error(`no fleet answered at ${url}`, { cause });
  }
}

function errorOf(body: string, status: number): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'error' in parsed) return String(parsed.error);
  } catch {
    // Not a fleet of ours: said as it is.
  }
  return `status ${status}: ${body.slice(0, ANSWER_SHOWN)}`;
}

const ANSWER_SHOWN = 300;
