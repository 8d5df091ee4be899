import { type SampleProposal, sampleProposals, sampleRecords } from '../../fixtures/sample/sample-repository.ts';
import type { Stage } from './stage.ts';
import { startCallers } from './callers.ts';
import { waitFor } from './wait-for.ts';

/**
 * The story that `npm start` tells: five proposals on models trained on real data, one of them good; a merge, a canary, a
 * promotion, a rollback by comment, and git and the fleet in agreement again. Every step states what it expects and
 * throws when it comes out differently.
 */
export interface Teller {
  say(line: string): void;
  /** A heading of the story. */
  chapter(title: string): void;
}

export interface StoryFigures {
  readonly openToFirstCheckRunMs: number;
  readonly openToSummaryMs: Readonly<Record<string, number>>;
  readonly mergeToPromotedMs: number;
  readonly rollbackToZeroMs: number;
  readonly rollbackToAgreementMs: number;
  readonly predictions: number;
  readonly failedPredictions: number;
}

export const repository = { owner: 'acme', repo: 'models' } as const;
const checksLimitMs = 120_000;
export const rolloutLimitMs = 180_000;

/** Waits until the models of the first commit are served, and sends the traffic that production recorded before the proposals. */
export async function openingChapter(stage: Stage, teller: Teller, signal: AbortSignal): Promise<void> {
  teller.chapter('Production');
  const names = ['biopsy', 'diabetes', 'digits', 'wine'];
  await waitFor('all four models are served', checksLimitMs, signal, async () => {
    const fleet = await stage.observe(signal);
    return names.every((name) =>
      fleet.models.some((model) => model.model === name && model.effective.some(({ weight }) => weight === 100)),
    );
  });
  teller.say(`${names.length} models of acme/models are in production, adopted as they were found (unchecked).`);
  for (const model of ['biopsy', 'wine'] as const) {
    const records = sampleRecords(model);
    for (const record of records) await stage.predict(model, record, undefined, signal);
    teller.say(`${model}: ${records.length} predictions asked and recorded.`);
  }
  await waitFor('the predictions are in the log', checksLimitMs, signal, async () => {
    const counts = await Promise.all((['biopsy', 'wine'] as const).map((model) => stage.recorded(model, signal)));
    return counts.every((count) => count >= 200);
  });
}

export interface OpenProposal extends SampleProposal {
  readonly number: number;
  readonly head: string;
  readonly openedAt: number;
  /** From opening it to the first check run that shows. */
  readonly firstRunMs: number;
}

export async function openProposals(
  stage: Stage,
  teller: Teller,
  signal: AbortSignal,
  proposals: readonly SampleProposal[] = sampleProposals(),
): Promise<readonly OpenProposal[]> {
  teller.chapter(proposals.length === 1 ? 'A proposal' : `${proposals.length} proposals`);
  const open: OpenProposal[] = [];
  for (const proposal of proposals) {
    signal.throwIfAborted();
    const { sha } = await stage.github.commit({
      repository: 'acme/models',
      branch: proposal.branch,
      message: proposal.title,
      by: proposal.author,
      files: proposal.files,
    });
    const openedAt = Date.now();
    const { data } = await stage.as(proposal.author).rest.pulls.create({
      ...repository,
      title: proposal.title,
      body: proposal.body,
      head: proposal.branch,
      base: 'main',
    });
    await waitFor(
      `#${data.number} has a check run`,
      checksLimitMs,
      signal,
      async () => (await stage.checkRuns(sha)).length > 0,
      20,
    );
    open.push({ ...proposal, number: data.number, head: sha, openedAt, firstRunMs: Date.now() - openedAt });
    teller.say(`#${data.number} ${proposal.title}`);
  }
  return open;
}

export interface Judged {
  readonly proposal: OpenProposal;
  readonly conclusion: string;
  readonly failing: readonly string[];
  readonly summaryMs: number;
}

/** Waits for every proposal's summary check and compares verdict and deciding checks with what the story expects. */
export async function judgeProposals(
  stage: Stage,
  teller: Teller,
  open: readonly OpenProposal[],
  signal: AbortSignal,
): Promise<readonly Judged[]> {
  teller.chapter('What the checks say');
  const judged: Judged[] = [];
  for (const proposal of open) {
    const runs = await stage.summary(proposal.head, checksLimitMs, signal);
    const summary = runs.find(({ name }) => name === 'slipway');
    const failing = runs.filter(
      ({ name, conclusion }) =>
        name !== 'slipway' && conclusion !== null && !['success', 'skipped', 'neutral'].includes(conclusion),
    );
    const summaryMs = (summary?.completedAt ?? Number.NaN) - proposal.openedAt;
    teller.say(
      `#${proposal.number} ${proposal.model} ${proposal.version}: ${summary?.conclusion} after ${seconds(summaryMs)}. ${summary?.title ?? ''}`,
    );
    // The summary says what a single one said.
    if (failing.length > 1) for (const { name, title } of failing) teller.say(`     ${name}: ${title}`);
    const names = failing.map(({ name }) => name);
    const asExpected =
      summary?.conclusion === proposal.expect.conclusion &&
      proposal.expect.failing.every((name) => names.includes(name)) &&
      (proposal.expect.conclusion === 'failure' || names.length === 0);
    if (!asExpected) {
      throw new Error(
        `#${proposal.number} ${proposal.title}: expected ${proposal.expect.conclusion} by [${proposal.expect.failing.join(', ')}], got ${summary?.conclusion} by [${names.join(', ')}]`,
      );
    }
    judged.push({ proposal, conclusion: summary.conclusion ?? '', failing: names, summaryMs });
  }
  return judged;
}

/** The good proposal is approved, merged, canaried and promoted while callers ask; then it is rolled back by a comment. */
export async function mergeAndRollBack(
  stage: Stage,
  teller: Teller,
  judged: readonly Judged[],
  signal: AbortSignal,
): Promise<
  Pick<
    StoryFigures,
    'mergeToPromotedMs' | 'rollbackToZeroMs' | 'rollbackToAgreementMs' | 'predictions' | 'failedPredictions'
  >
> {
  const good = judged.find(({ conclusion }) => conclusion === 'success')?.proposal;
  if (good === undefined) throw new Error('no proposal passed, so none can be merged');
  teller.chapter(`Merge of #${good.number}`);
  await stage.as('rui').rest.pulls.createReview({
    ...repository,
    pull_number: good.number,
    event: 'APPROVE',
    body: 'The numbers convince me.',
  });
  const callers = startCallers(stage, good.model, signal);
  try {
    const mergedAt = Date.now();
    await stage.as('rui').rest.pulls.merge({ ...repository, pull_number: good.number, merge_method: 'squash' });
    teller.say(`#${good.number} approved and merged by rui; callers ask ${good.model} all the while.`);
    await followRollout(stage, teller, good.model, good.version, signal);
    const mergeToPromotedMs = Date.now() - mergedAt;
    teller.say(`${good.model} ${good.version} has all traffic ${seconds(mergeToPromotedMs)} after the merge.`);

    teller.chapter('Rollback');
    const askedAt = Date.now();
    await stage.as('ola').rest.issues.createComment({
      ...repository,
      issue_number: good.number,
      body: `/rollback ${good.model} because pathologists see benign cases called malignant`,
    });
    await waitFor(
      `${good.version} has no traffic`,
      rolloutLimitMs,
      signal,
      async () => (await weightOf(stage, good.model, good.version, signal)) === 0,
      20,
    );
    const rollbackToZeroMs = Date.now() - askedAt;
    teller.say(
      `"/rollback ${good.model}" by ola: ${good.version} has 0 % of the traffic after ${rollbackToZeroMs} ms.`,
    );
    await waitFor('git names the version that runs', rolloutLimitMs, signal, async () => {
      const { data } = await stage.as('ola').rest.repos.getContent({
        ...repository,
        path: `models/${good.model}/model.yaml`,
        mediaType: { format: 'raw' },
      });
      return typeof data === 'string' && (data as string).includes('version: 1.0.0');
    });
    await waitFor('the hold has ended', rolloutLimitMs, signal, async () => {
      const model = (await stage.observe(signal)).models.find(({ model: name }) => name === good.model);
      return model !== undefined && model.held === undefined;
    });
    const rollbackToAgreementMs = Date.now() - askedAt;
    teller.say(
      `The revert pull request was checked and merged; git and the fleet agree ${seconds(rollbackToAgreementMs)} after the comment.`,
    );
    const { answered, failed } = await callers.stop();
    if (failed > 0)
      throw new Error(
        `${failed} of ${answered + failed} predictions failed during promotion and rollback: ${callers.lastFailure()}`,
      );
    teller.say(`${answered} predictions during all of this, 0 failed.`);
    return {
      mergeToPromotedMs,
      rollbackToZeroMs,
      rollbackToAgreementMs,
      predictions: answered,
      failedPredictions: failed,
    };
  } finally {
    await callers.stop();
  }
}

const LAST_LOOK_MS = 5_000;

/** Tells each change of the candidate's share until it has all of it; fails with what the fleet knows of the rollout. */
async function followRollout(
  stage: Stage,
  teller: Teller,
  model: string,
  version: string,
  signal: AbortSignal,
): Promise<void> {
  let told = -1;
  const promoted = waitFor(
    `${model} ${version} is promoted`,
    rolloutLimitMs,
    signal,
    async () => {
      const weight = await weightOf(stage, model, version, signal);
      if (weight !== told) teller.say(`${model} ${version}: ${weight} % of the traffic`);
      told = weight;
      return weight === 100;
    },
    100,
  );
  try {
    await promoted;
  } catch (error) {
    const found = (await stage.observe(AbortSignal.timeout(LAST_LOOK_MS))).models.find(
      ({ model: name }) => name === model,
    );
    throw new Error(`the fleet has ${JSON.stringify({ arms: found?.arms, held: found?.held, state: found?.state })}`, {
      cause: error,
    });
  }
}

export async function weightOf(stage: Stage, model: string, version: string, signal: AbortSignal): Promise<number> {
  const observed = (await stage.observe(signal)).models.find(({ model: name }) => name === model);
  const revisions = new Set(
    observed?.revisions.filter((revision) => revision.version === version).map(({ revision }) => revision),
  );
  return (observed?.effective ?? [])
    .filter(({ revision }) => revisions.has(revision))
    .reduce((sum, { weight }) => sum + weight, 0);
}

/** Every step, unattended. Throws at the first one that comes out differently. */
export async function tellStory(stage: Stage, teller: Teller, signal: AbortSignal): Promise<StoryFigures> {
  await openingChapter(stage, teller, signal);
  const open = await openProposals(stage, teller, signal);
  const judged = await judgeProposals(stage, teller, open, signal);
  const rest = await mergeAndRollBack(stage, teller, judged, signal);
  const violations = stage.github.violations();
  if (violations.length > 0) {
    throw new Error(
      `${violations.length} requests, responses or webhooks do not follow GitHub's OpenAPI: ${JSON.stringify(violations.slice(0, 3))}`,
    );
  }
  return {
    openToFirstCheckRunMs: Math.min(...open.map(({ firstRunMs }) => firstRunMs)),
    openToSummaryMs: Object.fromEntries(judged.map(({ proposal, summaryMs }) => [proposal.key, summaryMs])),
    ...rest,
  };
}

export function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}
