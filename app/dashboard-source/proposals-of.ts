import type { CheckResult, Report } from '../../checks/report/report.ts';
import type { ProposalSummary, ProposalView, ProposedModel } from '../dashboard/views.ts';
import type { Repository } from '../github/request.ts';
import { type Checked, checkedOf } from '../ledger/checked.ts';
import type { LedgerLine } from '../ledger/ledger.ts';
import type { ListedPullRequest } from './pull-request-list.ts';

type ReportOf = (digest: string) => Promise<Report | undefined>;

/** The newest judgement of each model of a pull request. */
export function judgementsOf(lines: readonly LedgerLine[], pullRequest: number): readonly Checked[] {
  const newest = new Map<string, Checked>();
  for (const line of lines) {
    const checked = checkedOf(line);
    if (checked?.pullRequest === pullRequest) newest.set(checked.model, checked);
  }
  return [...newest.values()];
}

export async function proposalSummaryOf(
  { owner, repo }: Repository,
  pull: ListedPullRequest,
  lines: readonly LedgerLine[],
  reportOf: ReportOf,
): Promise<ProposalSummary> {
  const judgements = judgementsOf(lines, pull.number);
  const models = await Promise.all(
    judgements.map(async (judged) => ({
      model: judged.model,
      version: judged.version,
      conclusion: judged.commit === pull.headSha || pull.state !== 'open' ? judged.conclusion : ('running' as const),
      title: decidingTitle(await reportOf(judged.report)),
    })),
  );
  const checkedAt = newestOf(judgements);
  return { ...headOf({ owner, repo }, pull), ...(checkedAt === undefined ? {} : { checkedAt }), models };
}

export async function proposalViewOf(asked: {
  readonly repository: Repository;
  readonly pull: ListedPullRequest;
  readonly lines: readonly LedgerLine[];
  readonly reportOf: ReportOf;
  readonly waivedBy: string;
  readonly now: Date;
  readonly signal: AbortSignal;
}): Promise<ProposalView> {
  const { repository, pull, lines, reportOf, waivedBy, now } = asked;
  const judgements = judgementsOf(lines, pull.number);
  const runs = await checkRunPages(repository, pull.headSha, asked.signal);
  const models: readonly ProposedModel[] = await Promise.all(
    judgements.map(async (judged) => {
      const report =
        judged.commit === pull.headSha || pull.state !== 'open' ? await reportOf(judged.report) : undefined;
      return {
        model: judged.model,
        version: judged.version,
        ...(report === undefined ? {} : { report, reportDigest: judged.report }),
        running: runs.filter(({ isRunning }) => isRunning).map(({ name }) => name),
        plan: judged.plan ?? [],
        checkRuns: Object.fromEntries(runs.map(({ name, url }) => [checkOf(name, judged.model), url])),
      };
    }),
  );
  const checkedAt = newestOf(judgements);
  return {
    at: now.toISOString(),
    ...headOf(repository, pull),
    ...(checkedAt === undefined ? {} : { checkedAt }),
    models,
    waivedBy,
  };
}

function headOf(
  { owner, repo }: Pick<Repository, 'owner' | 'repo'>,
  { number, title, author, url, state, headSha }: ListedPullRequest,
) {
  return { owner, repo, number, title, author, url, state, headSha };
}

function newestOf(judgements: readonly Checked[]): string | undefined {
  return judgements
    .map(({ at }) => at)
    .toSorted()
    .at(-1);
}

/** `income/baseline` where a proposal touches several models. */
function checkOf(name: string, model: string): string {
  return name.startsWith(`${model}/`) ? name.slice(model.length + 1) : name;
}

const urgency: Readonly<Record<CheckResult['conclusion'], number>> = {
  failure: 0,
  action_required: 1,
  success: 2,
  skipped: 3,
};

function decidingTitle(report: Report | undefined): string {
  const worst = report?.checks
    .filter(({ required }) => required)
    .toSorted((one, other) => urgency[one.conclusion] - urgency[other.conclusion])
    .at(0);
  if (report === undefined || worst === undefined) return '';
  return report.conclusion === 'success'
    ? `All ${report.checks.length} checks passed`
    : `${worst.name}: ${worst.title}`;
}

async function checkRunPages(
  { owner, repo, request }: Repository,
  ref: string,
  signal: AbortSignal,
): Promise<readonly { readonly name: string; readonly url: string; readonly isRunning: boolean }[]> {
  const { data } = await request('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', {
    owner,
    repo,
    ref,
    per_page: 100,
    request: { signal },
  });
  return data.check_runs.map(({ name, html_url, status }) => ({
    name,
    url: html_url ?? '',
    isRunning: status !== 'completed',
  }));
}
