import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { metricWithError } from '../metrics/metric-with-error.ts';
import type { ScoredRows } from '../metrics/scored-rows.ts';
import { seededRandom } from '../stats/seeded-random.ts';
import { writeBenchData } from './bench-data.ts';
import { type ChildCost, measuredChild } from './measured-child.ts';

/**
 * `npm run bench:checks -- [--python PATH] [--rows 1000000] [--repeats 3] [--write]`: `slipway drift` as a whole process, reading and p-values included,
 * beside numpy and scipy (and Evidently, where that Python has it) doing the same work on the same files, interleaved; and metrics with their
 * errors beside scikit-learn. Compare ratios of one run, not seconds of two. `--write` writes docs/bench-checks.md.
 */
const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    rows: { type: 'string', default: '1000000' },
    repeats: { type: 'string', default: '3' },
    write: { type: 'boolean', default: false },
  },
});
const [ROWS, REPEATS] = [Number(values.rows), Number(values.repeats)];
const LIMIT_MS = 30 * 60_000;
const signal = AbortSignal.timeout(LIMIT_MS);
const here = (file: string) => join(import.meta.dirname, file);
const slipway = join(import.meta.dirname, '../../app/cli/slipway.mjs');

interface Contender {
  readonly name: string;
  readonly run: (format: string) => Promise<ChildCost>;
  /** Slow ones are run once. */
  readonly once?: boolean;
}

async function pythonHas(module: string): Promise<boolean> {
  try {
    await measuredChild(values.python, ['-c', `import ${module}`], { signal, expects: [0] });
    return true;
  } catch {
    return false;
  }
}

async function driftTable(folder: string): Promise<readonly string[]> {
  const files = (format: string) => [join(folder, `reference.${format}`), join(folder, `window.${format}`)];
  // Status 1 is drift: the first columns have a little of it.
  const node = (args: readonly string[]) => measuredChild(process.execPath, args, { signal, expects: [0, 1] });
  const python = (args: readonly string[]) => measuredChild(values.python, args, { signal, expects: [0] });
  const ours: Contender = {
    name: 'slipway drift --joint none',
    run: (format) => node([slipway, 'drift', ...files(format), '--joint', 'none', '--json']),
  };
  const contenders: Contender[] = [
    ours,
    { name: 'slipway drift', run: (format) => node([slipway, 'drift', ...files(format), '--json']) },
  ];
  if ((await pythonHas('scipy')) && (await pythonHas('pyarrow'))) {
    const script = here('drift_numpy.py');
    const numpy = {
      name: 'numpy and scipy',
      run: (format: string) => python([script, ...files(format), join(folder, 'numpy.json')]),
    };
    contenders.push(numpy, { name: 'numpy by hand', run: (format) => python([script, '--by-hand', ...files(format)]) });
  } else process.stderr.write(`${values.python} has no scipy and pyarrow: nothing to compare with\n`);
  if (await pythonHas('evidently'))
    contenders.push({
      name: 'Evidently, default report',
      once: true,
      run: (format) => python([here('drift_evidently.py'), ...files(format)]),
    });
  const lines = ['| | | seconds (spread) | processor s | peak MB | times slipway |', '|---|---|--:|--:|--:|--:|'];
  for (const format of ['parquet', 'csv']) {
    const costs = new Map<string, ChildCost[]>(contenders.map(({ name }) => [name, []]));
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      for (const { name, run, once } of contenders) {
        if (once === true && (repeat > 0 || format === 'csv')) continue;
        process.stderr.write(`${format}, ${name}, ${repeat + 1} of ${REPEATS}\n`);
        costs.get(name)?.push(await run(format));
      }
    }
    const base = median((costs.get(ours.name) ?? []).map(({ seconds }) => seconds));
    for (const [name, found] of costs) if (found.length > 0) lines.push(lineOf(format, name, found, base));
    const last = costs.get(ours.name)?.at(-1);
    if (costs.has('numpy and scipy') && last !== undefined) {
      const worst = await disagreement(last.output, join(folder, 'numpy.json'));
      lines.push(`| ${format} | largest relative difference from numpy and scipy | ${worst.toExponential(1)} | | | |`);
    }
  }
  return lines;
}

function lineOf(format: string, name: string, costs: readonly ChildCost[], base: number): string {
  const seconds = costs.map((cost) => cost.seconds);
  const cpu = costs.flatMap(({ cpuSeconds }) => (cpuSeconds === undefined ? [] : [cpuSeconds]));
  const peak = costs.flatMap(({ peakMegabytes }) => (peakMegabytes === undefined ? [] : [peakMegabytes]));
  const told = (numbers: readonly number[], digits: number) =>
    numbers.length === 0 ? '' : median(numbers).toFixed(digits);
  const spread = `${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)}`;
  return `| ${format} | ${name} | ${told(seconds, 2)} (${spread}) | ${told(cpu, 2)} | ${told(peak, 0)} | ${(median(seconds) / base).toFixed(2)} |`;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** A time is no result while the numbers differ. p-values below 1e-300 are equal. */
async function disagreement(output: string, file: string): Promise<number> {
  type Numbers = Readonly<Record<string, number>>;
  const theirs: Readonly<Record<string, Numbers>> = JSON.parse(await readFile(file, 'utf8'));
  const ours: { columns: readonly { name: string; statistic: number; pValue: number; also: Numbers }[] } =
    JSON.parse(output);
  let worst = 0;
  for (const { name, statistic, pValue, also } of ours.columns) {
    for (const [key, value] of Object.entries<number | undefined>({ ...also, statistic, pValue })) {
      const other = theirs[name]?.[key];
      if (other === undefined || value === undefined || Math.abs(other) < 1e-300) continue;
      worst = Math.max(worst, Math.abs(value / other - 1));
    }
  }
  return worst;
}

async function metricsTable(folder: string): Promise<readonly string[]> {
  const random = seededRandom(3);
  const truth = Uint8Array.from({ length: ROWS }, () => (random.uniform() < 0.3 ? 1 : 0));
  const scores = Float64Array.from(truth, (label) => 1 / (1 + Math.exp(-(random.normal() + label - 1))));
  const rows: ScoredRows = { task: 'binary', rows: ROWS, truth, scores, threshold: 0.5, probabilities: true };
  const [scoreFile, labelFile] = [join(folder, 'scores.f64'), join(folder, 'labels.u8')];
  await writeFile(scoreFile, new Uint8Array(scores.buffer));
  await writeFile(labelFile, truth);
  const compared = await pythonHas('sklearn');
  const [ours, theirs]: [number[], number[]] = [[], []];
  let worst = 0;
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const start = performance.now();
    const [area, loss] = [metricWithError('roc_auc', rows), metricWithError('log_loss', rows)];
    ours.push((performance.now() - start) / 1000);
    if (!compared) continue;
    const { output } = await measuredChild(values.python, [here('metrics_sklearn.py'), scoreFile, labelFile], {
      signal,
      expects: [0],
    });
    const found = JSON.parse(output) as Readonly<Record<'seconds' | 'roc_auc' | 'standard_error' | 'log_loss', number>>;
    theirs.push(found.seconds);
    const pairs = [
      [area?.value, found.roc_auc],
      [area?.standardError, found.standard_error],
      [loss?.value, found.log_loss],
    ] as const;
    for (const [own, other] of pairs) worst = Math.max(worst, Math.abs((own ?? NaN) / other - 1));
  }
  const line = (name: string, seconds: readonly number[]) =>
    `| ${name} | ${median(seconds).toFixed(2)} (${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)}) | ${(median(seconds) / median(ours)).toFixed(2)} |`;
  return [
    '| | seconds (spread) | times slipway |',
    '|---|--:|--:|',
    line('slipway', ours),
    ...(theirs.length === 0
      ? []
      : [line('scikit-learn and numpy', theirs), `| largest relative difference | ${worst.toExponential(1)} | |`]),
  ];
}

const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
try {
  process.stderr.write(`writing ${ROWS} rows by 30 columns\n`);
  await writeBenchData(folder, 'reference', ROWS, 1);
  await writeBenchData(folder, 'window', Math.ceil(ROWS / 10), 2);
  const text = `# How fast the checks are

Written by \`npm run bench:checks -- --write\`: ${cpus().length} processors, Node ${process.versions.node}, ${REPEATS} interleaved runs each; medians. Compare
the ratios of one run, not seconds of two machines.

## Drift, ${ROWS} rows by 30 columns against a tenth of them

Whole processes: start, reading, statistics and p-values. 25 numbers by KS, PSI, Jensen–Shannon and Wasserstein, 5 categories by χ², PSI and
Jensen–Shannon. \`slipway drift\` without \`--joint none\` looks at all columns together as well, which the others do not.

${(await driftTable(folder)).join('\n')}

## ROC AUC with its standard error (DeLong) and log loss with its own, of ${ROWS} rows

${(await metricsTable(folder)).join('\n')}
`;
  process.stdout.write(text);
  if (values.write) await writeFile(join(import.meta.dirname, '../../docs/bench-checks.md'), text);
} finally {
  await rm(folder, { recursive: true, force: true });
}
