import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { smallestManifest } from '../../checks/manifest/manifest-samples.ts';
import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import type { Report } from '../../checks/report/report.ts';
import { checkedOf, lastChecked } from '../ledger/checked.ts';
import { ledgerKey } from '../ledger/ledger-key.ts';
import { memoryLedger } from '../ledger/memory-ledger.ts';
import type { Judgement } from './judge-model.ts';
import { recordJudgement } from './record-judgement.ts';

const key = ledgerKey(
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs1' }).toString(),
);

function judgementOf(conclusion: Report['conclusion'], durationMs = 1): Judgement {
  const parsed = parseManifest(smallestManifest, 'models/income/model.yaml');
  if (parsed.kind === 'refused') throw new Error('the sample parses');
  const { loaded } = parsed;
  const report: Report = {
    model: loaded.manifest.name,
    version: loaded.manifest.version,
    revision: loaded.revision,
    digest: 'sha256:bb',
    baseline: { kind: 'simple' },
    conclusion,
    checks: [
      {
        name: 'manifest',
        conclusion: conclusion === 'success' ? 'success' : 'failure',
        title: 't',
        durationMs,
        required: true,
        findings: [],
      },
    ],
    defaults: {},
    environment: { slipway: '0', node: '0', onnxruntime: '0', cpu: 'x', isolation: 'process' },
  };
  return { loaded, report, rows: [{ subject: 'version', candidate: '2.0.0' }] };
}

const about = (minute: number) => ({
  commit: 'c0',
  tree: 't0',
  pullRequest: 12,
  at: new Date(Date.UTC(2026, 10, 21, 12, minute)),
});

describe('recording a judgement', () => {
  const record = async (...conclusions: readonly Report['conclusion'][]) => {
    const ledger = memoryLedger(key);
    const signal = AbortSignal.timeout(10_000);
    for (const [minute, conclusion] of conclusions.entries())
      await recordJudgement(ledger, judgementOf(conclusion, minute), about(minute), signal);
    const { lines } = await ledger.read();
    return { ledger, lines, told: lines.map((line) => checkedOf(line)?.conclusion) };
  };

  it('writes one that says the same only once, however long the checks took', async () => {
    expect((await record('failure', 'failure')).told).toEqual(['failure']);
  });

  it('writes one that changed and changed back: the last line is what holds', async () => {
    const { lines, told } = await record('failure', 'success', 'failure');
    expect(told).toEqual(['failure', 'success', 'failure']);
    expect(lastChecked(lines, 'income', 't0')?.conclusion).toBe('failure');
  });

  it('gives back the report that can be found by its digest', async () => {
    const ledger = memoryLedger(key);
    const signal = AbortSignal.timeout(10_000);
    const first = await recordJudgement(ledger, judgementOf('success', 1), about(0), signal);
    const second = await recordJudgement(ledger, judgementOf('success', 2), about(1), signal);
    expect(second).toEqual(first);
  });

  it('keeps all that a rollout and a page need to know', async () => {
    const { ledger, lines } = await record('success');
    const [line] = lines;
    const checked = line === undefined ? undefined : checkedOf(line);
    expect(checked).toMatchObject({
      model: 'income',
      commit: 'c0',
      tree: 't0',
      pullRequest: 12,
      baseline: 'none',
      checks: [{ name: 'manifest', conclusion: 'success' }],
      plan: [{ subject: 'version', candidate: '2.0.0' }],
    });
    expect(await ledger.report(checked?.report ?? '')).toMatchObject({ model: 'income', conclusion: 'success' });
  });
});
