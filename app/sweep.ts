import { boundedSet } from './bounded-set.ts';
import { parseCommands } from './commands/parse-commands.ts';
import { listRuns } from './github/actions.ts';
import { listCheckRuns } from './github/check-runs.ts';
import { listCommentsSince } from './github/comments.ts';
import { readDefaultBranch } from './github/default-branch.ts';
import { listOpenPullRequests } from './github/pull-requests.ts';
import type { Intake } from './intake.ts';
import type { Project } from './project.ts';
import { failedTitle, summaryName } from './proposals/summary.ts';
import { RETRAIN_WORKFLOW } from './retraining/retraining.ts';

/**
 * The sweep finds what webhooks did not bring: they are hints to look again, never the only carrier of a fact. It remembers
 * what it has seen to be in order, so that a quiet repository costs a few requests.
 */
export interface Sweep {
  /** Open proposals whose head was not judged to the end. */
  proposals(project: Project, signal: AbortSignal): Promise<void>;
  /** Trainings that have ended since the last look. */
  trainings(project: Project, signal: AbortSignal): Promise<void>;
  /** Comments with commands since the last look. */
  comments(project: Project, signal: AbortSignal): Promise<void>;
}

/** After a start: as far back as a comment is still worth a word ("please post it anew"). */
const firstLookMs = 24 * 3_600_000;
/** GitHub's clock and ours differ, and a comment may show a little later than it was written. */
const overlapMs = 60_000;
/** A judgement that failed for the world's sake is tried again. */
const retryMs = 5 * 60_000;
const rememberedHeads = 10_000;

export function createSweep(parts: {
  readonly appId: number;
  readonly intake: Pick<Intake, 'proposal' | 'approvals' | 'trained' | 'comment'>;
  /** Whether a proposal is being judged, or will be. */
  readonly isUnderWay: (project: Project, number: number) => boolean;
  readonly now: () => Date;
}): Sweep {
  const judged = boundedSet<string>(rememberedHeads);
  const trained = boundedSet<number>(rememberedHeads);
  const retried = new Map<string, number>();
  const looked = new Map<string, Date>();
  return {
    async proposals(project, signal) {
      const { repository, place } = project;
      const main = await readDefaultBranch(repository, signal);
      if (main === undefined) return;
      for (const { number, headSha } of await listOpenPullRequests(repository, main.name, signal)) {
        if (judged.has(headSha) || parts.isUnderWay(project, number)) continue;
        const state = await stateOf(project, headSha, parts.appId, signal);
        const nowMs = parts.now().getTime();
        if (state === 'judged') judged.add(headSha);
        else if (state === 'waiting') parts.intake.approvals(place, number);
        else if (state === 'open' || nowMs - (retried.get(headSha) ?? 0) > retryMs) {
          if (state === 'failed') retried.set(headSha, nowMs);
          parts.intake.proposal(place, number, 'quiet');
        }
      }
    },
    async trainings(project, signal) {
      const runs = await listRuns(project.repository, { workflow: RETRAIN_WORKFLOW }, signal);
      const ended = runs.filter(({ id, conclusion }) => conclusion !== undefined && !trained.has(id));
      for (const { id } of ended) trained.add(id);
      for (const headSha of new Set(ended.map((run) => run.headSha))) parts.intake.trained(project.place, headSha);
    },
    async comments(project, signal) {
      const { repository, place } = project;
      const key = `${place.owner}/${place.repo}`;
      const start = parts.now();
      const since = looked.get(key) ?? new Date(start.getTime() - firstLookMs);
      const comments = await listCommentsSince(repository, new Date(since.getTime() - overlapMs), signal);
      for (const comment of comments)
        if (!comment.isBot && parseCommands(comment.body).length > 0) parts.intake.comment(place, comment);
      looked.set(key, start);
    },
  };
}

/** What a head's summary check says of how far its judgement came; `waiting`: to the end, and something may still turn it green. */
async function stateOf(
  { repository }: Project,
  headSha: string,
  appId: number,
  signal: AbortSignal,
): Promise<'judged' | 'waiting' | 'failed' | 'open'> {
  const runs = await listCheckRuns(repository, headSha, appId, signal);
  const summary = runs.find(({ name }) => name === summaryName);
  if (summary?.status !== 'completed' || summary.conclusion === 'cancelled') return 'open';
  if (summary.title === failedTitle) return 'failed';
  // Perhaps for approvals, whose webhook was lost.
  return summary.conclusion === 'action_required' ? 'waiting' : 'judged';
}
