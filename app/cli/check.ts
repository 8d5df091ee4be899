import { checkModel } from '../../checks/check-model.ts';
import { checks } from '../../checks/index.ts';
import type { Report } from '../../checks/report/report.ts';
import { checkSubjects, type CheckSubject, withRetrained } from './check-subjects.ts';
import { cacheFolder } from './cache-folder.ts';
import {
  EXIT,
  listOption,
  textOption,
  UsageError,
  type Command,
  type CommandArguments,
  type CommandIo,
  type ExitStatus,
} from './command.ts';
import { reportText } from './report-text.ts';
import { reportFilesOf, writeReportFiles } from './write-report-files.ts';

export const check: Command = {
  name: 'check',
  summary: 'The verdict on a manifest, a model’s folder or a repository.',
  usage: `[PATH…]
  PATH            a manifest, a model's folder, or a repository (default: the models that differ from --against)
  --against REF|FILE   the baseline: the same model at a git ref, or another manifest (default: the default branch)
  --only CHECK,…  --skip CHECK,…   of ${checks.map(({ name }) => name).join(', ')}
  --window FILE   recorded production rows (CSV, Parquet) or requests (JSON lines), instead of a fleet's log
  --retrained FILE   the ONNX file of a second training, to be compared with the artifact (one model)
  --html FILE  --markdown FILE  --junit FILE     the report in these formats
  --policy FILE   default: .github/slipway.yml at --against's ref, else the defaults
  --offline       fetch nothing: what is not in the cache or the repository is a finding`,
  options: {
    against: { type: 'string' },
    only: { type: 'string', multiple: true },
    skip: { type: 'string', multiple: true },
    window: { type: 'string' },
    retrained: { type: 'string' },
    markdown: { type: 'string' },
    html: { type: 'string' },
    junit: { type: 'string' },
    policy: { type: 'string' },
    offline: { type: 'boolean' },
  },
  run: runCheck,
};

async function runCheck(args: CommandArguments, io: CommandIo): Promise<ExitStatus> {
  const files = reportFilesOf(args, ['html', 'markdown', 'junit']);
  const only = checkNames(args, 'only');
  const skip = checkNames(args, 'skip');
  const { subjects, none } = await checkSubjects(
    {
      paths: args.positionals,
      against: textOption(args, 'against'),
      policy: textOption(args, 'policy'),
      window: textOption(args, 'window'),
    },
    io.signal,
  );
  const reports: Report[] = [];
  for (const subject of await withRetrained(subjects, textOption(args, 'retrained'))) {
    const report = await judge(subject, { only, skip, offline: args.values['offline'] === true }, io);
    reports.push(report);
    io.out(reportText(report, { color: io.color, manifest: subject.shown }));
  }
  if (reports.length === 0) io.out(none);
  await writeReportFiles(files, reports);
  // One model is the report of docs/manifest.md; several are a list of them.
  await io.json(reports.length === 1 ? reports[0] : reports);
  return exitStatusOf(reports);
}

async function judge(
  subject: CheckSubject,
  {
    only,
    skip,
    offline,
  }: {
    readonly only: readonly string[] | undefined;
    readonly skip: readonly string[] | undefined;
    readonly offline: boolean;
  },
  io: CommandIo,
): Promise<Report> {
  return checkModel(subject.proposal, {
    ...(only === undefined ? {} : { only }),
    ...(skip === undefined ? {} : { skip }),
    offline,
    cacheFolder: await cacheFolder(),
    now: new Date(),
    signal: io.signal,
    onProgress: ({ stage, done, of }) => io.progress(`${subject.shown}: ${stage}`, of > 1 ? done / of : undefined),
    onResult: ({ name }) => io.progress(`${subject.shown}: ${name} judged`),
  });
}

function checkNames(args: CommandArguments, option: string): readonly string[] | undefined {
  const known: readonly string[] = checks.map(({ name }) => name);
  const names = listOption(args, option);
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`--${option} ${unknown}: there is no such check; there are ${known.join(', ')}`);
  return names;
}

/** A fail outranks; else what could not be told; else good. */
function exitStatusOf(reports: readonly Report[]): ExitStatus {
  if (reports.some(({ conclusion }) => conclusion === 'failure')) return EXIT.failed;
  return reports.some(({ conclusion }) => conclusion === 'action_required') ? EXIT.cannotTell : EXIT.good;
}
