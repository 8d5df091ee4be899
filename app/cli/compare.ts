import { checkModel } from '../../checks/check-model.ts';
import type { Evidence } from '../../checks/evidence/evidence.ts';
import type { Report } from '../../checks/report/report.ts';
import { noHistory } from '../../checks/snapshots/git-history.ts';
import { cacheFolder } from './cache-folder.ts';
import {
  type Command,
  type CommandArguments,
  type CommandIo,
  EXIT,
  type ExitStatus,
  textOption,
  UsageError,
} from './command.ts';
import { compareText } from './compare-text.ts';
import { flipsOf } from './flips.ts';
import { modelOnRows, type ModelOnRows } from './model-on-rows.ts';

/** The checks that put two models to the same rows. */
const ASKED = ['baseline', 'cohorts'] as const;

export const compare: Command = {
  name: 'compare',
  summary: 'two models on the same rows: metrics, intervals, decisions that flip',
  usage: `CHAMPION CANDIDATE --data FILE

  CHAMPION CANDIDATE    two manifests, or the folders that hold them
  --data FILE           rows with the label (CSV or Parquet), put to both
  --examples N          how many decisions that flip are shown (default 5)
  --policy FILE         default: .github/slipway.yml of the candidate's repository, else the defaults

Label, key, metrics with their margins and cohorts are those of the candidate's manifest. Exit status: 0 not worse, 1 worse, 2 cannot say.`,
  options: { data: { type: 'string' }, examples: { type: 'string' }, policy: { type: 'string' } },
  run,
};

const DEFAULT_EXAMPLES = 5;

async function run(args: CommandArguments, io: CommandIo): Promise<ExitStatus> {
  const [champion, candidate, ...others] = args.positionals;
  if (champion === undefined || candidate === undefined || others.length > 0)
    throw new UsageError('name two manifests: CHAMPION CANDIDATE');
  const data = textOption(args, 'data');
  if (data === undefined) throw new UsageError('--data is needed: rows with the label (CSV or Parquet)');
  const examples = examplesOption(args);
  const policy = textOption(args, 'policy');
  const options = { ...(policy === undefined ? {} : { policy }), signal: io.signal };
  const [before, after] = [await modelOnRows(champion, data, options), await modelOnRows(candidate, data, options)];
  const { report, evidence } = await judged(before, after, io);
  const flips = evidence === undefined ? undefined : flipsOf(evidence, examples);
  io.out(compareText(report, flips, { color: io.color, champion: before.shown, candidate: after.shown, data }));
  await io.json({ ...report, ...(flips === undefined ? {} : { flips }) });
  return exitStatusOf(report);
}

function examplesOption(args: CommandArguments): number {
  const text = textOption(args, 'examples');
  if (text === undefined) return DEFAULT_EXAMPLES;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 0) throw new UsageError(`--examples ${text}: a whole number was expected`);
  return count;
}

/** The candidate as a proposal, with the champion as what runs in production. */
async function judged(
  champion: ModelOnRows,
  candidate: ModelOnRows,
  io: CommandIo,
): Promise<{ readonly report: Report; readonly evidence: Evidence | undefined }> {
  const seen: Evidence[] = [];
  const report = await checkModel(
    {
      path: candidate.path,
      proposal: candidate.snapshot,
      production: { snapshot: champion.snapshot, path: champion.path },
      versions: noHistory,
      policy: candidate.policy,
      waivers: [],
    },
    {
      only: ASKED,
      answersOnly: true,
      cacheFolder: await cacheFolder(),
      now: new Date(),
      signal: io.signal,
      onEvidence: (evidence) => seen.push(evidence),
      onProgress: ({ stage, done, of }) => io.progress(stage, of > 1 ? done / of : undefined),
    },
  );
  return { report, evidence: seen[0] };
}

/** What was asked decides, whatever a policy requires: somebody wanted to know. */
function exitStatusOf({ checks }: Report): ExitStatus {
  const conclusions = checks.map(({ conclusion }) => conclusion);
  if (conclusions.includes('failure')) {
    const couldNot = checks.every(
      ({ conclusion, findings }) => conclusion !== 'failure' || findings.every(({ verdict }) => verdict !== 'fail'),
    );
    return couldNot ? EXIT.cannotTell : EXIT.failed;
  }
  return conclusions.includes('action_required') ? EXIT.cannotTell : EXIT.good;
}
