import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extendChain, lineText } from '../ledger/chain.ts';
import { ledgerKey } from '../ledger/ledger-key.ts';
import type { CommandIo } from './command.ts';
import { ledger } from './ledger.ts';

const pem = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ format: 'pem', type: 'pkcs1' })
  .toString();
const key = ledgerKey(pem);
const event = (name: string) =>
  ({ kind: 'promoted', key: name, at: '2026-11-21T10:00:00Z', actor: 'slipway' }) as const;

describe('slipway ledger', () => {
  let folder: string;
  let site: string;
  const run = (cwd: string, ...args: readonly string[]) => execFileSync('git', ['-C', cwd, ...args], { stdio: 'pipe' });

  /** A repository whose ledger has these lines, where `--github` finds it. */
  function publish(name: string, text: string): void {
    const repository = join(site, 'acme', `${name}.git`);
    mkdirSync(repository, { recursive: true });
    run(repository, 'init', '--quiet');
    mkdirSync(join(repository, '2026/11'), { recursive: true });
    writeFileSync(join(repository, '2026/11/21.jsonl'), text);
    run(repository, 'add', '.');
    run(repository, '-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '--quiet', '-m', 'x');
    run(repository, 'update-ref', 'refs/slipway/ledger', 'HEAD');
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-cli-ledger-'));
    site = join(folder, 'site');
    writeFileSync(join(folder, 'app.pem'), pem);
    writeFileSync(join(folder, 'ledger.pem'), key.publicKey);
    const lines = extendChain([], [event('a'), event('b')], key).map(lineText);
    publish('good', lines.join('\n'));
    publish(
      'forged',
      [...lines, JSON.stringify({ ...event('c'), sequence: 3, previous: '', signature: 'AA' })].join('\n'),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function call(positionals: readonly string[], values: Readonly<Record<string, string>>) {
    const told = { out: [] as string[], err: [] as string[], json: [] as unknown[] };
    const io: CommandIo = {
      out: (text) => told.out.push(text),
      err: (text) => told.err.push(text),
      progress: () => undefined,
      json: (value) => {
        told.json.push(value);
        return Promise.resolve();
      },
      jsonLine: () => Promise.resolve(),
      wantsJson: true,
      color: false,
      signal: AbortSignal.timeout(60_000),
    };
    const status = await ledger.run({ positionals, values: { github: `file://${site}`, ...values } }, io);
    return { status, ...told };
  }

  it.each(['app-key', 'public-key'])('verifies with --%s', async (option) => {
    const file = join(folder, option === 'app-key' ? 'app.pem' : 'ledger.pem');
    const { status, out, err } = await call(['verify'], { repo: 'acme/good', [option]: file });
    expect({ status, out, err }).toEqual({
      status: 0,
      out: ['2 lines, the last of 2026-11-21T10:00:00Z: every one signed by the App and linked to the one before'],
      err: [],
    });
  });

  it('tells of what somebody else wrote, and exits with 1', async () => {
    const { status, err } = await call(['verify'], { repo: 'acme/forged', 'app-key': join(folder, 'app.pem') });
    expect({ status, err }).toEqual({ status: 1, err: ['2026/11/21.jsonl:3: not signed by the App; ignored'] });
  });

  it('exports the verified lines only', async () => {
    const { out } = await call(['export'], { repo: 'acme/forged', 'app-key': join(folder, 'app.pem') });
    expect(out.map((line) => JSON.parse(line).key)).toEqual(['a', 'b']);
  });

  it.each([
    [['verify'], { repo: 'acme/good' }, /--public-key FILE or with --app-key/],
    [['burn'], { repo: 'acme/good' }, /"verify" or "export"/],
    [['verify'], { repo: 'good', 'public-key': 'PUBLIC' }, /not OWNER\/NAME/],
  ])('is used wrongly with %j %j', async (positionals, values: Record<string, string>, message) => {
    const given = values['public-key'] === undefined ? values : { ...values, 'public-key': join(folder, 'ledger.pem') };
    await expect(call(positionals, given)).rejects.toThrow(message);
  });
});
