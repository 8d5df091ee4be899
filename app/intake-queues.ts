import { answerComment } from './commands/answer-comment.ts';
import { commentWork } from './comment-work.ts';
import { boundedSet } from './bounded-set.ts';
import { postCommentOnce } from './github/comments.ts';
import { readDefaultBranch } from './github/default-branch.ts';
import { readPolicy } from './github/policy.ts';
import { listOpenPullRequests } from './github/pull-requests.ts';
import { githubSnapshot } from './github/snapshot.ts';
import type { ButtonPress, Intake, Place } from './intake.ts';
import type { Project } from './project.ts';
import { approvalsChanged } from './proposals/approvals-changed.ts';
import { checkProposal } from './proposals/check-proposal.ts';
import { closeLeftRuns } from './proposals/open-runs.ts';
import { buttonAnswer } from './proposals/press-button.ts';
import type { Queue } from './queue.ts';
import { trainedProposals } from './retraining/tell-ended.ts';
import { subjectOf } from './subject.ts';
import type { Check } from '../checks/check.ts';
import { welcome } from './welcome.ts';

export interface IntakeParts {
  readonly projectOf: (place: Place) => Promise<Project>;
  /** Judging takes seconds to minutes; it has a queue of its own, so that a rollback never waits for it. */
  readonly judging: Queue;
  readonly prompt: Queue;
  readonly checks: readonly Check[];
  readonly now: () => Date;
  readonly onError: (error: unknown, what: string) => void;
  /** A proposal's judgement changed. */
  readonly onJudged: () => void;
}

const answeredMemory = 10_000;

/** Key of a proposal's work. */
export function proposalKey({ owner, repo }: Place, number: number): string {
  return `${owner}/${repo}#${number}`;
}

/** Queues what is asked for. Every job looks at GitHub itself, under the signal of its queue. */
export function queuedIntake(parts: IntakeParts): Intake {
  const { judging, prompt, projectOf, now, onError } = parts;
  const answered = boundedSet<number>(answeredMemory);
  const named = (place: Place) => `${place.owner}/${place.repo}`;

  const intake: Intake = {
    proposal(place, number, how) {
      judging.add({
        key: proposalKey(place, number),
        repeat: 'supersedes',
        async run(signal) {
          const { proposals } = await projectOf(place);
          await checkProposal(proposals, number, how, signal);
          parts.onJudged();
        },
      });
    },
    proposalsAt(place, headSha) {
      prompt.add({
        key: `${named(place)}@${headSha}`,
        repeat: 'joins',
        async run(signal) {
          const { repository } = await projectOf(place);
          const main = await readDefaultBranch(repository, signal);
          const open = main === undefined ? [] : await listOpenPullRequests(repository, main.name, signal);
          for (const pull of open) if (pull.headSha === headSha) intake.proposal(place, pull.number, 'fresh');
        },
      });
    },
    proposalClosed: (place, number) => judging.cancel(proposalKey(place, number)),
    approvals(place, number) {
      prompt.add({
        key: `${named(place)}#${number} approvals`,
        repeat: 'joins',
        async run(signal) {
          const { repository } = await projectOf(place);
          // Evidence comes from the cache: only what the approvals decide changes.
          if (await approvalsChanged(repository, number, signal)) intake.proposal(place, number, 'quiet');
        },
      });
    },
    trained(place, headSha) {
      prompt.add({
        key: `${named(place)}@${headSha} trained`,
        repeat: 'joins',
        async run(signal) {
          const { repository } = await projectOf(place);
          for (const number of await trainedProposals(repository, headSha, signal))
            intake.proposal(place, number, 'quiet');
        },
      });
    },
    comment(place, comment) {
      if (answered.has(comment.id)) return;
      prompt.add({
        key: `${named(place)} comment ${comment.id}`,
        repeat: 'joins',
        async run(signal) {
          // Asked for again while it was being done.
          if (answered.has(comment.id)) return;
          const project = await projectOf(place);
          const work = commentWork(project, { intake, now, onError, signal });
          await answerComment(comment, work);
          answered.add(comment.id);
        },
      });
    },
    button(place, press) {
      prompt.add({
        key: `${named(place)} button ${press.identifier} ${press.checkRun} ${press.by}`,
        repeat: 'joins',
        run: async (signal) => answerButton(await projectOf(place), press, parts, signal),
      });
    },
    pushed(place) {
      prompt.add({
        key: `${named(place)} turn`,
        repeat: 'joins',
        run: async (signal) => (await projectOf(place)).rollouts.turn(now(), signal),
      });
    },
    installed(place) {
      intake.pushed(place);
      judging.add({
        key: `${named(place)} left runs`,
        repeat: 'joins',
        async run(signal) {
          const { repository, proposals } = await projectOf(place);
          await closeLeftRuns(repository, proposals.openRuns, signal);
        },
      });
      prompt.add({
        key: `${named(place)} welcome`,
        repeat: 'joins',
        async run(signal) {
          const { repository, proposals } = await projectOf(place);
          await welcome(repository, proposals.store, signal);
        },
      });
    },
  };
  return intake;
}

async function answerButton(
  project: Project,
  press: ButtonPress,
  parts: IntakeParts,
  signal: AbortSignal,
): Promise<void> {
  const { repository, ledger, proposals } = project;
  const main = await readDefaultBranch(repository, signal);
  if (main === undefined) return;
  const { policy } = await readPolicy(githubSnapshot(repository, main.sha, proposals.store), signal);
  const subject = subjectOf({
    repository,
    ledger,
    number: press.pullRequest,
    selfWaive: policy.checks.selfWaive,
    judgeProposal: () => undefined,
    sync: () => Promise.resolve(),
  });
  const facts = { judged: await subject.judged(signal), checks: parts.checks, policy, now: parts.now() };
  const key = `button ${press.identifier} ${press.checkRun} ${press.by}`;
  await postCommentOnce(repository, { issue: press.pullRequest, key, body: buttonAnswer(press, facts) }, signal);
}
