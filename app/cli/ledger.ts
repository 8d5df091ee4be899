import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { git, gitSnapshot } from '../../checks/snapshots/git-snapshot.ts';
import type { Snapshot } from '../../checks/snapshot.ts';
import { ledgerDayFile, verifyChain } from '../ledger/chain.ts';
import type { Verified } from '../ledger/chain.ts';
import { ledgerKey, ledgerVerifier } from '../ledger/ledger-key.ts';
import type { LedgerVerifier } from '../ledger/ledger-key.ts';
import {
  type Command,
  type CommandArguments,
  type CommandIo,
  EXIT,
  type ExitStatus,
  textOption,
  UsageError,
} from './command.ts';

const ref = 'refs/slipway/ledger';

export const ledger: Command = {
  name: 'ledger',
  summary: 'who did what, when and why: verify it, or write it out',
  usage: `verify|export [--repo OWNER/NAME] (--public-key FILE | --app-key FILE)

  verify               checks every line's signature and its link to the line before
  export               writes the verified lines as JSON lines
  --repo OWNER/NAME    fetched with git and its credentials (default: the clone in this folder)
  --github URL         where that repository is (default https://github.com)
  --public-key FILE    the ledger's public key, as "--app-key FILE --json" prints it
  --app-key FILE       the App's private key, from which the ledger's key is derived

Exit status 0 when every line verifies, 1 when one does not.`,
  options: {
    repo: { type: 'string' },
    github: { type: 'string' },
    'public-key': { type: 'string' },
    'app-key': { type: 'string' },
  },
  run,
};

async function run(args: CommandArguments, io: CommandIo): Promise<ExitStatus> {
  const [act, ...others] = args.positionals;
  if ((act !== 'verify' && act !== 'export') || others.length > 0) throw new UsageError('say "verify" or "export"');
  const key = await keyOf(args);
  const files = await ledgerFiles(args, io.signal);
  const verified = verifyChain(files, key.verifier);
  for (const problem of verified.problems) io.err(problem);
  if (act === 'export') for (const line of verified.lines) io.out(JSON.stringify(line));
  else io.out(verdictText(verified));
  await io.json({ ...verified, ...(key.publicKey === undefined ? {} : { publicKey: key.publicKey }) });
  return verified.problems.length === 0 ? EXIT.good : EXIT.failed;
}

function verdictText({ lines, problems }: Verified): string {
  const last = lines.at(-1);
  const span = last === undefined ? 'the ledger is empty' : `${lines.length} lines, the last of ${last.at}`;
  return problems.length === 0
    ? `${span}: every one signed by the App and linked to the one before`
    : `${span}; ${problems.length} problems`;
}

async function keyOf(
  args: CommandArguments,
): Promise<{ readonly verifier: LedgerVerifier; readonly publicKey?: string }> {
  const publicFile = textOption(args, 'public-key');
  const appFile = textOption(args, 'app-key');
  if ((publicFile === undefined) === (appFile === undefined))
    throw new UsageError('a ledger is verified with --public-key FILE or with --app-key FILE');
  if (publicFile !== undefined) return { verifier: ledgerVerifier(await readFile(publicFile, 'utf8')) };
  const key = ledgerKey(await readFile(appFile ?? '', 'utf8'));
  return { verifier: key, publicKey: key.publicKey };
}

async function ledgerFiles(args: CommandArguments, signal: AbortSignal) {
  const repo = textOption(args, 'repo');
  if (repo === undefined) return dayFiles(await gitSnapshot('.', ref, signal), signal);
  if (!/^[\w.-]+\/[\w.-]+$/.test(repo)) throw new UsageError(`--repo "${repo}" is not OWNER/NAME`);
  const site = (textOption(args, 'github') ?? 'https://github.com').replace(/\/+$/, '');
  const clone = await mkdtemp(join(tmpdir(), 'slipway-ledger-'));
  try {
    await git(clone, ['init', '--quiet', '--bare'], signal);
    await git(clone, ['fetch', '--quiet', '--depth=1', `${site}/${repo}.git`, `${ref}:${ref}`], signal);
    return await dayFiles(await gitSnapshot(clone, ref, signal), signal);
  } finally {
    await rm(clone, { recursive: true, force: true });
  }
}

/** The days in their order. */
async function dayFiles(snapshot: Snapshot, signal: AbortSignal) {
  const paths = (await snapshot.list(signal)).filter((path) => ledgerDayFile.test(path));
  const files: { readonly path: string; readonly text: string }[] = [];
  for (const path of paths.toSorted((a, b) => (a < b ? -1 : 1))) {
    const bytes = await snapshot.read(path, signal);
    files.push({ path, text: Buffer.from(bytes ?? []).toString('utf8') });
  }
  return files;
}
