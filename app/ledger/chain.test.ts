import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { chainStart, extendChain, lineDigest, lineText, verifyChain } from './chain.ts';
import type { LedgerEvent, LedgerLine } from './ledger.ts';
import { ledgerKey, ledgerVerifier } from './ledger-key.ts';

const appKey = () =>
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs1' }).toString();
const pem = appKey();
const key = ledgerKey(pem);
const event = (name: string): LedgerEvent => ({
  kind: 'rolled-back',
  key: name,
  at: '2026-11-21T10:00:00Z',
  actor: 'ana',
  model: 'income',
  because: 'gräßlich — „worse“',
});
const chain = extendChain([], [event('a'), event('b'), event('c')], key);
const fileOf = (lines: readonly (LedgerLine | string)[]) => [
  {
    path: '2026/11/21.jsonl',
    text: lines.map((line) => (typeof line === 'string' ? line : lineText(line))).join('\n'),
  },
];

describe('the chain of ledger lines', () => {
  it('starts at 64 zeros, counts from 1, and links each line to the one before', () => {
    expect(chain.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    expect(chain[0]?.previous).toBe(chainStart);
    expect(chain.slice(1).map(({ previous }) => previous)).toEqual(chain.slice(0, 2).map(lineDigest));
  });

  it('verifies, whole and without complaint, as it was written', () => {
    expect(verifyChain(fileOf(chain), key)).toEqual({ lines: chain, problems: [] });
  });

  it('verifies with the public key alone', () => {
    expect(verifyChain(fileOf(chain), ledgerVerifier(key.publicKey)).problems).toEqual([]);
  });

  it('is the same for the same App key, and foreign for another', () => {
    expect(ledgerKey(pem).publicKey).toBe(key.publicKey);
    expect(verifyChain(fileOf(chain), ledgerKey(appKey())).lines).toEqual([]);
  });

  const [first, second, third] = chain;
  if (first === undefined || second === undefined || third === undefined) throw new Error('three lines were made');
  const cases: readonly [string, readonly (LedgerLine | string)[], readonly number[], RegExp][] = [
    ['a changed actor', [first, { ...second, actor: 'eve' }, third], [1, 3], /:2: not signed by the App/],
    [
      'a line somebody wrote by hand',
      [first, second, third, lineText({ ...third, sequence: 4, signature: 'AAAA' })],
      [1, 2, 3],
      /:4: not signed/,
    ],
    ['text that is no line', [first, second, third, 'hello'], [1, 2, 3], /:4: not a ledger line/],
    ['a line that was taken out', [first, third], [1, 3], /line 2 was expected and 3 found: 1 missing/],
    ['a line that was copied', [first, second, first, third], [1, 2, 3], /line 1 stands a second time/],
    [
      'lines of two chains by the same key',
      [...extendChain([], [event('z')], key), second],
      [1, 2],
      /line 2 does not continue/,
    ],
  ];
  it.each(cases)('tells of %s', (_, lines, kept, problem) => {
    const verified = verifyChain(fileOf(lines), key);
    expect(verified.lines.map(({ sequence }) => sequence)).toEqual(kept);
    expect(verified.problems.join('\n')).toMatch(problem);
  });
});
