import type { Evidence } from '../evidence/evidence.ts';
import type { Alternative, Counterfactual, ExplanationEvidence } from '../evidence/explanation-evidence.ts';
import { fail, inconclusive, notApplicable, pass } from '../finding.ts';
import { countText, numberText, percentText, signedText } from '../report/format.ts';
import type { Finding, Measured } from '../report/report.ts';
import { wilsonInterval } from '../stats/wilson-interval.ts';
import { type Proxies, proxiesOf } from './proxies.ts';
import type { RankedColumn } from './rank-importances.ts';

/** Cramér's V from which an input stands in for a protected column: Cohen's "large" for two groups. */
const PROXY_LIMIT = 0.5;
/** How far from ½ the AUC of the score alone may lie. */
const SCORE_LIMIT = 0.2;
/** Share of decisions that may depend on a protected column alone. */
const FLIP_LIMIT = 0.01;
/** Of a regression: mean change over the spread of the answers. */
const SHIFT_LIMIT = 0.05;
const ALPHA = 0.05;
/** Weaker ones are among the numbers. */
const PROXIES_NAMED = 3;

/** For each protected column: which inputs stand in for it, whether the answers tell it, and whether they depend on it. */
export function protectedFindings(
  { counterfactuals = [] }: ExplanationEvidence,
  ranked: readonly RankedColumn[],
  { proposal, evaluation, candidate }: Evidence,
): readonly Finding[] {
  const names = Object.entries(proposal.manifest.columns).flatMap(([name, column]) => (column.protected ? [name] : []));
  if (names.length === 0)
    return [notApplicable('explanation/proxy', 'the manifest declares no protected column (columns.NAME.protected)')];
  if (evaluation.kind === 'missing' || candidate.kind === 'missing') return [];
  const { table } = evaluation.value;
  const inputs = [...new Set(ranked.map(({ column }) => column))];
  return names.flatMap((name) => {
    const proxies = proxiesOf(name, inputs, table, candidate.value);
    return [
      ...(proxies === undefined ? [unseen(name)] : proxyFindings(proxies, ranked)),
      ...counterfactualFindings(name, inputs, counterfactuals),
    ];
  });
}

function unseen(name: string): Finding {
  return inconclusive(
    `explanation/proxy/${name}`,
    `the evaluation data do not hold the protected column ${name}, so nobody can say what stands in for it`,
    { column: name },
    { advisory: true, next: `Keep ${name} in the evaluation data; the model need not take it.` },
  );
}

function proxyFindings(proxies: Proxies, ranked: readonly RankedColumn[]): readonly Finding[] {
  const { column, rows, inputs, decisions, groups } = proxies;
  const strong = inputs.filter(({ association }) => association >= PROXY_LIMIT);
  const [best] = groups;
  const shareOf = (name: string): number =>
    ranked.reduce((sum, each) => sum + (each.column === name ? each.share : 0), 0);
  const measured: Measured = {
    column,
    n: rows,
    limit: PROXY_LIMIT,
    associations: inputs.map((input) => ({ column: input.column, association: input.association })),
    ...(decisions === undefined ? {} : { decisions }),
  };
  const strongest = inputs
    .slice(0, PROXIES_NAMED)
    .map((input) => `${input.column} ${numberText(input.association, 2)}`)
    .join(', ');
  return [
    ...strong.map((input) =>
      fail(
        `explanation/proxy/${column}/${input.column}`,
        `${input.column} tells ${column}: Cramér's V ${numberText(input.association, 2)} (limit ${PROXY_LIMIT}); it carries ${percentText(shareOf(input.column))} of what drives the answers`,
        {
          column,
          input: input.column,
          association: input.association,
          limit: PROXY_LIMIT,
          share: shareOf(input.column),
          n: rows,
        },
        {
          advisory: true,
          next: `Leaving ${column} out does not keep it out of the decisions: say why ${input.column} is needed, or leave it out and compare the cohorts of ${column}.`,
        },
      ),
    ),
    ...(strong.length > 0
      ? []
      : [
          pass(
            `explanation/proxy/${column}`,
            `no input column alone tells ${column}: Cramér's V at most ${numberText(inputs[0]?.association ?? 0, 2)} (limit ${PROXY_LIMIT}; ${strongest})`,
            measured,
            { advisory: true },
          ),
        ]),
    ...(best === undefined ? [] : [scoreFinding(proxies, best)]),
  ];
}

function scoreFinding({ column, groups, rows }: Proxies, best: Proxies['groups'][number]): Finding {
  const id = `explanation/proxy/${column}/score`;
  const text = `the score alone tells ${column} = ${best.group} from the others with AUC ${numberText(best.auc)} [${numberText(best.interval.lower)}, ${numberText(best.interval.upper)}]`;
  const measured: Measured = {
    column,
    n: rows,
    limit: SCORE_LIMIT,
    groups: groups.map(({ group, auc, interval, rows: n }) => ({
      group,
      auc,
      interval: [interval.lower, interval.upper],
      n,
    })),
  };
  const beyond = best.interval.lower > 0.5 + SCORE_LIMIT || best.interval.upper < 0.5 - SCORE_LIMIT;
  return beyond
    ? fail(id, `${text}: beyond 0.5 ± ${SCORE_LIMIT}`, measured, {
        advisory: true,
        next: `The answers differ that much between groups; whether the truth does too stands in the labels: look at cohorts (gaps and rates of ${column}).`,
      })
    : pass(id, `${text}; nothing beyond 0.5 ± ${SCORE_LIMIT}`, measured, { advisory: true });
}

function counterfactualFindings(
  name: string,
  inputs: readonly string[],
  counterfactuals: readonly Counterfactual[],
): readonly Finding[] {
  const id = `explanation/counterfactual/${name}`;
  if (!inputs.includes(name)) return [notApplicable(id, `${name} is no input: exchanging it alone changes no answer`)];
  const found = counterfactuals.find(({ column }) => column === name);
  if (found === undefined || found.alternatives.length === 0)
    return [
      inconclusive(
        id,
        `${name} could not be exchanged: it holds lists, or values that the model refuses`,
        { column: name },
        { advisory: true },
      ),
    ];
  return [
    found.alternatives.some(({ toPositive, meanChange }) => toPositive !== undefined || meanChange === undefined)
      ? flipFinding(id, found)
      : shiftFinding(id, found),
  ];
}

function flipFinding(id: string, found: Counterfactual): Finding {
  const { column, rows, flipped } = found;
  const share = flipped / rows;
  const interval = wilsonInterval(flipped, rows, ALPHA);
  const [worst] = found.alternatives.toSorted((a, b) => b.flips / Math.max(1, b.rows) - a.flips / Math.max(1, a.rows));
  const measured: Measured = {
    column,
    n: rows,
    flipped,
    share,
    interval: [interval.lower, interval.upper],
    limit: FLIP_LIMIT,
    alternatives: found.alternatives.map(measuredAlternative),
  };
  const told = `${countText(flipped)} of ${countText(rows)} decisions (${percentText(share)}, 95 % interval ${percentText(interval.lower)} to ${percentText(interval.upper)}) change when only ${column} is exchanged`;
  const detail =
    worst === undefined || worst.flips === 0
      ? ''
      : `; as ${String(worst.value)}, ${countText(worst.flips)} of ${countText(worst.rows)} others${worst.toPositive === undefined ? '' : `, ${countText(worst.toPositive)} of them to the positive class`}`;
  if (interval.lower > FLIP_LIMIT)
    return fail(id, `${told}${detail}: more than ${percentText(FLIP_LIMIT, 0)}`, measured, {
      advisory: true,
      next: `Leave ${column} out of the inputs, or say in the manifest why the decision may depend on it (columns.${column}.why).`,
    });
  return interval.upper <= FLIP_LIMIT
    ? pass(id, `${told}, at most ${percentText(FLIP_LIMIT, 0)}`, measured, { advisory: true })
    : inconclusive(
        id,
        `${told}${detail}: whether that is more than ${percentText(FLIP_LIMIT, 0)} cannot be told`,
        measured,
        {
          advisory: true,
          next: 'Evaluate on more rows.',
        },
      );
}

function shiftFinding(id: string, found: Counterfactual): Finding {
  const { column, rows, spread } = found;
  const [worst] = found.alternatives.toSorted((a, b) => b.meanAbsoluteChange - a.meanAbsoluteChange);
  const change = worst?.meanAbsoluteChange ?? 0;
  const share = spread === 0 ? 0 : change / spread;
  const measured: Measured = {
    column,
    n: rows,
    meanAbsoluteChange: change,
    spread,
    share,
    limit: SHIFT_LIMIT,
    alternatives: found.alternatives.map(measuredAlternative),
  };
  const told = `exchanging only ${column} moves the answers by ${numberText(change)} on average (as ${String(worst?.value)}: ${signedText(worst?.meanChange ?? 0)}), ${percentText(share)} of their standard deviation`;
  return share > SHIFT_LIMIT
    ? fail(id, `${told}: more than ${percentText(SHIFT_LIMIT, 0)}`, measured, {
        advisory: true,
        next: `Leave ${column} out of the inputs, or say in the manifest why the answer may depend on it (columns.${column}.why).`,
      })
    : pass(id, told, measured, { advisory: true });
}

function measuredAlternative({
  value,
  rows,
  flips,
  toPositive,
  meanChange,
  meanAbsoluteChange,
}: Alternative): Measured {
  return {
    value,
    n: rows,
    flips,
    ...(toPositive === undefined ? {} : { toPositive }),
    ...(meanChange === undefined ? {} : { meanChange }),
    meanAbsoluteChange,
  };
}
