import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type BlockResult, cellName, type Task } from './cell.ts';
import { calibrationPage, type CalibrationPage } from './calibration-page.ts';
import { rateSentence } from './judge-cells.ts';
import { measuredCells } from './measured-cells.ts';
import { planCells, planTasks, type PlannedCell } from './plan-cells.ts';
import { runTasks } from './run-tasks.ts';
import { type CalibrationState, openState } from './state-file.ts';

const usage = `npm run calibrate -- [options]

Measures by simulation how often each drift method cries wolf and how often it sees a shift, and what the baseline says of two
equal models. Writes docs/calibration.md with its plots. Exit status 1 when a method leaves its band, 2 when a cell was not run.

  --state FILE        keep finished blocks, and go on from there
  --forget NAME       drop what the state file holds of a method or kind: its code changed
  --only NAME         one subject (column, joint, models), kind or method; prints, writes no page
  --window N          one window size; prints, writes no page
  --repetitions N     at most so many a cell; prints, writes no page
  --workers N         threads (1)
  --minutes N         stop after so long (600), and tell what there is; 0: run nothing
  --page              write the page in spite of a choice above
  --help`;

const LONGEST_MINUTES = 600;
const EXIT = { inside: 0, outside: 1, incomplete: 2, usage: 64 } as const;

process.exitCode = await main();

async function main(): Promise<number> {
  const options = parse();
  if (typeof options === 'number') return options;
  const state = openState(options.state, options.forget);
  const cells = planCells()
    .filter(
      (cell) =>
        (options.only === undefined || cellName(cell).split('/').includes(options.only)) &&
        (options.window === undefined || cell.window === options.window),
    )
    .map((cell): PlannedCell => ({ ...cell, repetitions: Math.min(cell.repetitions, options.repetitions) }));
  const limit = AbortSignal.timeout(options.minutes * 60_000);
  for (;;) {
    const tasks = planTasks(cells, state.isDone, state.costMs);
    if (tasks.length === 0 || limit.aborted || options.minutes === 0) break;
    await runTurn(tasks, options.workers, state, limit);
  }
  const measured = measuredCells(cells, state.tallyOf);
  if (options.page) await writePage(calibrationPage(measured));
  const rates = measured.flatMap((each) => each.rates);
  const outside = rates.filter(({ place, repetitions }) => place === 'outside' && repetitions > 0);
  const near = rates.filter(({ place }) => place === 'near');
  const unrun = rates.filter(({ repetitions }) => repetitions === 0);
  for (const rate of near) process.stdout.write(`near     ${rateSentence(rate)}\n`);
  for (const rate of outside) process.stdout.write(`OUTSIDE  ${rateSentence(rate)}\n`);
  process.stdout.write(
    `${rates.length} rates: ${outside.length} outside of their bands, ${near.length} near, ${unrun.length} not run\n`,
  );
  return outside.length > 0 ? EXIT.outside : unrun.length > 0 ? EXIT.incomplete : EXIT.inside;
}

async function writePage({ markdown, plots }: CalibrationPage): Promise<void> {
  const docs = new URL('../../docs/', import.meta.url);
  await mkdir(new URL('calibration/', docs), { recursive: true });
  for (const { name, svg } of plots) await writeFile(new URL(`calibration/${name}`, docs), svg);
  await writeFile(new URL('calibration.md', docs), markdown);
  process.stdout.write('docs/calibration.md is written\n');
}

async function runTurn(
  tasks: readonly Task[],
  workers: number,
  state: CalibrationState,
  limit: AbortSignal,
): Promise<void> {
  const started = Date.now();
  let done = 0;
  const tell = (task: Task, results: readonly BlockResult[]) => {
    state.add(results);
    done++;
    const ms = results.reduce((sum, result) => sum + result.ms, 0);
    const place = `${task.subject} ${task.kind} ${task.reference}/${task.window}${task.shifted ? ' shifted' : ''}`;
    const seconds = Math.round((Date.now() - started) / 1000);
    process.stderr.write(
      `${done}/${tasks.length} ${place} block ${task.block}: ${Math.round(ms)} ms of methods, ${seconds} s in all\n`,
    );
  };
  await runTasks(tasks, workers, tell, limit);
}

interface Options {
  readonly state: string | undefined;
  readonly forget: string | undefined;
  readonly only: string | undefined;
  readonly window: number | undefined;
  readonly repetitions: number;
  readonly workers: number;
  readonly minutes: number;
  readonly page: boolean;
}

/** An exit status where there is nothing to run. */
function parse(): Options | number {
  try {
    const { values } = parseArgs({
      options: {
        state: { type: 'string' },
        forget: { type: 'string' },
        only: { type: 'string' },
        window: { type: 'string' },
        repetitions: { type: 'string' },
        workers: { type: 'string', default: '1' },
        minutes: { type: 'string', default: String(LONGEST_MINUTES) },
        page: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    if (values.help === true) {
      process.stdout.write(`${usage}\n`);
      return EXIT.inside;
    }
    const { state, forget, only, window, repetitions } = values;
    return {
      state,
      forget,
      only,
      window: window === undefined ? undefined : wholeNumber('window', window),
      repetitions: repetitions === undefined ? Infinity : wholeNumber('repetitions', repetitions),
      workers: wholeNumber('workers', values.workers),
      minutes: wholeNumber('minutes', values.minutes, 0),
      page: values.page ?? [only, window, repetitions].every((choice) => choice === undefined),
    };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}\n`);
    return EXIT.usage;
  }
}

function wholeNumber(name: string, text: string, least = 1): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`--${name} is ${JSON.stringify(text)}; expected a whole number from ${least}`);
}
