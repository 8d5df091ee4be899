import type { CommentWork } from './commands/answer-comment.ts';
import { commands } from './commands/index.ts';
import { type Comment, isOwn, listComments, markerOf, postCommentOnce } from './github/comments.ts';
import { readDefaultBranch } from './github/default-branch.ts';
import { permissionOf, roleOf } from './github/permissions.ts';
import { readPolicy } from './github/policy.ts';
import type { ReadPolicy } from './github/policy.ts';
import { progressOf, react } from './github/reactions.ts';
import { githubSnapshot } from './github/snapshot.ts';
import type { Intake } from './intake.ts';
import type { Project } from './project.ts';
import { readProposal } from './proposals/look-at-proposal.ts';
import { askForRetraining } from './retraining/ask-for-retraining.ts';
import { trainModel } from './retraining/train-model.ts';
import { trainingGround } from './retraining/training-ground.ts';
import type { Outcome } from './rollouts/rollouts.ts';
import { subjectOf } from './subject.ts';

/** What answering a comment needs, done with GitHub. The policy is read once a comment, when the first command needs it. */
export function commentWork(
  project: Project,
  parts: {
    readonly intake: Pick<Intake, 'proposal'>;
    readonly now: () => Date;
    readonly onError: (error: unknown, what: string) => void;
    readonly signal: AbortSignal;
  },
): CommentWork {
  const { repository, ledger, rollouts, place } = project;
  const { signal, now, onError } = parts;
  let policy: Promise<ReadPolicy> | undefined;
  const readPolicyOnce = () => {
    policy ??= defaultBranchPolicy(project, signal);
    return policy;
  };
  const replyKey = (comment: number) => `reply ${comment}`;
  return {
    commands,
    now,
    onError,
    react: (comment, reaction) => react(repository, comment.id, reaction, signal),
    async hasAnswered(comment) {
      const progress = await progressOf(repository, comment.id, signal);
      if (progress !== 'seen') return progress === 'answered';
      // Seen by a process that ended before it reacted: whether it was done, its reply tells.
      const marker = markerOf(replyKey(comment.id));
      const comments = await listComments(repository, comment.issue, signal);
      return comments.some((each) => isOwn(repository, each) && each.body.startsWith(marker));
    },
    async reply(comment, text) {
      await postCommentOnce(repository, { issue: comment.issue, key: replyKey(comment.id), body: text }, signal);
    },
    async permission(command, login) {
      const { policy: rules } = await readPolicyOnce();
      // A command that the policy does not know of is for those who may change the policy.
      const needed = rules.permissions[command] ?? 'admin';
      return permissionOf((person) => roleOf(repository, person, signal), login, needed);
    },
    async contextOf(comment, login) {
      const { policy: rules } = await readPolicyOnce();
      const subject = subjectOf({
        repository,
        ledger,
        number: comment.issue,
        selfWaive: rules.checks.selfWaive,
        judgeProposal: (how) => parts.intake.proposal(place, comment.issue, how),
        sync: (model) => rollouts.sync({ model, by: login }, signal),
      });
      const retrainHere = (model: string, ended: AbortSignal) => retrain(project, { comment, login, model }, ended);
      return { rollouts, ledger, subject, retrainHere, by: login, source: comment.url, now: now(), signal };
    },
  };
}

/** Under a proposal the model that it proposes, for comparison; anywhere else the one that is deployed, by its own workflow. */
async function retrain(
  { repository, ledger, proposals }: Project,
  { comment, login, model }: { readonly comment: Comment; readonly login: string; readonly model: string },
  signal: AbortSignal,
): Promise<Outcome> {
  if ((await readProposal(repository, comment.issue, signal)) !== undefined)
    return askForRetraining(proposals, { number: comment.issue, model }, signal);
  const ground = await trainingGround({ repository, ledger, store: proposals.store }, signal);
  if (ground === undefined) return { kind: 'refused', text: 'This repository has no commit on its default branch.' };
  const wish = {
    model,
    by: login,
    because: `asked for in ${comment.url}`,
    key: comment.url,
    at: new Date(comment.createdAt),
  };
  return trainModel(ground, wish, signal);
}

async function defaultBranchPolicy({ repository, proposals }: Project, signal: AbortSignal): Promise<ReadPolicy> {
  const main = await readDefaultBranch(repository, signal);
  if (main === undefined) throw new Error(`${repository.owner}/${repository.repo} has no commit on its default branch`);
  return readPolicy(githubSnapshot(repository, main.sha, proposals.store), signal);
}
