import { parseArgs } from 'node:util';
import { runtimeVersion } from '../model/session.ts';
import { type BenchContext, openBench, partResult } from './bench-context.ts';
import { benchDocument } from './bench-document.ts';
import { type PartName, parts } from './bench-parts.ts';
import type { PartResult } from './bench-report.ts';
import { DATA, keepReport, reportIn, writeDocument } from './report-files.ts';

/**
 * `npm run bench -- [--quick] [--only PART,…] [--python PATH,…] [--json FILE] [--write]`
 *
 * Our fleet (log, metrics and arms on), the model alone and the peers that a Python of `--python` has, on the same models and requests, in turn, round by round.
 * `--quick` looks at three parts, once and shortly (some three minutes); all of them take about a quarter of an hour.
 * `--json FILE` keeps every round there; parts that are not run again stay as they are, so that a run may be done in pieces. `--write` writes them to
 * docs/performance.generated.json and the tables to docs/performance.md. Compare ratios of one run, not figures of two.
 */
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});

/** For a look. */
const QUICK: readonly PartName[] = ['small', 'encoder', 'grpc'];
const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function main(): Promise<void> {
  const names = partNames();
  const file = values.json ?? (values.write ? DATA : undefined);
  let report = await reportIn(file);
  const context = await openBench({
    seconds: Number(values.seconds ?? (values.quick ? 1 : 2.5)),
    rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
    pythons: values.python.split(','),
    say,
  });
  try {
    for (const name of names) {
      say(`\n${parts[name].title}`);
      const result = await partOrFailure(name, context);
      if (result === undefined) continue;
      report = {
        ...report,
        versions: {
          ...report.versions,
          ...context.versions,
          Node: process.versions.node,
          'onnxruntime-node': runtimeVersion(),
        },
        parts: { ...report.parts, [name]: result },
      };
      // After each part: what was measured stays, whatever comes.
      if (file !== undefined) await keepReport(file, report);
    }
  } finally {
    await context.close();
  }
  process.stdout.write(benchDocument(report));
  if (values.write) await writeDocument(report);
}

/** The other parts are measured, whatever becomes of one; the exit status tells. */
async function partOrFailure(name: PartName, context: BenchContext): Promise<PartResult | undefined> {
  try {
    return await partResult(context, parts[name].run);
  } catch (error) {
    say(`${name} could not be measured: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exitCode = 1;
    return undefined;
  }
}

function partNames(): readonly PartName[] {
  const known = Object.keys(parts) as PartName[];
  if (values.only === undefined) return values.quick ? QUICK : known;
  return values.only.split(',').map((word) => {
    const name = known.find((each) => each === word);
    if (name === undefined) throw new Error(`--only ${word}: there are ${known.join(', ')}`);
    return name;
  });
}

await main();
