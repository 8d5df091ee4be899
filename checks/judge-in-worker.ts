import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CheckName, Judgement } from './check.ts';
import type { Evidence } from './evidence/evidence.ts';
import type { LoadedManifest } from './manifest/manifest.ts';
import { parseManifest } from './manifest/parse-manifest.ts';
import type { Policy } from './manifest/policy.ts';

/** A manifest without its function, which cannot be sent to another thread; its places are found again in its source. */
type SentManifest = Omit<LoadedManifest, 'place'>;

type Sent<T> = T extends LoadedManifest
  ? SentManifest
  : {
      readonly [K in keyof T]: T[K] extends LoadedManifest | undefined ? SentManifest | Extract<T[K], undefined> : T[K];
    };

/** Evidence with every manifest in it as it can be sent. */
export interface SentEvidence {
  readonly evidence: Omit<Evidence, 'proposal' | 'base' | 'baseline' | 'context'>;
  readonly proposal: SentManifest;
  readonly base?: SentManifest;
  readonly baseline:
    | Sent<Extract<Evidence['baseline'], { readonly kind: 'production' | 'version' }>>
    | Extract<Evidence['baseline'], { readonly kind: 'simple' }>;
  readonly context?: Sent<NonNullable<Evidence['context']>>;
}

/** What the worker is started with. */
export interface JudgeOrder {
  readonly sent: SentEvidence;
  readonly checks: readonly CheckName[];
  /** What other checks said of it before, for those that read what others found. */
  readonly known: readonly KnownJudgement[];
}

export interface KnownJudgement {
  readonly check: CheckName;
  readonly judgement: Judgement;
}

/** What one check said, or what it threw instead (its message). */
export interface Judged {
  readonly check: CheckName;
  readonly durationMs: number;
  readonly judgement?: Judgement;
  readonly thrown?: string;
}

const WORKER = join(import.meta.dirname, `judge-worker${extname(import.meta.filename)}`);

/**
 * Judges in a thread of its own: resampling and permutations take seconds of computing, and this thread has webhooks to answer and leases to renew.
 * Judgements come in the order of `checks`, each as soon as it stands. Ends at once with `signal`.
 */
export async function judgeInWorker(
  sent: SentEvidence,
  checks: readonly CheckName[],
  {
    known = [],
    signal,
    onJudged,
  }: {
    readonly known?: readonly KnownJudgement[];
    readonly signal?: AbortSignal;
    readonly onJudged?: (judged: Judged) => void;
  },
): Promise<readonly Judged[]> {
  signal?.throwIfAborted();
  const order: JudgeOrder = { sent, checks, known };
  // Flags of this process (a test runner's loaders) are not the worker's.
  const worker = new Worker(WORKER, { workerData: order, execArgv: [] });
  const stop = (): void => void worker.terminate();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const judged = await judgedBy(worker, onJudged);
    signal?.throwIfAborted();
    if (judged.length < checks.length)
      throw new Error(`judging ended after ${judged.length} of ${checks.length} checks`);
    return judged;
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}

function judgedBy(worker: Worker, onJudged: ((judged: Judged) => void) | undefined): Promise<readonly Judged[]> {
  const all: Judged[] = [];
  return new Promise((resolve, reject) => {
    worker.on('message', (judged: Judged) => {
      all.push(judged);
      onJudged?.(judged);
    });
    worker.once('error', (error) => reject(new Error('judging failed', { cause: error })));
    worker.once('exit', () => resolve(all));
  });
}

function sentManifestOf(loaded: LoadedManifest): SentManifest {
  const { manifest, path, folder, specification, revision, defaults, source } = loaded;
  return { manifest, path, folder, specification, revision, defaults, source };
}

/** Evidence as it can be sent to another thread, and written as JSON. */
export function sentEvidenceOf({ proposal, base, baseline, context, ...evidence }: Evidence): SentEvidence {
  return {
    evidence,
    proposal: sentManifestOf(proposal),
    ...(base === undefined ? {} : { base: sentManifestOf(base) }),
    baseline: baseline.kind === 'simple' ? baseline : { ...baseline, manifest: sentManifestOf(baseline.manifest) },
    ...(context === undefined ? {} : { context: { ...context, submitted: sentManifestOf(context.submitted) } }),
  };
}

/** The evidence as it was before it was sent. */
export function evidenceOfSent({ evidence, proposal, base, baseline, context }: SentEvidence): Evidence {
  const { policy } = evidence;
  return {
    ...evidence,
    proposal: loadedOf(proposal, policy),
    ...(base === undefined ? {} : { base: loadedOf(base, policy) }),
    baseline: baseline.kind === 'simple' ? baseline : { ...baseline, manifest: loadedOf(baseline.manifest, policy) },
    ...(context === undefined ? {} : { context: { ...context, submitted: loadedOf(context.submitted, policy) } }),
  };
}

function loadedOf(manifest: SentManifest, policy: Policy): LoadedManifest {
  const read = parseManifest(manifest.source, manifest.path, policy);
  if (read.kind === 'refused') throw new Error(`${manifest.path} parsed before it was sent, and does not now`);
  const { loaded } = read;
  return { ...manifest, place: (pointer) => loaded.place(pointer) };
}
