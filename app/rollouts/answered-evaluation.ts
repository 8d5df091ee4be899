import { gatherEvidence } from '../../checks/evidence/gather-evidence.ts';
import type { LoadedManifest } from '../../checks/manifest/manifest.ts';
import type { Policy } from '../../checks/manifest/policy.ts';
import type { Snapshot } from '../../checks/snapshot.ts';
import type { Scores } from '../../serving/model/score.ts';
import { type Signature, signatureOf } from '../../serving/model/signature.ts';
import type { Table } from '../../serving/model/table.ts';

/** The evaluation rows of a revision with its answers to them. */
export interface AnsweredEvaluation {
  readonly table: Table;
  readonly answers: Scores;
  /** The columns and types that a replica will ask for: it reads the same graph and the same manifest. */
  readonly signature: Signature;
}

/**
 * What the limited child answers on the evaluation rows, from the evidence cache where the checks left it; undefined where the rows or the answers
 * cannot be had: an adopted model may lack them.
 */
export async function answeredEvaluation(
  loaded: LoadedManifest,
  snapshot: Snapshot,
  { policy, cacheFolder }: { readonly policy: Policy; readonly cacheFolder: string },
  signal: AbortSignal,
): Promise<AnsweredEvaluation | undefined> {
  const { goldens: _, ...evaluation } = loaded.manifest.evaluation;
  const { reference: __, ...drift } = loaded.manifest.drift;
  // No corners, no goldens, nothing to compare with.
  const asked: LoadedManifest = {
    ...loaded,
    manifest: { ...loaded.manifest, evaluation: { ...evaluation, corners: false }, drift },
  };
  const { evidence } = await gatherEvidence({
    proposal: { loaded: asked, snapshot },
    champion: { kind: 'simple', why: 'only the answers are wanted' },
    answersOnly: true,
    policy,
    cacheFolder,
    offline: false,
    signal,
  });
  const { evaluation: data, candidate } = evidence;
  const { session } = evidence.artifact;
  if (data.kind === 'missing' || candidate.kind === 'missing' || session.kind === 'missing') return undefined;
  const { signature } = signatureOf(loaded.specification, session.value.inputs);
  return { table: data.value.table, answers: candidate.value, signature };
}
