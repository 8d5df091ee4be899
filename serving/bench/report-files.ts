import { readFile, writeFile } from 'node:fs/promises';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { benchDocument } from './bench-document.ts';
import type { BenchReport } from './bench-report.ts';

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const DOCUMENT = root('docs/performance.md');
/** What docs/performance.md is made of. */
export const DATA = root('docs/performance.generated.json');

/** What an earlier run found, with this machine in place of its own; nothing yet where there is no such file. */
export async function reportIn(file: string | undefined): Promise<BenchReport> {
  const text = file === undefined ? undefined : await readFile(file, 'utf8').catch(() => undefined);
  const kept = text === undefined ? { versions: {}, parts: {} } : (JSON.parse(text) as BenchReport);
  return { ...kept, machine: machine() };
}

export async function keepReport(file: string, report: BenchReport): Promise<void> {
  await writeFile(file, `${JSON.stringify(report)}\n`);
}

/** Both files of docs/. */
export async function writeDocument(report: BenchReport): Promise<void> {
  await keepReport(DATA, report);
  await writeFile(DOCUMENT, benchDocument(report));
}

function machine(): BenchReport['machine'] {
  return {
    processors: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    memoryGigabytes: Math.round(totalmem() / 1e9),
    system: `${platform()} ${release().split('-')[0]} ${arch()}`,
  };
}
