import { describe, expect, it } from 'vitest';
import { sampleEvidence } from '../baseline/sample-evidence.ts';
import type { Answers, Evidence } from '../evidence/evidence.ts';
import { gathered, missing } from '../evidence/missing.ts';
import type { Training } from '../manifest/manifest.ts';
import { seededRandom } from '../stats/seeded-random.ts';
import { retrainingFindings } from './retraining.ts';

const ROWS = 2_000;
const random = seededRandom(7);
const latent = Float64Array.from({ length: ROWS }, () => random.uniform());
const codes = Int32Array.from(latent, (chance) => (random.uniform() < chance ? 1 : 0));
const answersOf = (scores: Float64Array): Answers => ({
  task: 'binary',
  rows: ROWS,
  classes: [0, 1],
  scores,
  threshold: 0.5,
  probabilities: true,
});
const candidate = answersOf(latent);

function evidenceOf({ retrain, ...rest }: Partial<Evidence> & { readonly retrain?: Training['retrain'] }): Evidence {
  const evidence = sampleEvidence({
    data: { table: { rows: ROWS, columns: new Map() }, labels: { kind: 'classes', classes: [0, 1], codes } },
    candidate,
  });
  const { proposal } = evidence;
  const { manifest } = proposal;
  const reproducibility = {
    ...manifest.reproducibility,
    ...(retrain === undefined ? {} : { training: { data: [], retrain } }),
  };
  return { ...evidence, ...rest, proposal: { ...proposal, manifest: { ...manifest, reproducibility } } };
}
const again = (scores: Float64Array, digest = 'sha256:ff'): Partial<Evidence> => ({
  retrained: gathered({ label: 'run 12', digest, answers: answersOf(scores) }),
});
const told = (evidence: Evidence) =>
  retrainingFindings(evidence).map(
    ({ id, verdict, severity }) => `${verdict} ${severity} ${id.replace('reproducibility/', '')}`,
  );

describe('a second training', () => {
  it.each([
    [undefined, ['not-applicable blocking retraining']],
    ['never', ['not-applicable blocking retraining']],
    ['on-demand', ['not-applicable blocking retraining']],
    ['always', ['inconclusive blocking retraining']],
  ] as const)('that was not handed over, with retrain: %s, is %s', (retrain, expected) => {
    expect(told(evidenceOf(retrain === undefined ? {} : { retrain }))).toEqual(expected);
  });

  it('that gave the same bytes passes, and nobody has to be asked', () => {
    const evidence = evidenceOf({});
    const declared = `sha256:${evidence.proposal.manifest.artifact.sha256}`;
    expect(told({ ...evidence, ...again(latent, declared) })).toEqual(['pass blocking retraining']);
  });

  it('that gave other bytes and the same answers within the tolerance passes', () => {
    expect(told(evidenceOf(again(latent.map((score) => score * (1 + 1e-6)))))).toEqual(['pass blocking retraining']);
  });

  it('that gave another model fails, however good: its numbers, flips and metrics are told', () => {
    const noisy = latent.map((score) => Math.min(1, Math.max(0, score + 0.02 * (random.uniform() - 0.5))));
    const findings = retrainingFindings(evidenceOf(again(noisy)));
    expect(findings.map(({ id, verdict, severity }) => [id, verdict, severity])).toEqual([
      ['reproducibility/retraining', 'fail', 'blocking'],
      ['reproducibility/retraining/roc_auc', 'pass', 'blocking'],
      ['reproducibility/retraining/log_loss', expect.any(String), expect.any(String)],
    ]);
    const [first] = findings;
    const flips = latent.filter((score, row) => score >= 0.5 !== (noisy[row] ?? 0) >= 0.5).length;
    expect(first?.measured).toMatchObject({ rows: ROWS, flips, flipShare: flips / ROWS, sameBytes: false });
    expect(first?.next).toContain('/waive reproducibility/retraining');
  });

  it('that is clearly worse is told so, beside the failure that blocks', () => {
    const shuffled = latent.toReversed();
    expect(told(evidenceOf(again(shuffled)))).toContain('fail advisory retraining/roc_auc');
  });

  it('of a model that does not even repeat itself says nothing', () => {
    const restless = {
      condition: 'same session',
      rows: 300,
      bitEqual: false,
      maxAbsolute: 0.1,
      maxRelative: 0.1,
      beyondTolerance: 9,
      flips: 1,
    } as const;
    expect(told(evidenceOf({ ...again(latent.toReversed()), repeats: gathered([restless]) }))).toEqual([
      'inconclusive advisory retraining',
    ]);
  });

  it('that cannot be read fails with the reason, since it is nobody else’s to tell', () => {
    const retrained = missing('reproducibility', 'the retrained artifact x: the file is empty (0 bytes)');
    const [finding] = retrainingFindings(evidenceOf({ retrained }));
    expect([finding?.verdict, finding?.reason]).toEqual(['fail', retrained.reason]);
  });
});
