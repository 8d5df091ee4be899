import { BARE } from './bench-context.ts';
import { goals, overheadOf } from './bench-goals.ts';
import { parts, type PartName } from './bench-parts.ts';
import {
  type BenchReport,
  type Figure,
  type Row,
  type SoakResult,
  type Spread,
  figureOf,
  perSecond,
  ratioOf,
  rowOf,
} from './bench-report.ts';
import { OURS } from './part-small.ts';
import { soakSection } from './soak-document.ts';

/** docs/performance.md, wholly from what was measured. */
export function benchDocument(report: BenchReport): string {
  const names = (Object.keys(parts) as PartName[]).filter((name) => report.parts[name] !== undefined);
  return `${[
    ...introduction(report),
    ...goalsSection(report),
    ...overheadSection(report),
    ...names.flatMap((name) => partSection(report, name)),
    ...soakSection(report.soak),
  ].join('\n')}\n`;
}

function introduction({ machine, versions }: BenchReport): readonly string[] {
  const { processors, model, memoryGigabytes, system } = machine;
  return [
    '# How fast serving is',
    '',
    'Written by `npm run bench -- --write` from `docs/performance.generated.json`, which holds every round; nothing here is typed by hand. Compare ratios of one run: figures of two',
    'machines, or of one machine on two days, do not compare.',
    '',
    '```',
    'npm run bench -- --python PYTHON[,PYTHON…] --write      all of it, about 15 minutes; --only small,grpc for parts, which replaces those alone; --quick for a look at three parts',
    'npm run soak -- --write                                 20 minutes at 80 % of capacity',
    '```',
    '',
    'Peers are measured where a Python has them: `python -m venv A && A/bin/pip install -r serving/bench/peers/requirements.txt`, and `requirements-mlserver.txt` and',
    '`requirements-bentoml.txt` each into one of its own, since they do not go together; `--python A/bin/python,B/bin/python,C/bin/python`. NATS needs a `nats-server` on the path, or where',
    '`SLIPWAY_TEST_NATS_SERVER` says.',
    '',
    `Machine: ${processors} processors (${model}), ${memoryGigabytes} GB, ${system}. ${Object.entries(versions)
      .map(([name, version]) => (version.includes(' ') ? `${name}: ${version}` : `${name} ${version}`))
      .join('; ')}.`,
    '',
    '**What is measured.** Our fleet as it is run in earnest: prediction log and metrics on, gRPC open, two revisions of the model that share its callers 90 to 10 by a sticky header',
    '(`no log` is the same without the log). Peers serve the same ONNX file with ONNX Runtime, one thread inside an operator, no spinning, and get the same requests; they have neither',
    'log, arms nor metrics of predictions. All stand ready at once and are measured in turn, round by round (ABCABC); a figure is the median of its rounds with the least and the most of',
    'them, and a ratio is that of each round’s pair.',
    '',
    '**What is not.** The load generator runs on the same processors as the server and takes a share of them, so that servers of two processes are short-changed here;',
    'no network lies between. The load generator is our own (`serving/bench/load-*.ts`): requests made beforehand over plain sockets; its own share of a processor stands in each',
    'table, and every answer is compared with what the model alone answers to that very request. A wrong, cut or missing answer is counted as failed and is not in the throughput.',
    'Python peers get their settings from `serving/bench/peers`, as their documentation has them; somebody may tune them further.',
    '',
  ];
}

function goalsSection(report: BenchReport): readonly string[] {
  return [
    '## Goals',
    '',
    '| goal | measured | met |',
    '|---|--:|---|',
    ...goals.map(({ says, measured, isMet, unit }) => {
      const found = measured(report);
      return found === undefined
        ? `| ${says} | not measured | – |`
        : `| ${says} | ${TOLD[unit](found)} | ${isMet(found.median) ? 'yes' : '**no**'} |`;
    }),
    soakGoal(report.soak),
    '',
  ];
}

/** Its own row: it is one run of minutes, without rounds. */
function soakGoal(soak: SoakResult | undefined): string {
  const says = 'soak of 20 minutes at 80 % of capacity: memory plateaus, no request fails';
  if (soak === undefined) return `| ${says} | not run | – |`;
  const climbing = soak.processes.filter(({ climbs }) => climbs).map(({ name }) => name);
  const share = ((100 * soak.ratePerSecond) / soak.capacityPerSecond).toFixed(0);
  const told = `${soak.minutes} minutes at ${share} %: ${soak.failed} failed, ${climbing.length === 0 ? 'nothing climbs' : `${climbing.join(', ')} climbs`}`;
  return `| ${says} | ${told} | ${soak.failed === 0 && climbing.length === 0 && soak.minutes >= 20 ? 'yes' : '**no**'} |`;
}

const spread = (found: Spread, digits: number, unit = ''): string =>
  `${found.median.toFixed(digits)}${unit} (${found.least.toFixed(digits)}–${found.most.toFixed(digits)})`;

const TOLD = {
  times: (found: Spread) => `${spread(found, 1)} ×`,
  share: (found: Spread) => spread(found, 2),
  ms: (found: Spread) => spread(found, 2, ' ms'),
  µs: (found: Spread) => spread(found, 1, ' µs'),
  percent: (found: Spread) => spread(found, 1, ' %'),
} as const;

function overheadSection(report: BenchReport): readonly string[] {
  const rows = (['small', 'trees', 'encoder', 'cnn'] as const).flatMap((part) =>
    (report.parts[part]?.rows ?? [])
      .filter(({ contender, load }) => contender === OURS.one && !load.includes('open loop'))
      .flatMap(({ load }) => {
        const overhead = overheadOf(report, part, OURS.one, load);
        return overhead === undefined ? [] : [`| ${part} | ${load} | ${spread(overhead, 0)} |`];
      }),
  );
  if (rows.length === 0) return [];
  return [
    '## What a request costs beyond its model',
    '',
    `Processor time of a request in all processes of the fleet, log included, less that of one run of ${BARE} with one row, in µs. Requests that arrive while a run is under way share the`,
    'next run, so that the difference may be less than nothing.',
    '',
    '| model | load | µs (least–most) |',
    '|---|---|--:|',
    ...rows,
    '',
  ];
}

function partSection(report: BenchReport, name: PartName): readonly string[] {
  const part = report.parts[name];
  if (part === undefined) return [];
  const loads = [...new Set(part.rows.map(({ load }) => load))];
  return [
    `## ${parts[name].title}`,
    '',
    `${part.at.slice(0, 16).replace('T', ' ')} UTC, ${part.minutes.toFixed(1)} minutes, rounds of ${part.secondsEach} s; load of the machine before it ${part.loadBefore.toFixed(1)}.${part.notes.length === 0 ? '' : ` ${part.notes.join('; ')}.`}`,
    '',
    '| load | | requests/s (least–most) | times ours | p50 ms | p99 ms | CPU µs a request | peak MB | generator | failed |',
    '|---|---|--:|--:|--:|--:|--:|--:|--:|--:|',
    ...loads.flatMap((load) =>
      part.rows.filter((row) => row.load === load).map((row) => lineOf(row, rowOf(report, name, OURS.one, load))),
    ),
    '',
  ];
}

function lineOf(row: Row, base: Row | undefined): string {
  const told = (figure: Figure, digits: number): string => figureOf(row, figure)?.median.toFixed(digits) ?? '';
  const rate = figureOf(row, perSecond);
  const digits = (rate?.median ?? 0) < 1000 ? 1 : 0;
  const ratio = ratioOf(row, base);
  const failed = row.rounds.reduce((sum, round) => sum + round.failed, 0);
  const isBare = row.contender.startsWith(BARE);
  return `| ${row.load} | ${row.contender} | ${rate === undefined ? '' : spread(rate, digits)} | ${ratio === undefined ? '' : spread(ratio, 2)} | ${told(({ p50Ms }) => p50Ms, 2)} | ${told(({ p99Ms }) => p99Ms, 2)} | ${told(({ cpuMicrosPerRequest }) => cpuMicrosPerRequest, 1)} | ${told(({ peakMegabytes }) => peakMegabytes, 0)} | ${isBare ? '' : `${told(({ generatorBusy }) => 100 * generatorBusy, 0)} %`} | ${isBare ? '' : failed} |`;
}
