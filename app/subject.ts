import type { Judged, Subject } from './commands/command.ts';
import type { PullRequest } from './github/pull-requests.ts';
import { commitContributorsOf, contributorsOf, readPullRequest } from './github/pull-requests.ts';
import type { Repository } from './github/request.ts';
import { checkedOf } from './ledger/checked.ts';
import type { Ledger, LedgerLine } from './ledger/ledger.ts';

/** What a comment stands under: a pull request, or the issue of a refused merge. */
export function subjectOf(parts: {
  readonly repository: Repository;
  readonly ledger: Ledger;
  readonly number: number;
  readonly selfWaive: boolean;
  /** Queues a judgement of an open proposal. */
  readonly judgeProposal: (how: 'fresh' | 'quiet') => void;
  /** Has the rollouts look again at what was refused. */
  readonly sync: (model: string) => Promise<unknown>;
}): Subject {
  const { repository, ledger, number } = parts;
  const pullRequest = (signal?: AbortSignal) => readPullRequest(repository, number, signal);
  const judged = async (signal?: AbortSignal): Promise<readonly Judged[]> => {
    const [{ lines }, pull] = await Promise.all([ledger.read(signal), pullRequest(signal)]);
    const references = pull === undefined ? refusedUnder(lines, number) : judgedAt(lines, pull);
    const found: Judged[] = [];
    for (const reference of references) {
      const report = await ledger.report(reference.digest, signal);
      if (report !== undefined) found.push({ ...reference, report });
    }
    return found;
  };
  return {
    number,
    selfWaive: parts.selfWaive,
    judged,
    async contributors(signal) {
      const [pull, found] = await Promise.all([pullRequest(signal), judged(signal)]);
      const numbers = new Set(found.flatMap(({ pullRequest: of }) => of ?? []));
      const pulls =
        pull === undefined
          ? await Promise.all([...numbers].map((each) => readPullRequest(repository, each, signal)))
          : [pull];
      // Pushed without a pull request: then whoever made the commit.
      const pushed = found.filter(({ pullRequest: of }) => pull === undefined && of === undefined);
      const people = await Promise.all([
        ...pulls.filter((each) => each !== undefined).map((each) => contributorsOf(repository, each, signal)),
        ...pushed.map(({ commit }) => commitContributorsOf(repository, commit, signal)),
      ]);
      return new Set(people.flatMap((each) => [...each]));
    },
    async judgeAgain(how) {
      const pull = await pullRequest();
      if (pull?.state === 'open') {
        parts.judgeProposal(how === 'fresh' ? 'fresh' : 'quiet');
        return true;
      }
      const { lines } = await ledger.read();
      const models = new Set(refusedUnder(lines, number).map(({ model }) => model));
      for (const model of models) await parts.sync(model);
      return models.size > 0;
    },
  };
}

type Reference = Omit<Judged, 'report'>;

/** The newest judgement of each model at a pull request's head. */
function judgedAt(lines: readonly LedgerLine[], { number, headSha }: PullRequest): readonly Reference[] {
  const newest = new Map<string, Reference>();
  for (const checked of lines.flatMap((line) => checkedOf(line) ?? [])) {
    const { model, version, revision, commit, pullRequest, report } = checked;
    if (pullRequest === number && commit === headSha)
      newest.set(model, { model, version, revision, commit, pullRequest, digest: report });
  }
  return [...newest.values()];
}

/** What was refused at a merge and told in this issue. */
function refusedUnder(lines: readonly LedgerLine[], issue: number): readonly Reference[] {
  const newest = new Map<string, Reference>();
  for (const line of lines) {
    const { kind, model, version, revision, commit, pullRequest, report, data } = line;
    if (kind !== 'refused' || data?.['issue'] !== issue || model === undefined || report === undefined) continue;
    if (version === undefined || revision === undefined || commit === undefined) continue;
    newest.set(model, {
      model,
      version,
      revision,
      commit,
      ...(pullRequest === undefined ? {} : { pullRequest }),
      digest: report,
    });
  }
  return [...newest.values()];
}
