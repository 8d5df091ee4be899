import { fail, inconclusive, notApplicable, pass } from '../finding.ts';
import { rowsThatWouldDecide } from '../baseline/non-inferiority.ts';
import type { LoadedManifest } from '../manifest/manifest.ts';
import { countText, percentText, pValueText } from '../report/format.ts';
import type { Finding, Measured } from '../report/report.ts';
import { binomialInterval } from '../stats/binomial-interval.ts';
import type { Interval } from '../stats/interval.ts';
import { mcNemar } from '../stats/mcnemar.ts';
import { flipsOf, type Replayed } from './compare-replay.ts';

export const ALPHA = 0.05;
const ID = 'replay/flips';

/** How many decisions change, in which direction, and beyond the champion's own noise; judged only against a declared limit. */
export function flipFinding(replayed: Replayed, champion: string, proposal: LoadedManifest): Finding {
  const limit = proposal.manifest.replay?.flips;
  if (replayed.task === 'regression') return notApplicable(ID, 'a regression decides nothing: see replay/scores');
  const rows = replayed.rows.length;
  const flips = flipsOf(replayed.candidate, replayed.champion);
  const interval = binomialInterval(flips, rows, ALPHA);
  const reason = `${flipsText(flips, rows, interval, limit)}${directionText(replayed)}; ${noiseText(replayed, champion)}`;
  const measured = { ...measuredFlips(replayed, flips, interval), ...(limit === undefined ? {} : { limit }) };
  if (limit === undefined) return pass(ID, reason, measured, { advisory: true });
  const at = proposal.place('/replay/flips');
  if (interval.lower > limit)
    return fail(ID, `more decisions change than may: ${reason}`, measured, {
      at,
      next: 'Look at replay/examples: are these changes meant? A limit that allows them is replay.flips.',
    });
  if (interval.upper <= limit) return pass(ID, reason, measured);
  const needed = rowsThatWouldDecide(
    -flips / Math.max(1, rows),
    { lower: -interval.upper, upper: -interval.lower },
    limit,
    rows,
  );
  return inconclusive(
    ID,
    `cannot say whether too many decisions change: ${reason}`,
    { ...measured, ...(needed === null ? {} : { rowsThatWouldDecide: needed }) },
    {
      at,
      next: needed === null ? 'Choose another limit.' : `About ${countText(needed)} recorded requests would decide.`,
    },
  );
}

function flipsText(flips: number, rows: number, { lower, upper }: Interval, limit: number | undefined): string {
  const bound = limit === undefined ? '' : `, limit ${percentText(limit)}`;
  return `${countText(flips)} of ${countText(rows)} recorded decisions change (${percentText(flips / Math.max(1, rows))}, 95 % interval [${percentText(lower)}, ${percentText(upper)}]${bound})`;
}

function directionText({ task, classes, champion, candidate }: Replayed): string {
  if (task !== 'binary') return '';
  const { up, down } = directionOf(champion, candidate);
  return `: ${countText(up)} from ${classes[0]} to ${classes[1]}, ${countText(down)} back`;
}

function directionOf(champion: Int32Array, candidate: Int32Array): { readonly up: number; readonly down: number } {
  let [up, down] = [0, 0];
  for (const [at, before] of champion.entries()) {
    const after = candidate[at] ?? before;
    if (after > before) up += 1;
    if (after < before) down += 1;
  }
  return { up, down };
}

function noiseText(replayed: Replayed, champion: string): string {
  const noise = flipsOf(replayed.again, replayed.champion);
  if (noise === 0) return `${champion}, asked twice, changes none of its own`;
  return `${champion}, asked twice, changes ${countText(noise)} of its own (more than that: McNemar, p ${pValueText(beyondNoise(replayed).p)})`;
}

/** Rows that only the candidate flips against rows that only the champion's second answer flips. */
function beyondNoise({ champion, candidate, again }: Replayed): ReturnType<typeof mcNemar> {
  let [onlyCandidate, onlyNoise] = [0, 0];
  for (const [at, before] of champion.entries()) {
    const [flipped, noisy] = [candidate[at] !== before, again[at] !== before];
    if (flipped && !noisy) onlyCandidate += 1;
    if (noisy && !flipped) onlyNoise += 1;
  }
  return mcNemar(onlyCandidate, onlyNoise);
}

function measuredFlips(replayed: Replayed, flips: number, { lower, upper }: Interval): Measured {
  const { task, champion, candidate, again, rows } = replayed;
  const noise = beyondNoise(replayed);
  const direction = directionOf(champion, candidate);
  return {
    flips,
    n: rows.length,
    share: flips / Math.max(1, rows.length),
    interval: [lower, upper],
    method: 'Clopper and Pearson, 95 %',
    noiseFlips: flipsOf(again, champion),
    noisePValue: noise.p,
    ...(task === 'binary'
      ? {
          becomePositive: direction.up,
          becomeNegative: direction.down,
          directionPValue: mcNemar(direction.up, direction.down).p,
        }
      : {}),
  };
}
