import type { Waiver } from '../../checks/check-model.ts';
import type { CheckResult, Report } from '../../checks/report/report.ts';
import { checkedEventOf } from '../ledger/checked.ts';
import type { Ledger, LedgerEvent } from '../ledger/ledger.ts';
import { waiversOf } from '../proposals/waivers.ts';
import type { DesiredModel, TreeSnapshot } from './desired-models.ts';
import type { GithubSide } from './github-side.ts';
import type { Deployed } from './model-state.ts';
import { pastOf } from './past.ts';
import { blockingFindings, NO_BASELINE, type Permit, permitOf } from './permit.ts';

/** One judgement of what git names against what runs, outside of a pull request. */
export interface Evaluation {
  readonly model: string;
  /** The manifest's path in `proposal`. */
  readonly path: string;
  readonly proposal: TreeSnapshot;
  readonly production?: { readonly snapshot: TreeSnapshot; readonly path: string };
  /** The merged pull request that brought it; undefined for a push. */
  readonly pullRequest?: number;
  /** Waivers that were given in the proposal that brought it. */
  readonly waivers: readonly Waiver[];
}

export interface JudgeParts {
  readonly github: Pick<GithubSide, 'defaultBranch' | 'snapshot' | 'originOf' | 'putIssue'>;
  readonly ledger: Ledger;
  readonly evaluate: (evaluation: Evaluation, signal: AbortSignal) => Promise<Report>;
  readonly clock: () => Date;
  readonly log: (message: string, error?: unknown) => void;
  /** Ends judgements that are under way. */
  readonly signal: AbortSignal;
}

export interface Judge {
  /** Reads the ledger; starts a judgement or tells a refusal where that is what is missing. Never waits for a judgement. */
  permit(desired: DesiredModel, stable: Deployed | undefined, signal: AbortSignal): Promise<Permit>;
  /** Resolves when no judgement is under way. */
  settled(): Promise<void>;
}

/** A judgement that failed for the world's sake is tried again, each time after twice as long. */
const FIRST_RETRY_MS = 15_000;
const LAST_RETRY_MS = 3_600_000;

export function createJudge(parts: JudgeParts): Judge {
  const { ledger, clock } = parts;
  const running = new Map<string, Promise<void>>();
  const failures = new Map<string, { readonly count: number; readonly notBefore: number }>();

  const start = (key: string, desired: DesiredModel, stable: Deployed | undefined): void => {
    const failed = failures.get(key);
    if (running.has(key) || (failed !== undefined && clock().getTime() < failed.notBefore)) return;
    const work = judge(parts, desired, stable)
      .then(() => void failures.delete(key))
      .catch((error: unknown) => {
        const count = (failed?.count ?? 0) + 1;
        const waitMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (count - 1));
        failures.set(key, { count, notBefore: clock().getTime() + waitMs });
        parts.log(
          `judging ${desired.loaded.path} (tree ${desired.tree}) failed; tried again in ${waitMs / 1000} s`,
          error,
        );
      })
      .finally(() => running.delete(key));
    running.set(key, work);
  };

  return {
    async permit(desired, stable, signal) {
      const { manifest, revision } = desired.loaded;
      const asked = {
        model: manifest.name,
        revision,
        tree: desired.tree,
        ...(stable === undefined ? {} : { stable: stable.revision }),
        now: clock(),
      };
      const { lines } = await ledger.read(signal);
      const permit = await permitOf(lines, asked, (digest) => ledger.report(digest, signal));
      // A fleet that lost everything first serves what it served: then there is something to judge against.
      const isRebuilt = stable === undefined && pastOf(lines, manifest.name).length > 0;
      if (permit.kind === 'unjudged' && !isRebuilt)
        start(`${manifest.name}/${desired.tree}/${stable?.revision ?? NO_BASELINE}`, desired, stable);
      if (permit.kind !== 'refused' || permit.issue !== undefined) return permit;
      const report = permit.report === undefined ? undefined : await ledger.report(permit.report, signal);
      const issue = await tellRefusal(
        parts,
        { desired, stable, because: permit.because, report, digest: permit.report },
        signal,
      );
      return { ...permit, issue };
    },
    async settled() {
      while (running.size > 0) await Promise.all(running.values());
    },
  };
}

async function judge(parts: JudgeParts, desired: DesiredModel, stable: Deployed | undefined): Promise<void> {
  const { github, ledger, evaluate, clock, signal } = parts;
  const { loaded, tree } = desired;
  const { manifest, revision } = loaded;
  const branch = await github.defaultBranch(signal);
  if (branch === undefined) throw new Error('the repository has no default branch any more');
  const origin = await github.originOf(loaded.folder, branch.sha, signal);
  const { lines } = await ledger.read(signal);
  const pullRequest = origin.pullRequest?.number;
  const report = await evaluate(
    {
      model: manifest.name,
      path: loaded.path,
      proposal: github.snapshot(branch.sha),
      ...(stable?.commit === undefined
        ? {}
        : { production: { snapshot: github.snapshot(stable.commit), path: stable.path } }),
      ...(pullRequest === undefined ? {} : { pullRequest }),
      waivers:
        pullRequest === undefined ? [] : waiversOf(lines, { model: manifest.name, subject: pullRequest, now: clock() }),
    },
    signal,
  );
  if (pullRequest !== undefined) {
    const digest = await ledger.putReport(report, signal);
    const checked = {
      model: manifest.name,
      version: manifest.version,
      revision,
      pullRequest,
      commit: origin.commit,
      tree,
      baseline: stable?.revision ?? NO_BASELINE,
      conclusion: report.conclusion,
      checks: report.checks.map(({ name, conclusion }) => ({ name, conclusion })),
      report: digest,
      at: clock().toISOString(),
    };
    await ledger.append([checkedEventOf(checked)], signal);
    return;
  }
  const unproposed = withUnproposed(report, origin.commit, loaded.path);
  const digest = await ledger.putReport(unproposed, signal);
  const because = `commit ${origin.commit.slice(0, 7)} came without a pull request`;
  await tellRefusal(parts, { desired, stable, because, report: unproposed, digest }, signal);
}

/** Passing checks do not make up for a proposal that nobody could read: that is a finding of its own, to be waived or not. */
function withUnproposed(report: Report, commit: string, path: string): Report {
  const title = `commit ${commit.slice(0, 7)} came without a pull request`;
  const check: CheckResult = {
    name: 'proposal',
    conclusion: 'failure',
    title,
    durationMs: 0,
    required: true,
    findings: [
      {
        id: 'proposal/pull-request',
        verdict: 'fail',
        severity: 'blocking',
        reason: `${title}: nobody had the chance to look at it`,
        measured: { commit },
        at: { file: path },
        next: 'Propose it as a pull request, or waive this finding here.',
      },
    ],
  };
  return { ...report, conclusion: 'failure', checks: [check, ...report.checks] };
}

interface Refusal {
  readonly desired: DesiredModel;
  readonly stable: Deployed | undefined;
  readonly because: string;
  readonly report: Report | undefined;
  readonly digest: string | undefined;
}

/** One issue a model, edited in place, in which the findings can be waived; then the ledger's line that names it. */
async function tellRefusal(
  { github, ledger, clock }: JudgeParts,
  refusal: Refusal,
  signal: AbortSignal,
): Promise<number> {
  const { desired, stable, because, digest } = refusal;
  const { manifest, revision, folder } = desired.loaded;
  const branch = await github.defaultBranch(signal);
  const origin = branch === undefined ? undefined : await github.originOf(folder, branch.sha, signal);
  const issue = await github.putIssue(
    {
      key: `refused/${manifest.name}`,
      title: `${manifest.name} ${manifest.version} is not rolled out`,
      body: refusalBody(refusal),
    },
    signal,
  );
  const baseline = stable?.revision ?? NO_BASELINE;
  const event: LedgerEvent = {
    kind: 'refused',
    key: `refused/${manifest.name}/${desired.tree}/${baseline}/${issue}`,
    at: clock().toISOString(),
    actor: 'slipway',
    model: manifest.name,
    version: manifest.version,
    revision,
    because,
    ...(origin === undefined ? {} : { commit: origin.commit }),
    ...(origin?.pullRequest === undefined ? {} : { pullRequest: origin.pullRequest.number }),
    ...(digest === undefined ? {} : { report: digest }),
    data: { tree: desired.tree, baseline, issue },
  };
  await ledger.append([event], signal);
  return issue;
}

function refusalBody({ desired, stable, because, report }: Refusal): string {
  const { name, version } = desired.loaded.manifest;
  const serves = stable === undefined ? 'Nothing serves yet.' : `Version ${stable.version} goes on serving.`;
  const findings = report === undefined ? [] : blockingFindings(report);
  const rows = findings.map(({ id, reason }) => `- \`${id}\`: ${reason}`);
  const out =
    report === undefined
      ? `- \`/unhold ${name} because …\` lets it back, or propose something newer.`
      : `- Propose a version that passes, or\n- accept the findings here: ${findings.map(({ id }) => `\`/waive ${id} until DATE because …\``).join(' ')}`;
  return [
    `The default branch names **${name}** ${version}, and it is not rolled out: ${because}. ${serves}`,
    ...(rows.length === 0 ? [] : [rows.join('\n')]),
    `What leads on:\n\n${out}`,
  ].join('\n\n');
}
