import { inputColumns } from '../baseline/input-columns.ts';
import { metricRules } from '../baseline/metric-rules.ts';
import type { EvaluationData, Evidence } from '../evidence/evidence.ts';
import { fail, inconclusive, notApplicable, pass } from '../finding.ts';
import type { MetricName, MetricRule } from '../manifest/manifest.ts';
import { metricOfRows } from '../metrics/metric-value.ts';
import { marginOf } from '../metrics/metrics.ts';
import { pickedRows, type ScoredRows } from '../metrics/scored-rows.ts';
import { countText, numberText, plural } from '../report/format.ts';
import type { Finding } from '../report/report.ts';
import { seededRandom } from '../stats/seeded-random.ts';
import { judgeCohort } from './judge-cohort.ts';
import { sliceColumns } from './slice-columns.ts';
import {
  FEWEST_ROWS_SEARCHED,
  lossName,
  type OwnLoss,
  slicesAgainstChampion,
  slicesAgainstEveryone,
  type SliceSides,
  type TestedSlice,
} from './weakest-slice.ts';

/** Rows searched at most: more find the same slices, later. */
const MOST_ROWS = 100_000;
/** A slice is told as weak when its loss lies surely above everyone else's by this share of it, and the champion's by so much less: some rows are hard. */
const WEAKER_BY = 0.5;

interface Sides {
  readonly evidence: Evidence;
  readonly data: EvaluationData;
  readonly rows: Uint32Array;
  readonly candidate: ScoredRows;
  readonly champion: ScoredRows;
}

/** The weakest slices by search: against the champion, which blocks by failing, and against everyone, which is told. */
export function sliceFindings(given: Sides): readonly Finding[] {
  if (given.rows.length < FEWEST_ROWS_SEARCHED)
    return [
      notApplicable(
        'cohorts/slices',
        `slices are searched from ${FEWEST_ROWS_SEARCHED} rows on, and these are ${given.rows.length}`,
        {
          rows: given.rows.length,
        },
      ),
    ];
  const sides = searchedSides(given);
  if (sides.columns.length === 0)
    return [notApplicable('cohorts/slices', 'there is no column to part the rows by', { columns: 0 })];
  return [...againstChampion(sides, given.evidence), againstEveryone(sides)];
}

function searchedSides({ evidence, data, rows, candidate, champion }: Sides): SliceSides {
  const places = sampledPlaces(rows.length);
  const picked = places === undefined ? rows : places.map((place) => rows[place] ?? 0);
  const pick = (side: ScoredRows) => (places === undefined ? side : pickedRows(side, places));
  const { label, key, time } = evidence.proposal.manifest.evaluation;
  return {
    data,
    rows: picked,
    columns: sliceColumns(data.table, picked, {
      inputs: inputColumns(evidence) ?? [],
      without: new Set([label, key, time].filter((name) => name !== undefined)),
    }),
    candidate: pick(candidate),
    champion: pick(champion),
  };
}

function sampledPlaces(rows: number): Uint32Array | undefined {
  if (rows <= MOST_ROWS) return undefined;
  const random = seededRandom(1);
  const share = MOST_ROWS / rows;
  return Uint32Array.from({ length: rows }, (_, place) => place).filter(() => random.uniform() < share);
}

function againstChampion(sides: SliceSides, evidence: Evidence): readonly Finding[] {
  const { proposal, baseline } = evidence;
  const rules = metricRules(proposal.manifest, sides.candidate.task);
  const names = rules.map(({ rule }) => rule.name);
  const { tested, searched } = slicesAgainstChampion(sides, names);
  const family = tested.length * rules.length;
  const judged = rules.flatMap(({ rule, pointer }) =>
    tested.flatMap((slice) => {
      const compared = slice.compared.get(rule.name);
      if (compared === undefined) return [];
      const judgement = judgeCohort({
        cohort: slice.cohort,
        compared,
        family,
        familyName: 'test',
        margin: cohortMarginOf(rule, sides.champion),
        rarer: slice.rarer,
        undecided: 'list',
      });
      return [{ ...judgement, slice, metric: rule.name, at: proposal.place(pointer) }];
    }),
  );
  const failing = judged.filter(({ verdict }) => verdict === 'fail');
  if (failing.length === 0)
    return [
      baseline.kind === 'simple'
        ? notApplicable('cohorts/slices', 'there is no champion that a slice could be worse off than under', {
            searched,
          })
        : noneWorse(judged, searched, family),
    ];
  // One finding a slice: the metric, and where both halves found it the half, that is furthest from chance.
  const bySlice = Map.groupBy(
    failing.toSorted((a, b) => Number(a.measured['pValue']) - Number(b.measured['pValue'])),
    ({ slice }) => slice.cohort.key,
  );
  return [...bySlice].flatMap(([key, [first, ...others]]): readonly Finding[] => {
    if (first === undefined) return [];
    const { verdict, reason, measured, next, at } = first;
    return [
      {
        id: `cohorts/slice/${key}/${first.metric}`,
        verdict,
        // A trivial model is no champion: being worse than it in a slice is told.
        severity: baseline.kind === 'simple' ? 'advisory' : 'blocking',
        reason: `found by search, tested on ${plural(first.slice.places.length, 'row')} that the search did not see: ${reason}`,
        measured: { ...measured, searched, tested: family, alsoFailing: others.map(({ metric }) => metric) },
        at,
        ...(next === undefined ? {} : { next }),
      },
    ];
  });
}

function cohortMarginOf(rule: MetricRule, champion: ScoredRows): number {
  const overall = metricOfRows(rule.name, champion);
  return marginOf(rule.name, rule, overall.kind === 'value' ? overall.value : 0).cohortMargin;
}

type Judged = Pick<Finding, 'verdict' | 'reason' | 'measured'> & {
  readonly slice: TestedSlice;
  readonly metric: MetricName;
};

function noneWorse(judged: readonly Judged[], searched: number, family: number): Finding {
  const id = 'cohorts/slices';
  const measured = {
    searched,
    tested: family,
    slices: judged.map(
      ({ slice, metric, verdict, measured: { difference = null, jointInterval = null, n = null } }) => ({
        slice: slice.cohort.name,
        metric,
        verdict,
        difference,
        jointInterval,
        n,
      }),
    ),
  };
  const looked = `${countText(searched)} slices were searched`;
  const [first] = judged;
  if (first === undefined)
    return inconclusive(id, `${looked}, and none has rows enough to be tested on`, measured, {
      advisory: true,
      next: 'Evaluate on more rows.',
    });
  const open = judged.find(({ verdict }) => verdict === 'inconclusive');
  return open === undefined
    ? pass(
        id,
        `${looked}, and the weakest are not worse on rows that the search did not see: ${first.reason}`,
        measured,
      )
    : inconclusive(id, `${looked}; ${open.reason}`, measured, {
        advisory: true,
        next: `Evaluate on more rows of ${open.slice.cohort.name}, or declare it under evaluation.cohorts.`,
      });
}

function againstEveryone(sides: SliceSides): Finding {
  const id = 'cohorts/weakest-slice';
  const { tested, searched } = slicesAgainstEveryone(sides);
  const [weakest] = tested.toSorted((a, b) => excessOf(b) - excessOf(a));
  if (weakest === undefined)
    return inconclusive(
      id,
      `${countText(searched)} slices were searched, and none has rows enough to be tested on`,
      { searched },
      {
        advisory: true,
        next: 'Evaluate on more rows.',
      },
    );
  const { cohort, inside, outside, interval, places, champion } = weakest;
  const loss = lossName(sides.candidate);
  const isHarder = inside / outside < (1 + WEAKER_BY) * (champion.inside / champion.outside);
  const reason = `the weakest slice by search, ${cohort.name} (${plural(places.length, 'row')} that the search did not see): ${loss} ${numberText(inside)} against ${numberText(outside)} elsewhere; the baseline's is ${numberText(champion.inside)} against ${numberText(champion.outside)}`;
  const measured = {
    slice: cohort.name,
    loss,
    inside,
    outside,
    champion,
    jointInterval: [interval.lower, interval.upper],
    limit: WEAKER_BY * outside,
    rows: places.length,
    searched,
    tested: tested.length,
  };
  return interval.lower > WEAKER_BY * outside && !isHarder
    ? fail(id, reason, measured, {
        advisory: true,
        next: `Look at the labels and rows of ${cohort.name}; declare it under evaluation.cohorts to have it watched.`,
      })
    : pass(id, reason, measured);
}

function excessOf({ inside, outside }: OwnLoss): number {
  return inside - outside;
}
