import { folderOf } from '../../checks/manifest/parse-manifest.ts';
import type { RecordKind } from '../../serving/rollout/effect.ts';
import type { LedgerEvent, LedgerKind } from '../ledger/ledger.ts';
import type { GithubSide } from './github-side.ts';
import type { Deed, HeldFacts, ModelState } from './model-state.ts';

export interface Doer {
  readonly github: GithubSide;
  /** The fleet's name in the policy, the first half of a deployment's environment. */
  readonly fleetName: string;
  readonly dashboardUrl?: (model: string) => string;
}

/** What doing a deed adds to the state, beyond its being done. */
export type Learned = Pick<HeldFacts, 'revert' | 'tookMs'>;

export type LedgerDeed = Extract<Deed, { kind: 'record' | 'quarantine' }>;
export type GithubDeed = Exclude<Deed, LedgerDeed>;

export function isLedgerDeed(deed: Deed): deed is LedgerDeed {
  return deed.kind === 'record' || deed.kind === 'quarantine';
}

/** The ledger's line of a deed. A record's kind is one of the ledger's: this does not compile otherwise. */
export function ledgerEventOf(deed: LedgerDeed, tookMs: number | undefined): LedgerEvent {
  if (deed.kind === 'quarantine') return { ...aboutOf(deed), kind: 'quarantined', because: deed.because };
  const kind: LedgerKind & RecordKind = deed.event;
  const data = tookMs === undefined ? deed.data : { ...deed.data, tookMs };
  return {
    ...aboutOf(deed),
    kind,
    ...(deed.because === undefined ? {} : { because: deed.because }),
    ...(data === undefined ? {} : { data }),
  };
}

function aboutOf({ key, at, by, subject }: Deed): Omit<LedgerEvent, 'kind'> {
  const { model, version, revision, commit, pullRequest } = subject;
  return {
    key,
    at,
    actor: by,
    model,
    version,
    revision,
    ...(commit === undefined ? {} : { commit }),
    ...(pullRequest === undefined ? {} : { pullRequest }),
  };
}

/**
 * Does one deed of the outbox on GitHub. Each is looked up by its key before it is written, here or where it is written, so that
 * doing it again does nothing.
 */
export async function performDeed(
  deed: GithubDeed,
  state: ModelState,
  doer: Doer,
  signal: AbortSignal,
): Promise<Learned> {
  const { github } = doer;
  switch (deed.kind) {
    case 'deployment':
      await tellDeployment(deed, doer, signal);
      return {};
    case 'comment':
      if (deed.subject.pullRequest !== undefined)
        await github.comment(deed.subject.pullRequest, deed.key, deed.text, signal);
      return {};
    case 'revert':
      return openRevert(deed, state, doer, signal);
    case 'close-issue':
      await github.comment(deed.issue, deed.key, deed.text, signal);
      await github.closeIssue(deed.issue, signal);
      return {};
    case 'withdraw-revert':
      return withdraw(deed, state, doer, signal);
  }
}

async function tellDeployment(
  deed: Deed & { kind: 'deployment' },
  { github, fleetName, dashboardUrl }: Doer,
  signal: AbortSignal,
): Promise<void> {
  const { model, revision, version, commit } = deed.subject;
  // Served by hand before the App came: GitHub knows no commit that it could show.
  if (commit === undefined) return;
  await github.putDeploymentStatus(
    {
      environment: `${fleetName}/${model}`,
      key: deed.deployment,
      ref: commit,
      production: true,
      payload: { model, version, revision },
      state: deed.state,
      description: deed.description,
      ...(dashboardUrl === undefined ? {} : { logUrl: dashboardUrl(model) }),
    },
    signal,
  );
}

/** Digits of a revision in a branch's name. */
const NAME_DIGITS = 12;

async function openRevert(
  deed: Deed & { kind: 'revert' },
  state: ModelState,
  { github, dashboardUrl }: Doer,
  signal: AbortSignal,
): Promise<Learned> {
  const { subject, to } = deed;
  const path =
    [state.stable, state.previous, state.arriving].find((each) => each?.revision === to.revision)?.path ??
    state.stable?.path;
  const base = await github.defaultBranch(signal);
  if (to.commit === undefined || path === undefined || base === undefined) return {};
  const folder = folderOf(path);
  const tree = await github.snapshot(to.commit).objectAt(folder, signal);
  if (tree === undefined || (await github.snapshot(base.sha).objectAt(folder, signal)) === tree) return {};
  const revert = await github.openRevert(
    {
      key: deed.key,
      branch: `slipway/revert/${subject.model}/${subject.revision.replace('sha256:', '').slice(0, NAME_DIGITS)}`,
      base,
      folder,
      tree,
      title: `Revert ${subject.model} to ${to.version}`,
      body: revertBody(deed, folder, dashboardUrl?.(subject.model)),
    },
    signal,
  );
  return { revert: { ...revert, state: 'open' } };
}

function revertBody(
  { subject, to, evidence, by }: Deed & { kind: 'revert' },
  folder: string,
  url: string | undefined,
): string {
  const { model, version } = subject;
  return [
    evidence,
    `This puts \`${folder}\` back as it was at ${(to.commit ?? '').slice(0, 7)}, so that git names what the fleet runs. Until then the fleet is held at version ${to.version}.`,
    `- Merged: the hold ends, and nothing changes in the fleet.\n- Closed unmerged: the hold stays, until git names version ${to.version} or something newer that passes its checks.\n- \`/unhold ${model} because …\`: version ${version} is rolled out again, and this is closed.`,
    by === 'slipway' ? 'Asked for by the analysis of the rollout.' : `Asked for by @${by}.`,
    ...(url === undefined ? [] : [`What the fleet does now: ${url}`]),
  ].join('\n\n');
}

/** Comment first: whoever reads the closed pull request finds why. */
async function withdraw(
  deed: Deed & { kind: 'withdraw-revert' },
  state: ModelState,
  { github }: Doer,
  signal: AbortSignal,
): Promise<Learned> {
  const found = await github.pullRequest(deed.pullRequest, signal);
  if (found?.state === 'open') {
    await github.comment(deed.pullRequest, deed.key, deed.text, signal);
    await github.closePullRequest(deed.pullRequest, signal);
  }
  return state.hold?.revert?.number === deed.pullRequest ? { revert: { ...state.hold.revert, state: 'closed' } } : {};
}
