import { readFile, stat } from 'node:fs/promises';
import { parseReports } from '../report-files/parse-reports.ts';
import type { Report } from '../../checks/report/report.ts';
import { EXIT, UsageError, type Command, type CommandArguments, type CommandIo, type ExitStatus } from './command.ts';
import { reportText } from './report-text.ts';
import { reportFilesOf, writeReportFiles } from './write-report-files.ts';

const OPTIONS = ['html', 'markdown', 'junit', 'card', 'bom'] as const;

export const report: Command = {
  name: 'report',
  summary: 'What check --json wrote, as files for people and programs.',
  usage: `RESULT.json
  RESULT.json     what "slipway check --json RESULT.json" wrote: one report, or a list of them
  --html FILE     one page that stands on its own: findings, figures, method
  --markdown FILE the same for a wiki or a comment
  --junit FILE    JUnit XML for a CI system
  --card FILE     a model card, in Markdown
  --bom FILE      a bill of materials: CycloneDX 1.6 JSON with the model card
  Several at once are written in one go; without any, the report is told here. Converting is done and good (exit status 0)
  whatever the report says.`,
  options: Object.fromEntries(OPTIONS.map((option) => [option, { type: 'string' as const }])),
  run: runReport,
};

/** A report of thousands of findings is a few megabytes. */
const MOST_BYTES = 256 * 1024 * 1024;

async function runReport(args: CommandArguments, io: CommandIo): Promise<ExitStatus> {
  const [file, ...others] = args.positionals;
  if (file === undefined)
    throw new UsageError('which report? slipway report RESULT.json (slipway check --json RESULT.json writes one)');
  if (others.length > 0)
    throw new UsageError(
      `one file was expected, and ${args.positionals.length} are named: ${args.positionals.join(', ')}`,
    );
  const files = reportFilesOf(args, OPTIONS);
  const reports = await reportsIn(file);
  await writeReportFiles(files, reports);
  if (files.length === 0) for (const each of reports) io.out(reportText(each, { color: io.color, manifest: file }));
  else io.out(files.map(({ option, file: written }) => `${written}  ${option}`).join('\n'));
  await io.json(reports.length === 1 ? reports[0] : reports);
  return EXIT.good;
}

async function reportsIn(file: string): Promise<readonly Report[]> {
  const found = await stat(file).catch((error: unknown) => {
    throw new UsageError(`${file}: there is no such file`, { cause: error });
  });
  if (!found.isFile()) throw new UsageError(`${file} is no file; what slipway check wrote with --json was expected`);
  if (found.size > MOST_BYTES)
    throw new Error(`${file} holds ${found.size} bytes; a report holds at most ${MOST_BYTES}`);
  const parsed = parseReports(await readFile(file, 'utf8'));
  if (parsed.kind === 'parsed') return parsed.reports;
  throw new Error(
    `${file} is no report of slipway check --json:\n${parsed.problems.map((problem) => `  ${problem}`).join('\n')}`,
  );
}
