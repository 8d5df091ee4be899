import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { RetrainedSource, WindowSource } from '../check-model.ts';
import type { LoadedManifest } from '../manifest/manifest.ts';
import type { Policy } from '../manifest/policy.ts';
import type { Snapshot } from '../snapshot.ts';
import { evidenceOf } from './assemble-evidence.ts';
import { keyOf, prune } from './evidence-cache.ts';
import type { Evidence } from './evidence.ts';
import type { ProgressLine } from './job.ts';
import { isolationHere, type Isolation } from './limited-child.ts';
import { planOf } from './plan-job.ts';
import { resolveAll } from './proposal-files.ts';
import { readIfThere, writeWhole } from './resolve-file.ts';
import { measureInChild } from './run-job.ts';

/** A manifest and the tree that its files are looked up in. */
export interface PlacedManifest {
  readonly loaded: LoadedManifest;
  readonly snapshot: Snapshot;
}

export interface GatherInput {
  /** As it is judged: the strictest of policy, default branch and proposal. */
  readonly proposal: PlacedManifest;
  readonly base?: PlacedManifest;
  readonly champion:
    | ({ readonly kind: 'production' | 'version' } & PlacedManifest)
    | { readonly kind: 'simple'; readonly why: string };
  readonly policy: Policy;
  readonly window?: WindowSource;
  readonly retrained?: RetrainedSource;
  /** Leaves out what takes long and says nothing of the answers: asking again, times, importances. */
  readonly answersOnly?: boolean;
  readonly cacheFolder: string;
  readonly offline: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: ProgressLine) => void;
}

export interface GatheredEvidence {
  readonly evidence: Evidence;
  /** Digest of everything that the evidence follows from. */
  readonly key: string;
  readonly cached: boolean;
  readonly isolation: Isolation;
  /** Digest of what was measured; undefined when it is not whole. */
  readonly measured?: string;
}

/** Gathers what the checks judge, or finds it in the cache. Throws only when the world fails, or the policy refuses this machine's isolation. */
export async function gatherEvidence(input: GatherInput): Promise<GatheredEvidence> {
  const isolation = isolationHere();
  if (isolation === 'process' && input.policy.checks.isolation === 'namespace')
    throw new Error(
      'the policy wants evidence gathered in a namespace (checks.isolation), which this machine does not allow',
    );
  const files = await resolveAll(input);
  const plan = planOf(input, files);
  const key = keyOf(plan, isolation);
  const cacheFile = join(input.cacheFolder, 'evidence', `${key}.bin`);
  const kept = plan.kind === 'run' ? await readIfThere(cacheFile) : undefined;
  if (kept !== undefined)
    return {
      evidence: evidenceOf(input, files, plan, deserialize(kept)),
      key,
      cached: true,
      isolation,
      measured: digestOf(kept),
    };
  const measured = plan.kind === 'run' ? await measureInChild(plan, input, isolation) : { parts: {}, complete: false };
  const evidence = evidenceOf(input, files, plan, measured.parts);
  if (!measured.complete) return { evidence, key, cached: false, isolation };
  const bytes = serialize(measured.parts);
  await writeWhole(cacheFile, bytes);
  await prune(dirname(cacheFile));
  return { evidence, key, cached: false, isolation, measured: digestOf(bytes) };
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
