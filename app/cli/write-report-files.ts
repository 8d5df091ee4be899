import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Report } from '../../checks/report/report.ts';
import { type CommandArguments, textOption } from './command.ts';

/** A format that was asked for, and the file that it goes to. */
export interface ReportFile {
  readonly option: string;
  readonly file: string;
}

/** What of these formats the options ask for. */
export function reportFilesOf(args: CommandArguments, options: readonly string[]): readonly ReportFile[] {
  return options.flatMap((option) => {
    const file = textOption(args, option);
    return file === undefined ? [] : [{ option, file }];
  });
}

/** The formats are loaded only when one is asked for: drawings and pages need more than a verdict does. */
export async function writeReportFiles(files: readonly ReportFile[], reports: readonly Report[]): Promise<void> {
  if (files.length === 0) return;
  const { reportFormats } = await import('../report-files/report-formats.ts');
  for (const { option, file } of files) {
    const format = reportFormats.find((each) => each.option === option);
    if (format === undefined) throw new Error(`no report format is named ${option}`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, format.write(reports));
  }
}
