import { cohortRules, cohortsOfColumn, type Cohort } from '../cohorts/cohort.ts';
import type { ReplayEvidence } from '../evidence/replay-evidence.ts';
import { fail, inconclusive, notApplicable, pass } from '../finding.ts';
import type { LoadedManifest } from '../manifest/manifest.ts';
import { countText, decimalsFor, numberText, percentText, plural, pValueText } from '../report/format.ts';
import type { Finding } from '../report/report.ts';
import { benjaminiHochberg } from '../stats/benjamini-hochberg.ts';
import { binomialInterval } from '../stats/binomial-interval.ts';
import { fisherExact } from '../stats/fisher-exact.ts';
import { momentsOf } from '../stats/moments.ts';
import { welchT } from '../stats/welch-t.ts';
import type { Replayed } from './compare-replay.ts';
import { ALPHA } from './flip-finding.ts';

/** Fewer requests of a cohort say nothing of it. */
const FEWEST_ROWS = 10;

/**
 * For whom decisions change (of a regression: by how much answers move), cohort by cohort: shares with intervals that hold jointly (Bonferroni), and
 * p-values against all other requests, adjusted together (Benjamini & Hochberg). Judged only against a declared limit.
 */
export function cohortFindings(
  { table }: ReplayEvidence,
  replayed: Replayed,
  proposal: LoadedManifest,
): readonly Finding[] {
  const lacking: Finding[] = [];
  const cohorts: Cohort[] = [];
  for (const rule of cohortRules(proposal.manifest)) {
    const found = cohortsOfColumn(table, rule, replayed.rows);
    if (found === undefined)
      lacking.push(notApplicable(`replay/cohorts/${rule.column}`, `the recorded requests do not carry ${rule.column}`));
    else cohorts.push(...found);
  }
  const told = cohorts.map((cohort) => comparedOf(cohort, replayed));
  const adjusted = benjaminiHochberg(told.map(({ pValue }) => pValue));
  const limit = proposal.manifest.replay?.flips;
  return [
    ...told.map((compared, at) =>
      findingOf(compared, adjusted[at] ?? 1, told.length, { limit, at: proposal.place('/replay/flips') }),
    ),
    ...lacking,
  ];
}

interface Compared {
  readonly cohort: Cohort;
  readonly pValue: number;
  readonly what:
    | { readonly kind: 'flips'; readonly flips: number; readonly otherFlips: number; readonly others: number }
    | { readonly kind: 'moved'; readonly mean: number; readonly otherMean: number; readonly others: number };
}

function comparedOf(cohort: Cohort, replayed: Replayed): Compared {
  const inside = new Set(cohort.rows);
  if (replayed.task === 'regression') {
    const [own, others]: [number[], number[]] = [[], []];
    for (const [at, row] of replayed.rows.entries())
      (inside.has(row) ? own : others).push(Math.abs(replayed.moved[at] ?? NaN));
    const pValue = Math.min(own.length, others.length) < 2 ? 1 : welchT(own, others).pValue;
    const what = {
      kind: 'moved',
      mean: momentsOf(own).mean,
      otherMean: momentsOf(others).mean,
      others: others.length,
    } as const;
    return { cohort, pValue, what };
  }
  let [flips, otherFlips] = [0, 0];
  for (const [at, row] of replayed.rows.entries()) {
    if (replayed.candidate[at] === replayed.champion[at]) continue;
    if (inside.has(row)) flips += 1;
    else otherFlips += 1;
  }
  const size = cohort.rows.length;
  const others = replayed.rows.length - size;
  const pValue = others === 0 ? 1 : fisherExact(flips, size - flips, otherFlips, others - otherFlips);
  return { cohort, pValue, what: { kind: 'flips', flips, otherFlips, others } };
}

function findingOf(
  { cohort, pValue, what }: Compared,
  adjusted: number,
  family: number,
  { limit, at }: { readonly limit: number | undefined; readonly at: ReturnType<LoadedManifest['place']> },
): Finding {
  const id = `replay/cohorts/${cohort.key}`;
  const rows = cohort.rows.length;
  const p = `adjusted p ${pValueText(adjusted)}`;
  if (what.kind === 'moved') {
    const measured = {
      cohort: cohort.name,
      meanMoved: what.mean,
      othersMeanMoved: what.otherMean,
      pValue,
      adjustedPValue: adjusted,
      n: rows,
    };
    if (rows < FEWEST_ROWS) return tooFew(id, cohort, measured);
    const decimals = decimalsFor(what.mean);
    const others = what.others === 0 ? '' : `, of all others by ${numberText(what.otherMean, decimals)} (${p})`;
    return pass(
      id,
      `${cohort.name}: answers move by ${numberText(what.mean, decimals)} on average${others}`,
      measured,
      { advisory: true },
    );
  }
  const { flips, otherFlips, others } = what;
  const [own, joint] = [binomialInterval(flips, rows, ALPHA), binomialInterval(flips, rows, ALPHA / family)];
  const measured = {
    cohort: cohort.name,
    flips,
    share: flips / rows,
    interval: [own.lower, own.upper],
    jointInterval: [joint.lower, joint.upper],
    othersShare: others === 0 ? null : otherFlips / others,
    pValue,
    adjustedPValue: adjusted,
    n: rows,
    ...(limit === undefined ? {} : { limit }),
  };
  if (rows < FEWEST_ROWS) return tooFew(id, cohort, measured);
  const than = others === 0 ? '' : ` against ${percentText(otherFlips / others)} of all others (${p})`;
  const reason = `${cohort.name}: ${countText(flips)} of ${countText(rows)} decisions change, ${percentText(flips / rows)}, 95 % interval [${percentText(own.lower)}, ${percentText(own.upper)}]${than}`;
  if (limit !== undefined && joint.lower > limit)
    return fail(id, `more decisions change than may: ${reason}, limit ${percentText(limit)}`, measured, {
      at,
      next: 'Look at the requests of this cohort in replay/examples: are these changes meant?',
    });
  return pass(id, reason, measured, { advisory: true });
}

function tooFew(id: string, cohort: Cohort, measured: Parameters<typeof inconclusive>[2]): Finding {
  return inconclusive(id, `${cohort.name}: cannot say, only ${plural(cohort.rows.length, 'request')}`, measured, {
    advisory: true,
  });
}
