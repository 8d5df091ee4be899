import type { CheckName } from '../../checks/check.ts';
import type { Governance } from '../../checks/evidence/governance.ts';
import type { CheckResult, Report } from '../../checks/report/report.ts';
import type { PullRequest } from '../github/pull-requests.ts';
import type { Repository } from '../github/request.ts';
import { modelNameOf } from './changed-models.ts';
import type { CheckRunOutput } from '../github/check-runs.ts';
import { checkRunOutput, unjudgedOutput } from './check-run-output.ts';
import type { DashboardPlace } from './check-run-output.ts';
import type { BoundedSet } from '../bounded-set.ts';
import { governanceOfPull } from './governance.ts';
import { judgeModel } from './judge-model.ts';
import type { Judgement, JudgeParts, JudgeSubject } from './judge-model.ts';
import { retrainedOf } from '../retraining/retraining.ts';
import { retrainAlways } from '../retraining/retrain-always.ts';
import { lookAtProposal, readProposal } from './look-at-proposal.ts';
import type { LookParts, Proposal } from './look-at-proposal.ts';
import type { OpenRuns } from './open-runs.ts';
import { proposalRuns } from './proposal-runs.ts';
import type { ProposalRuns } from './proposal-runs.ts';
import { publishPlan } from './publish-plan.ts';
import { recordJudgement } from './record-judgement.ts';
import { cancelledOutput, failedOutput, summaryName, summaryOutput } from './summary.ts';
import type { ModelVerdict } from './summary.ts';
import { unreadableChecks } from './unreadable-checks.ts';

export interface ProposalParts extends JudgeParts, LookParts {
  readonly repository: Repository;
  readonly appId: number;
  readonly openRuns: OpenRuns;
  /** Trainings that were started by themselves: GitHub may not list them yet. */
  readonly retrainingsAsked: BoundedSet<string>;
  /** Every check there is, in the order in which they are shown. */
  readonly checkNames: readonly CheckName[];
}

/** One model of a proposal after judging. */
export interface Outcome {
  /** Of the manifest. */
  readonly path: string;
  readonly verdict: ModelVerdict;
  /** Undefined for a manifest that cannot be read. */
  readonly judgement?: Judgement;
}

/**
 * Judges a proposal: check runs at once, each result as soon as it stands, the summary last; then the ledger and the model
 * plan. Looks at GitHub for what the proposal is now; what a webhook said of it does not matter.
 *
 * @param how `quiet`: judged again from the cache (a waiver, a promotion); only what changed is written
 */
export async function checkProposal(
  parts: ProposalParts,
  number: number,
  how: 'fresh' | 'quiet',
  signal: AbortSignal,
): Promise<void> {
  const pull = await readProposal(parts.repository, number, signal);
  if (pull === undefined) return;
  const { repository, appId, openRuns } = parts;
  const quiet = how === 'quiet';
  const detailsUrl = detailsUrlOf(parts, number);
  const head = { repository, appId, openRuns, pullRequest: number, headSha: pull.headSha, quiet };
  const runs = await proposalRuns(detailsUrl === undefined ? head : { ...head, detailsUrl }, signal);
  try {
    runs.open(summaryName);
    const look = await lookAtProposal(parts, pull, signal);
    if (look.kind === 'unclear') return runs.close(summaryName, failedOutput(look.reason));
    const { proposal } = look;
    // Without a model there is nothing that anybody's word could decide.
    const governance: Governance =
      proposal.changed.length === 0 ? {} : await governanceOfPull(parts, pull, proposal.base, signal);
    const outcomes = await judgeAll(parts, { ...proposal, governance }, !quiet, runs, signal);
    const approvals = governance.approvals?.map(({ by }) => by) ?? [];
    await publishPlan(parts, proposal, { outcomes, approvals, detailsUrl }, signal);
    // The summary is what lets a merge through: it comes when everything under it can be read.
    await runs.written();
    runs.close(
      summaryName,
      summaryOutput(
        outcomes.map(({ verdict }) => verdict),
        detailsUrl,
      ),
    );
    runs.closeRest(failedOutput('The checks ended without a result for this one.'));
    await retrainAlways(parts, pull, outcomes, signal);
  } catch (error) {
    if (!wasCalledOff(signal)) runs.closeRest(failedOutput(reasonOf(error)));
    // Called off by another look at the same commit: that one goes on with these runs.
    else if (!(await isHead(parts, pull))) runs.closeRest(cancelledOutput(supersededText));
    throw error;
  } finally {
    await runs.written();
  }
}

const supersededText = 'Called off: this is no longer the newest commit of an open pull request';
const lookLimitMs = 10_000;

/** Aborted by a newer look or the end of the process, not by the limit on its time, which is a failure to be told. */
function wasCalledOff(signal: AbortSignal): boolean {
  return signal.aborted && !(signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError');
}

async function isHead({ repository }: ProposalParts, { number, headSha }: PullRequest): Promise<boolean> {
  const now = await readProposal(repository, number, AbortSignal.timeout(lookLimitMs));
  return now?.headSha === headSha;
}

interface GovernedProposal extends Proposal {
  readonly governance: Governance;
}

/** One model after the other: each takes a child process with its own limits of time and memory. */
async function judgeAll(
  parts: ProposalParts,
  proposal: GovernedProposal,
  fresh: boolean,
  runs: ProposalRuns,
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const models = proposal.changed.flatMap(({ path, tree }) => (tree === undefined ? [] : [{ path, tree }]));
  const runName = (path: string, check: string) => (models.length === 1 ? check : `${modelNameOf(path)}/${check}`);
  for (const { path } of models) for (const check of parts.checkNames) runs.open(runName(path, check));
  const outcomes: Outcome[] = [];
  for (const model of models) {
    const outcome = await judgeOne(parts, proposal, { ...model, fresh }, signal);
    for (const result of outcome.verdict.checks) {
      const output = outputOf(result, outcome.judgement?.report, dashboardOf(parts, proposal.pull.number));
      runs.close(runName(model.path, result.name), output);
    }
    outcomes.push(outcome);
  }
  return outcomes;
}

async function judgeOne(
  parts: ProposalParts,
  proposal: GovernedProposal,
  model: { readonly path: string; readonly tree: string; readonly fresh: boolean },
  signal: AbortSignal,
): Promise<Outcome> {
  const { pull, head, base, policy, history, governance } = proposal;
  const subject: JudgeSubject = {
    ...model,
    proposal: head,
    base,
    policy,
    history,
    governance,
    retrained: (loaded, ended) => retrainedOf(parts, { headSha: pull.headSha, loaded, policy }, ended),
    waivedUnder: pull.number,
  };
  const judged = await judgeModel(parts, subject, signal);
  if (judged.kind === 'unreadable') {
    const checks = unreadableChecks(judged.problems, parts.checkNames);
    return { path: model.path, verdict: { model: modelNameOf(model.path), conclusion: 'failure', checks } };
  }
  const { judgement } = judged;
  const at = { commit: pull.headSha, tree: model.tree, pullRequest: pull.number, at: parts.now() };
  const report = await recordJudgement(parts.ledger, judgement, at, signal);
  const { model: name, version, conclusion, checks } = report;
  return {
    path: model.path,
    verdict: { model: name, version, conclusion, checks },
    judgement: { ...judgement, report },
  };
}

function outputOf(result: CheckResult, report: Report | undefined, dashboard?: DashboardPlace): CheckRunOutput {
  return report === undefined ? unjudgedOutput(result) : checkRunOutput(result, report, dashboard);
}

function dashboardOf(parts: ProposalParts, number: number): DashboardPlace | undefined {
  const { publicUrl } = parts;
  const detailsUrl = detailsUrlOf(parts, number);
  return publicUrl === undefined || detailsUrl === undefined ? undefined : { publicUrl, detailsUrl };
}

function detailsUrlOf({ publicUrl, repository }: ProposalParts, number: number): string | undefined {
  if (publicUrl === undefined) return undefined;
  return `${publicUrl}/proposals/${repository.owner}/${repository.repo}/${number}`;
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${message}${cause}.`;
}
