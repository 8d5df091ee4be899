import type { CheckModel, ModelProposal, RetrainedSource } from '../../checks/check-model.ts';
import type { Governance } from '../../checks/evidence/governance.ts';
import type { LoadedManifest } from '../../checks/manifest/manifest.ts';
import { folderOf, parseManifest } from '../../checks/manifest/parse-manifest.ts';
import type { Policy } from '../../checks/manifest/policy.ts';
import type { Report } from '../../checks/report/report.ts';
import type { FleetDriver, FleetRecords } from '../../serving/fleet.ts';
import type { PlanRow } from '../dashboard/views.ts';
import type { GithubHistory } from '../github/history.ts';
import type { GithubSnapshot } from '../github/snapshot.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { rolloutsOf } from './governance.ts';
import { planRows, withNewColumns } from './model-plan.ts';
import { productionOf } from './production.ts';
import type { Production } from './production.ts';
import { windowOf } from './recorded-window.ts';
import { waiversOf } from './waivers.ts';

/** What judging needs beside the commits. */
export interface JudgeParts {
  readonly checkModel: CheckModel;
  readonly fleet: Pick<FleetDriver, 'observe'> & Pick<FleetRecords, 'predictions'>;
  readonly ledger: Ledger;
  /** Caches: evidence, artifacts, windows. */
  readonly cacheFolder: string;
  readonly now: () => Date;
  /** The dashboard's address; undefined: no links. */
  readonly publicUrl?: string;
}

/** One model of a proposal. */
export interface JudgeSubject {
  readonly path: string;
  /** Git tree of its folder there. */
  readonly tree: string;
  readonly proposal: GithubSnapshot;
  /** The default branch. */
  readonly base: GithubSnapshot;
  readonly policy: Policy;
  readonly history: GithubHistory;
  /** The pull request's number, which its waivers were given under. */
  readonly waivedUnder: number;
  /** What people and other programs say of the proposal; undefined: nobody was asked. */
  readonly governance?: Governance;
  /** What another training of the model gave, when one was asked for and has ended. */
  readonly retrained?: (loaded: LoadedManifest, signal: AbortSignal) => Promise<RetrainedSource | undefined>;
  /** Take the recorded rows of now, not those of the last judgement of this commit. */
  readonly fresh: boolean;
}

export interface Judgement {
  readonly loaded: LoadedManifest;
  readonly report: Report;
  readonly production?: Production;
  readonly rows: readonly PlanRow[];
}

/** A manifest that cannot be read, or a judgement. */
export type Judged =
  | { readonly kind: 'judged'; readonly judgement: Judgement }
  | {
      readonly kind: 'unreadable';
      readonly problems: Extract<ReturnType<typeof parseManifest>, { kind: 'refused' }>['problems'];
    };

/**
 * Judges one model against what production's stable arm runs now. Nothing of the proposal is executed here: the checks run
 * its graph in a limited child process.
 */
export async function judgeModel(parts: JudgeParts, subject: JudgeSubject, signal: AbortSignal): Promise<Judged> {
  const source = await subject.proposal.read(subject.path, signal);
  if (source === undefined) throw new Error(`${subject.path} is not in ${subject.proposal.label}`);
  const parsed = parseManifest(Buffer.from(source).toString('utf8'), subject.path, subject.policy);
  if (parsed.kind === 'refused') return { kind: 'unreadable', problems: parsed.problems };
  const { loaded } = parsed;
  const model = loaded.manifest.name;
  const production = productionOf(await parts.fleet.observe(signal), model);
  const running = production === undefined ? undefined : await runningSnapshot(production, model, subject, signal);
  const { lines } = await parts.ledger.read(signal);
  const window = await windowOf(
    parts,
    {
      model,
      windowMs: loaded.manifest.drift.windowMs,
      key: [subject.tree, production?.revision.replace('sha256:', '') ?? 'first'].join('-'),
      fresh: subject.fresh,
    },
    signal,
  );
  const restores = await restoresOf(production, running, subject, signal);
  const retrained = await subject.retrained?.(loaded, signal);
  const proposal: ModelProposal = {
    path: subject.path,
    proposal: subject.proposal,
    base: subject.base,
    ...(running === undefined ? {} : { production: { snapshot: running, path: subject.path } }),
    versions: subject.history,
    policy: subject.policy,
    ...(window === undefined ? {} : { window }),
    ...(retrained === undefined ? {} : { retrained }),
    governance: {
      ...subject.governance,
      rollouts: rolloutsOf(lines, model),
      monitoring: monitoringOf(parts, model, window !== undefined),
    },
    waivers: waiversOf(lines, { model, subject: subject.waivedUnder, now: parts.now() }),
    ...(restores === undefined ? {} : { restores }),
  };
  const report = await parts.checkModel(proposal, {
    cacheFolder: parts.cacheFolder,
    now: parts.now(),
    signal,
  });
  const champion = running === undefined ? undefined : await championOf(running, subject, signal);
  const planned = planRows(champion, { manifest: loaded.manifest, revision: loaded.revision });
  const rows = withNewColumns(planned, report);
  return { kind: 'judged', judgement: { loaded, report, ...(production === undefined ? {} : { production }), rows } };
}

/** What the fleet shows of a model, beside the proposal. */
export function monitoringOf(
  { publicUrl }: Pick<JudgeParts, 'publicUrl'>,
  model: string,
  recordsPredictions: boolean,
): NonNullable<Governance['monitoring']> {
  return { recordsPredictions, ...(publicUrl === undefined ? {} : { url: `${publicUrl}/models/${model}` }) };
}

/** The tree that production's revision came from: told with the revision, else found by the version's binding in git. */
async function runningSnapshot(
  production: Production,
  model: string,
  { history }: JudgeSubject,
  signal: AbortSignal,
): Promise<GithubSnapshot> {
  const commit =
    production.commit ??
    (await history.bindings(model, signal)).find(({ revision }) => revision === production.revision)?.commit;
  if (commit === undefined)
    throw new Error(
      `Production runs ${model} ${production.version} (${production.revision}), which was not deployed from a commit and never stood on the default branch: there is nothing to compare with`,
    );
  return history.snapshot(commit);
}

/** A held fleet's own tree: bringing git back to it is what ends the hold, so it is not judged against what was turned away. */
async function restoresOf(
  production: Production | undefined,
  running: GithubSnapshot | undefined,
  { path, tree }: JudgeSubject,
  signal: AbortSignal,
) {
  if (production?.heldSince === undefined || running === undefined) return undefined;
  const runs = await running.objectAt(folderOf(path), signal);
  return runs === tree ? { revision: production.revision, since: production.heldSince } : undefined;
}

async function championOf(running: GithubSnapshot, { path, policy }: JudgeSubject, signal: AbortSignal) {
  const source = await running.read(path, signal);
  if (source === undefined) return undefined;
  const parsed = parseManifest(Buffer.from(source).toString('utf8'), path, policy);
  return parsed.kind === 'parsed' ? { manifest: parsed.loaded.manifest, revision: parsed.loaded.revision } : undefined;
}
