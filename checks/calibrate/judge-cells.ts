import { binomialCdf } from '../stats/binomial-cdf.ts';
import { bisect } from '../stats/bisect.ts';
import type { Interval } from '../stats/interval.ts';
import { type Cell, cellName, type Tally } from './cell.ts';
import { columnKinds } from './column-kinds.ts';
import { WIDTHS } from './simulate-models.ts';

/** What a rate must be: design goals, measured at α = 0.05. */
export interface Band {
  readonly least: number;
  readonly most: number;
}

export interface JudgedRate {
  readonly cell: Cell;
  /** What was counted. */
  readonly of: 'p-value' | 'verdict' | 'worse' | 'pass when narrow';
  readonly band: Band;
  readonly count: number;
  readonly repetitions: number;
  readonly rate: number;
  /** 99 %, of the rate: what so many repetitions can tell. */
  readonly interval: Interval;
  /**
   * `inside`: the estimate lies in the band. `near`: it does not, and the simulation's own error may be why. `outside`: the whole
   * interval lies out of the band.
   */
  readonly place: 'inside' | 'near' | 'outside';
}

const CONTINUOUS: Band = { least: 0.03, most: 0.06 };
const REPEATING: Band = { least: 0, most: 0.06 };
const VERDICT: Band = { least: 0, most: 0.06 };
const JOINT: Band = { least: 0.03, most: 0.07 };
const WORSE: Band = { least: 0, most: 0.05 };
const PASS: Band = { least: 0.8, most: 1 };
/** Half-width over margin under which equal models must pass; the end of a bucket. */
const NARROW = 0.6;
/** Error of the interval of a rate, both sides together: some hundred cells are judged, so a cell leaves its band only when that is plain. */
const INTERVAL_ERROR = 0.01;

/** The rates of a cell that have a band; none for a shifted one. */
export function judgeCell(cell: Cell, { repetitions, events }: Tally): readonly JudgedRate[] {
  const count = (event: string) => events[event] ?? 0;
  if (cell.shifted) return [];
  switch (cell.subject) {
    case 'column':
      return [
        judgeRate(cell, 'p-value', bandOf(cell.kind), count('significant'), repetitions),
        judgeRate(cell, 'verdict', VERDICT, count('drifted'), repetitions),
      ];
    case 'joint':
      return [judgeRate(cell, 'p-value', JOINT, count('significant'), repetitions)];
    case 'models': {
      const narrow = WIDTHS.filter((end) => end <= NARROW);
      const sum = (suffix: string) => narrow.reduce((total, end) => total + count(`width ${end}${suffix}`), 0);
      const worse = judgeRate(cell, 'worse', WORSE, count('fail'), repetitions);
      return sum('') === 0 ? [worse] : [worse, judgeRate(cell, 'pass when narrow', PASS, sum(' pass'), sum(''))];
    }
  }
}

function bandOf(kindName: string): Band {
  const kind = columnKinds.find(({ name }) => name === kindName);
  if (kind === undefined) throw new Error(`no kind of column is named ${JSON.stringify(kindName)}`);
  return kind.shape === 'continuous' ? CONTINUOUS : REPEATING;
}

/** One rate against its band. Without a single repetition it is outside: what was not measured was not kept. */
export function judgeRate(
  cell: Cell,
  of: JudgedRate['of'],
  band: Band,
  count: number,
  repetitions: number,
): JudgedRate {
  const interval = rateInterval(count, repetitions);
  const rate = count / repetitions;
  const inside = rate >= band.least && rate <= band.most;
  const reaches = interval.upper >= band.least && interval.lower <= band.most;
  const place = repetitions === 0 || !reaches ? 'outside' : inside ? 'inside' : 'near';
  return { cell, of, band, count, repetitions, rate, interval, place };
}

/** Clopper and Pearson's exact interval of a rate, 99 %. */
export function rateInterval(count: number, repetitions: number): Interval {
  if (repetitions === 0) return { lower: 0, upper: 1 };
  const tail = INTERVAL_ERROR / 2;
  const rate = count / repetitions;
  const lower = count === 0 ? 0 : bisect(rate, 0, (p) => 1 - binomialCdf(count - 1, repetitions, p) > tail);
  const upper = count === repetitions ? 1 : bisect(rate, 1, (p) => binomialCdf(count, repetitions, p) > tail);
  return { lower, upper };
}

/** One line for a person: `column/normal/ks/2000/50/same p-value 8.1 % (7.4–8.8), band 3–6 %`. */
export function rateSentence({ cell, of, rate, interval, band, repetitions }: JudgedRate): string {
  const percent = (share: number) => (100 * share).toFixed(1);
  return `${cellName(cell)}: ${of} ${percent(rate)} % (${percent(interval.lower)}–${percent(interval.upper)}) of ${repetitions}, band ${percent(band.least)}–${percent(band.most)} %`;
}
