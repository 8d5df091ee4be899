import { type Panel, drawPlots } from './draw-plots.ts';
import { columnKinds } from './column-kinds.ts';
import { jointKinds } from './joint-kinds.ts';
import { type JudgedRate, rateInterval, rateSentence } from './judge-cells.ts';
import { type MeasuredCell, pooled } from './measured-cells.ts';
import { modelKinds } from './model-kinds.ts';
import { BLOCK_REPETITIONS, LARGEST, REFERENCE, WINDOWS } from './plan-cells.ts';
import { ALPHA, EFFECT, PERMUTATIONS } from './simulate-columns.ts';
import { JOINT_PERMUTATIONS } from './simulate-joint.ts';
import { WIDER, WIDTHS } from './simulate-models.ts';

export interface CalibrationPage {
  readonly markdown: string;
  /** Files beside the page. */
  readonly plots: readonly { readonly name: string; readonly svg: string }[];
}

/** The page and its plots, from what was measured; the same numbers give the same text. */
export function calibrationPage(cells: readonly MeasuredCell[]): CalibrationPage {
  const columns = cells.filter(({ cell }) => cell.subject === 'column');
  const joint = cells.filter(({ cell }) => cell.subject === 'joint');
  const models = cells.filter(({ cell }) => cell.subject === 'models');
  const rates = cells.flatMap((each) => each.rates);
  const markdown = [
    head(rates),
    columnSection(columns),
    jointSection(joint),
    modelSection(models),
    shortSection(cells),
    tail(),
  ].join('\n\n');
  return { markdown: `${markdown}\n`, plots: plotsOf(columns, joint, models) };
}

function head(rates: readonly JudgedRate[]): string {
  const run = rates.filter(({ repetitions }) => repetitions > 0);
  const of = (place: JudgedRate['place']) => run.filter((rate) => rate.place === place);
  const list = (place: JudgedRate['place']) => of(place).map((rate) => `- ${rateSentence(rate)}`);
  const tell = (title: string, lines: readonly string[]) => (lines.length === 0 ? [] : ['', title, '', ...lines]);
  return [
    '# Calibration',
    '',
    '<!-- Written by `npm run calibrate`: change checks/calibrate, not this file. -->',
    '',
    'How often the drift methods cry wolf, how often they see a shift, and what the baseline says of two equal models: measured by simulation with the',
    "product's own functions, not derived. Read it as: *where nothing changed, how often would this say that something did?*",
    '',
    `**${run.length} rates were measured: ${of('inside').length} lie in their bands, ${of('near').length} beside them by no more than the simulation's own error, ${of('outside').length} outside.**`,
    '',
    `| what, at α = ${ALPHA} | band |`,
    '|---|---|',
    '| p-value of a method, continuous columns, nothing changed | 3–6 % |',
    '| p-value of a method, columns that repeat values (tied, discrete, sparse, categories) | at most 6 % |',
    `| verdict (significant, and PSI at least ${EFFECT.psi}) | at most 6 % |`,
    '| p-value of a method that looks at all columns together | 3–7 % |',
    '| baseline, two equal models: "worse" | at most 5 % |',
    '| baseline, two equal models: passes once the half-width is under 0.6 margins | at least 80 % |',
    '',
    'A simulated rate has an error of its own. Behind each stands its 99 % interval (Clopper & Pearson); a cell *leaves its band* when the whole',
    'interval lies outside, and then `npm run calibrate` ends with status 1; it is **bold** below. An estimate beside its band is *slanted*.',
    ...tell('Outside of their bands:', list('outside')),
  ].join('\n');
}

function columnSection(cells: readonly MeasuredCell[]): string {
  const sizes = columnSizes(cells);
  const tables = columnKinds.map(({ name, says, shift, shape }) => {
    const own = cells.filter(({ cell }) => cell.kind === name);
    const methods = [...new Set(own.map(({ cell }) => cell.method))];
    const rows = methods.map((method) => {
      const texts = sizes.map((size) => {
        const found = own.find(({ cell }) => cell.method === method && isOfSize(cell, size));
        return found === undefined ? '—' : rateText(found, 'significant', 'p-value');
      });
      return `| ${method} | ${texts.join(' | ')} |`;
    });
    return [
      `### ${name}`,
      '',
      `${capital(says)}; ${shape}. Shifted: ${shift}.`,
      '',
      `| method | ${sizes.map(sizeText).join(' | ')} |`,
      `|---|${sizes.map(() => '---').join('|')}|`,
      ...rows,
    ].join('\n');
  });
  return [
    '## One column',
    '',
    `The reference has ${thousands(REFERENCE)} rows, the window 50 to ${thousands(WINDOWS.at(-1) ?? 0)}; in the last column both have ${thousands(LARGEST.window)}. Each cell says how often p ≤ ${ALPHA} where`,
    'nothing changed, the interval of that, and after the arrow how often at the shift named above the table: the power. Permutation p-values (ties up to 2,000',
    `rows, Wasserstein, Jensen–Shannon, Hellinger, total variation, L∞, tables of small cells) rest on the first ${PERMUTATIONS} of the 999 permutations that the product draws: as true,`,
    'coarser, a little less powerful, and a tenth of the cost, which lets more repetitions tell of them. All methods of one kind and size meet the same data: what',
    'chance does to one rate it does to its neighbours too, so that a row of estimates a little high is one observation, not many.',
    '',
    '![False alarms by method and window size](calibration/false-alarms.svg)',
    '',
    '![Power by method and window size](calibration/power.svg)',
    '',
    tables.join('\n\n'),
    '',
    '### Verdicts',
    '',
    `A column drifted when its p-value is at most α *and* its shift is large enough to matter (PSI at least ${EFFECT.psi}). How often where nothing changed, and at the shift.`,
    '',
    verdictTable(cells, sizes),
  ].join('\n');
}

/** One line a kind: the method that says it most often. */
function verdictTable(cells: readonly MeasuredCell[], sizes: readonly Size[]): string {
  const rows = columnKinds.map(({ name }) => {
    const texts = sizes.map((size) => {
      const own = cells.filter(
        ({ cell, tally }) => cell.kind === name && isOfSize(cell, size) && tally.repetitions > 0,
      );
      const [worst] = own.toSorted((a, b) => rateOf(b, 'drifted') - rateOf(a, 'drifted'));
      return worst === undefined ? '—' : `${rateText(worst, 'drifted', 'verdict')}<br>${worst.cell.method}`;
    });
    return `| ${name} | ${texts.join(' | ')} |`;
  });
  return [
    'Of all methods the one that says it most often:',
    '',
    `| column | ${sizes.map(sizeText).join(' | ')} |`,
    `|---|${sizes.map(() => '---').join('|')}|`,
    ...rows,
  ].join('\n');
}

function jointSection(cells: readonly MeasuredCell[]): string {
  const sizes = [...new Set(cells.map(({ cell }) => cell.window))].toSorted((a, b) => a - b);
  const rows = jointKinds.flatMap(({ name }) =>
    [...new Set(cells.map(({ cell }) => cell.method))].map((method) => {
      const texts = sizes.map((window) => {
        const found = cells.find(({ cell }) => cell.kind === name && cell.method === method && cell.window === window);
        return found === undefined ? '—' : rateText(found, 'significant', 'p-value');
      });
      return `| ${name} | ${method} | ${texts.join(' | ')} |`;
    }),
  );
  return [
    '## All columns together',
    '',
    `Both sides have as many rows. Permutation tests draw ${JOINT_PERMUTATIONS} permutations here and more in the checks, which changes no false alarm.`,
    '',
    ...jointKinds.map(({ name, says, shift }) => `- **${name}**: ${says}. Shifted: ${shift}.`),
    '',
    '![False alarms of methods that look at all columns](calibration/jointly.svg)',
    '',
    `| columns | method | ${sizes.map((rows) => `${thousands(rows)} rows`).join(' | ')} |`,
    `|---|---|${sizes.map(() => '---').join('|')}|`,
    ...rows,
  ].join('\n');
}

function modelSection(cells: readonly MeasuredCell[]): string {
  const sizes = [...new Set(cells.map(({ cell }) => cell.window))].toSorted((a, b) => a - b);
  const rows = modelKinds.flatMap(({ name, metrics }) =>
    metrics.map((method) => {
      const texts = sizes.map((window) => {
        const found = cells.find(({ cell }) => cell.kind === name && cell.method === method && cell.window === window);
        if (found === undefined || found.tally.repetitions === 0) return '—';
        const rate = found.rates.find(({ of }) => of === 'worse');
        return `${marked(percent(rateOf(found, 'fail')), rate)} ${spread(rate)} · ${percent(rateOf(found, 'pass'), 0)}`;
      });
      return `| ${name} | ${method} | ${texts.join(' | ')} |`;
    }),
  );
  const buckets = [...WIDTHS.map(String), WIDER];
  const methods = [...new Set(cells.map(({ cell }) => cell.method))];
  const bucketRows = methods.map((method) => {
    const { events } = pooled(cells.filter(({ cell }) => cell.method === method));
    const texts = buckets.map((bucket) => {
      const all = events[`width ${bucket}`] ?? 0;
      const passed = events[`width ${bucket} pass`] ?? 0;
      if (all === 0) return '—';
      const { lower, upper } = rateInterval(passed, all);
      return `${percent(passed / all, 0)} (${percent(lower, 0, '')}–${percent(upper, 0, '')}) of ${thousands(all)}`;
    });
    return `| ${method} | ${texts.join(' | ')} |`;
  });
  return [
    '## The baseline, on two equal models',
    '',
    'Two trainings of one specification: both know the same signal, each adds noise of its own, and nothing but their order tells them apart. They answer the same',
    'rows; margins are the defaults. Each cell: how often the verdict is "worse", its interval, and how often it passes; the rest cannot say.',
    '',
    ...modelKinds.map(({ name, says }) => `- **${name}**: ${says}.`),
    '',
    `| models | metric | ${sizes.map((rows) => `${thousands(rows)} rows`).join(' | ')} |`,
    `|---|---|${sizes.map(() => '---').join('|')}|`,
    ...rows,
    '',
    'Where few rows differ between two models, a share of rows can only take steps, and a margin of 0.01 is a whole number of them: an interval may end exactly at the',
    'margin, which is not a pass.',
    '',
    'How often equal models pass, by the half-width of the interval over the margin (all models and sizes together):',
    '',
    '![Passes of equal models by width of the interval](calibration/baseline.svg)',
    '',
    `| metric | ${WIDTHS.map((end, i) => `${WIDTHS[i - 1] ?? 0} to ${end}`).join(' | ')} | ${WIDTHS.at(-1)} and more |`,
    `|---|${buckets.map(() => '---').join('|')}|`,
    ...bucketRows,
  ].join('\n');
}

function shortSection(cells: readonly MeasuredCell[]): string {
  const short = cells.filter(({ cell, tally }) => tally.repetitions < fullRepetitions(cell));
  if (short.length === 0) return '## Repetitions\n\nEvery cell was repeated as often as planned.';
  const tables = (['column', 'joint', 'models'] as const).flatMap((subject) => {
    const own = cells.filter(({ cell }) => cell.subject === subject);
    const missing = short.some(({ cell }) => cell.subject === subject);
    return missing ? ['', repetitionTable(own, SUBJECTS[subject])] : [];
  });
  return [
    '## Repetitions',
    '',
    'Goals: 10,000 a cell of one column, 1,000 of all columns together. Where a cell was repeated less often, a permutation or a bootstrap inside of',
    'every repetition, or 50,000 rows, cost more time than the run had: its interval is wider, and nothing more is claimed than that says. A run with',
    'the same state file goes on with it. Of each method and size the least over the kinds:',
    ...tables,
  ].join('\n');
}

const SUBJECTS = { column: 'one column', joint: 'all columns together', models: 'two equal models' } as const;

function repetitionTable(cells: readonly MeasuredCell[], title: string): string {
  const sizes = columnSizes(cells);
  const rows = [...new Set(cells.map(({ cell }) => cell.method))].map((method) => {
    const texts = sizes.map((size) => {
      const own = cells.filter(({ cell }) => cell.method === method && isOfSize(cell, size));
      return own.length === 0 ? '—' : thousands(Math.min(...own.map(({ tally }) => tally.repetitions)));
    });
    return `| ${method} | ${texts.join(' | ')} |`;
  });
  const head = `| ${title} | ${sizes.map(sizeText).join(' | ')} |`;
  return [head, `|---|${sizes.map(() => '---').join('|')}|`, ...rows].join('\n');
}

/** What the design asks for; of models it names no number, so that what was planned is what counts. */
const GOALS = { column: 10_000, joint: 1000 } as const;

function fullRepetitions({ subject, repetitions }: MeasuredCell['cell']): number {
  return subject === 'models' ? repetitions : GOALS[subject];
}

function tail(): string {
  return [
    '## How to repeat it',
    '',
    '```sh',
    'npm run calibrate                                      # everything, from nothing: many hours on one core',
    'npm run calibrate -- --state cells.jsonl --workers 4   # can be cut off, and goes on',
    'npm run calibrate -- --only ks --window 200            # one method at one size',
    'npm run calibrate -- --help',
    '```',
    '',
    `A cell's repetitions run in blocks of ${BLOCK_REPETITIONS.column} (columns), ${BLOCK_REPETITIONS.joint} (all columns) or ${BLOCK_REPETITIONS.models} (models). A block's data come from a seed made of what it is called`,
    '(`column/normal/data/2000/50/same/0`; FNV-1a, mixed as in MurmurHash3, into xoroshiro128+), so that every number above comes out again on any machine, and a',
    'method that is added later meets the same data. What a method draws itself has a seed for each repetition. Rows are drawn in order where no method',
    'looks at their order: sorting what is sorted is quick. CI runs a few cells of 400 repetitions (`checks/calibrate/calibrate.slow.test.ts`).',
  ].join('\n');
}

function plotsOf(
  columns: readonly MeasuredCell[],
  joint: readonly MeasuredCell[],
  models: readonly MeasuredCell[],
): CalibrationPage['plots'] {
  const usual = columns.filter(({ cell }) => cell.reference === REFERENCE);
  const panels = (event: string, of: 'tally' | 'shifted', cells: readonly MeasuredCell[]): readonly Panel[] =>
    [...new Set(cells.map(({ cell }) => cell.method))].map((method) => ({
      title: method,
      lines: [...new Set(cells.map(({ cell }) => cell.kind))].map((label) => ({
        label,
        points: cells
          .filter(({ cell }) => cell.method === method && cell.kind === label)
          .map((each) => {
            const tally = each[of];
            return {
              rows: each.cell.window,
              count: tally?.events[event] ?? 0,
              repetitions: tally?.repetitions ?? 0,
            };
          }),
      })),
    }));
  const falseAlarms = {
    title: `Share of p ≤ ${ALPHA} where nothing changed, by rows of the window`,
    says: 'One panel a method, one line a kind of column, with 99 % intervals. Green: 3 to 6 %.',
    band: { least: 0.03, most: 0.06 },
    most: 0.1,
    ticks: [0, 0.02, 0.04, 0.06, 0.08, 0.1],
    rows: WINDOWS,
  } as const;
  const power = {
    title: `Share of p ≤ ${ALPHA} at the shift, by rows of the window`,
    says: 'One panel a method, one line a kind of column, with 99 % intervals.',
    most: 1,
    ticks: [0, 0.25, 0.5, 0.75, 1],
    rows: WINDOWS,
  } as const;
  return [
    { name: 'false-alarms.svg', svg: drawPlots(panels('significant', 'tally', usual), falseAlarms) },
    { name: 'power.svg', svg: drawPlots(panels('significant', 'shifted', usual), power) },
    {
      name: 'jointly.svg',
      svg: drawPlots(panels('significant', 'tally', joint), {
        ...falseAlarms,
        title: `All columns together: share of p ≤ ${ALPHA} where nothing changed, by rows a side`,
        band: { least: 0.03, most: 0.07 },
        most: 0.12,
        ticks: [0, 0.03, 0.07, 0.12],
        rows: [50, 200, 500],
      }),
    },
    { name: 'baseline.svg', svg: drawPlots(passPanels(models), passOptions) },
  ];
}

const passOptions = {
  title: 'Share of equal models that pass, by half-width of the interval in hundredths of the margin',
  says: 'One panel a metric, with 99 % intervals. Green: at least 80 %, asked below 60.',
  band: { least: 0.8, most: 1 },
  most: 1,
  ticks: [0, 0.25, 0.5, 0.8, 1],
  rows: [...WIDTHS, 2].map((end) => Math.round(end * 100)),
} as const;

function passPanels(cells: readonly MeasuredCell[]): readonly Panel[] {
  return [...new Set(cells.map(({ cell }) => cell.method))].map((method) => {
    const { events } = pooled(cells.filter(({ cell }) => cell.method === method));
    const points = [...WIDTHS.map((end) => [String(end), end] as const), [WIDER, 2] as const].map(([bucket, end]) => ({
      rows: Math.round(end * 100),
      count: events[`width ${bucket} pass`] ?? 0,
      repetitions: events[`width ${bucket}`] ?? 0,
    }));
    return { title: method, lines: [{ label: 'all models', points }] };
  });
}

interface Size {
  readonly reference: number;
  readonly window: number;
}

function columnSizes(cells: readonly MeasuredCell[]): readonly Size[] {
  const sizes = new Map(
    cells.map(({ cell: { reference, window } }) => [`${reference}/${window}`, { reference, window }]),
  );
  return [...sizes.values()].toSorted((a, b) => a.reference - b.reference || a.window - b.window);
}

function isOfSize(cell: Size, size: Size): boolean {
  return cell.reference === size.reference && cell.window === size.window;
}

function sizeText({ reference, window }: Size): string {
  return reference === window && window === LARGEST.window ? `${thousands(window)} both` : thousands(window);
}

/** `4.9 % (4.4–5.5) → 57 %`; marked where it left its band. */
function rateText(found: MeasuredCell, event: string, of: JudgedRate['of']): string {
  if (found.tally.repetitions === 0) return '—';
  const rate = found.rates.find((each) => each.of === of);
  const power =
    found.shifted === undefined || found.shifted.repetitions === 0
      ? ''
      : ` → ${percent((found.shifted.events[event] ?? 0) / found.shifted.repetitions, 0)}`;
  const text = percent(rateOf(found, event));
  return `${marked(text, rate)} ${spread(rate)}${power}`;
}

function marked(text: string, rate: JudgedRate | undefined): string {
  if (rate?.place === 'outside') return `**${text}**`;
  return rate?.place === 'near' ? `*${text}*` : text;
}

function rateOf({ tally }: MeasuredCell, event: string): number {
  return (tally.events[event] ?? 0) / tally.repetitions;
}

function spread(rate: JudgedRate | undefined): string {
  if (rate === undefined) return '';
  return `(${percent(rate.interval.lower, 1, '')}–${percent(rate.interval.upper, 1, '')})`;
}

function percent(share: number, decimals = 1, unit = ' %'): string {
  return `${(100 * share).toFixed(decimals)}${unit}`;
}

function thousands(count: number): string {
  return count.toLocaleString('en-US');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
