import type { Evidence } from '../evidence/evidence.ts';
import type { ExplainedModel } from '../evidence/explanation-evidence.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { fail, inconclusive, pass } from '../finding.ts';
import { marginOf } from '../metrics/metrics.ts';
import {
  countText,
  decimalsForDifference,
  intervalText,
  numberText,
  percentText,
  plural,
  signedText,
} from '../report/format.ts';
import type { Finding, Measured } from '../report/report.ts';
import { importanceOf, isWorthNothing, type RankedColumn } from './rank-importances.ts';

/** Fewer parts leave a jackknife with no degrees of freedom worth the name. */
const FEWEST_PARTS = 5;
/** Rows (or keys) that make as many parts of five. */
const FEWEST_ROWS = 25;
/** One column with this share of the whole carries nearly everything. */
const NEARLY_EVERYTHING = 0.9;

/** What each column is worth, those that are worth nothing, and one that is worth everything. */
export function importanceFindings(
  model: ExplainedModel,
  ranked: readonly RankedColumn[],
  { proposal }: Evidence,
): readonly Finding[] {
  const { metric, value, left } = model;
  const rule = proposal.manifest.evaluation.metrics.find(({ name }) => name === metric);
  const { margin } = marginOf(metric, rule, value);
  const [first] = ranked;
  return [
    overview(model, ranked),
    ...(left.length === 0
      ? []
      : [
          inconclusive(
            'explanation/left',
            `there was no time to ask about ${plural(left.length, 'column')}: ${left.join(', ')}`,
            { columns: [...left] },
            {
              advisory: true,
              next: 'A faster model, or fewer inputs: shuffling a column asks every sampled row again.',
            },
          ),
        ]),
    ...unusedFindings(model, ranked, margin, proposal.manifest),
    ...(first !== undefined && ranked.length > 1 && first.share >= NEARLY_EVERYTHING && first.interval.lower > 0
      ? [everythingFinding(first, model)]
      : []),
  ];
}

function overview(model: ExplainedModel, ranked: readonly RankedColumn[]): Finding {
  const { metric, value, rows, parts, shuffles, label } = model;
  const told = ranked.filter(({ interval }) => interval.lower > 0);
  const measured: Measured = {
    model: label,
    metric,
    value,
    n: rows,
    of: model.of,
    parts,
    shuffles,
    columns: ranked.map((column) => measuredOf(column)),
  };
  if (parts < FEWEST_PARTS)
    return inconclusive(
      'explanation/importance',
      `the ${plural(rows, 'row')} form ${plural(parts, 'part')} of five rows (or keys) or more; at least ${FEWEST_PARTS} are needed for an interval`,
      measured,
      { next: `Evaluate on at least ${FEWEST_ROWS} rows (or keys) that are independent of each other.` },
    );
  if (told.length === 0)
    return inconclusive(
      'explanation/importance',
      `no column's importance to ${metric} can be told from nothing on ${countText(rows)} rows: columns stand in for each other, or the rows are too few`,
      measured,
      {
        advisory: true,
        next: 'Evaluate on more rows. Where many columns say the same, each alone can be shuffled at no cost: leave some of them out and train again.',
      },
    );
  const [top] = told;
  const decimals = top === undefined ? 3 : decimalsForDifference(value, top.importance);
  const most =
    top === undefined
      ? ''
      : `; shuffling ${top.name} costs ${numberText(top.importance, decimals)} ${intervalText(top.interval, decimals)}`;
  return pass(
    'explanation/importance',
    `${plural(told.length, 'column')} of ${ranked.length} ${told.length === 1 ? 'matters' : 'matter'} to ${metric} (${numberText(value, decimals)})${most}`,
    measured,
  );
}

function measuredOf({ name, importance, standardError, interval, share, changed, source }: RankedColumn): Measured {
  return {
    column: name,
    importance,
    // JSON knows no infinity: where the error is not known, null says so.
    standardError: finiteOrNull(standardError),
    interval: [finiteOrNull(interval.lower), finiteOrNull(interval.upper)],
    share,
    answersChanged: changed,
    losses: [...source.losses],
  };
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/**
 * Columns that are worth nothing alone, provided that they are worth nothing together as well: columns that say the same each cost nothing alone, and
 * nobody should be told to leave out all of them.
 */
function unusedFindings(
  model: ExplainedModel,
  ranked: readonly RankedColumn[],
  margin: number,
  { columns }: Manifest,
): readonly Finding[] {
  if (model.parts < FEWEST_PARTS) return [];
  const whole = ranked.filter(({ source }) => source.patch === undefined);
  const ignored = whole.filter(({ changed }) => changed === 0);
  const nothing = whole.filter((column) => column.changed > 0 && isWorthNothing(column, margin));
  const { together } = model;
  const joint = together === undefined ? undefined : importanceOf(together, model.parts);
  const standIn = joint !== undefined && joint.interval.upper >= margin;
  const told = standIn ? ignored : [...ignored, ...nothing];
  return [
    ...told.map((column) => unusedFinding(column, model, margin, columns[column.column]?.protected === true)),
    ...(standIn && nothing.length > 0 ? [standInFinding(joint, nothing, model, margin)] : []),
  ];
}

function standInFinding(
  joint: ReturnType<typeof importanceOf>,
  nothing: readonly RankedColumn[],
  { metric, rows }: ExplainedModel,
  margin: number,
): Finding {
  const decimals = decimalsForDifference(margin, margin / 10);
  const matters = joint.interval.lower > 0;
  const names = nothing.map(({ name }) => name);
  const text = `each of ${plural(nothing.length, 'column')} is worth nothing alone, and shuffling all of them together costs ${signedText(joint.importance, decimals)} ${metric} ${intervalText(joint.interval, decimals)}`;
  const measured: Measured = {
    metric,
    margin,
    n: rows,
    importance: joint.importance,
    interval: [joint.interval.lower, joint.interval.upper],
    columns: names,
  };
  return matters
    ? pass('explanation/unused', `${text}: they stand in for each other, so none of them is called unused`, measured, {
        advisory: true,
      })
    : inconclusive(
        'explanation/unused',
        `${text}: whether they are unused or stand in for each other cannot be told`,
        measured,
        { advisory: true, next: 'Evaluate on more rows.' },
      );
}

function unusedFinding(
  column: RankedColumn,
  { metric, rows }: ExplainedModel,
  margin: number,
  isProtected: boolean,
): Finding {
  const { name, interval, changed } = column;
  const decimals = decimalsForDifference(margin, margin / 10);
  const reason =
    changed === 0
      ? `${name} changes no answer: the model takes it and does not use it (${countText(rows)} rows)`
      : `${name} is worth nothing that can be told: shuffling it costs ${signedText(column.importance, decimals)} ${metric}, 95 % interval ${intervalText(interval, decimals)}, less than the margin ${numberText(margin, decimals)}`;
  return fail(
    `explanation/unused/${name}`,
    reason,
    { ...measuredOf(column), metric, margin, n: rows },
    {
      advisory: true,
      next: isProtected
        ? 'It is protected and earns nothing: leave it out of the inputs.'
        : 'Leave it out of the inputs: what is not taken need not be collected, governed or watched.',
    },
  );
}

function everythingFinding(column: RankedColumn, { metric, value }: ExplainedModel): Finding {
  return fail(
    `explanation/leak/${column.name}`,
    `${column.name} carries ${percentText(column.share)} of what the inputs add to ${metric} (${numberText(value)}): that is how a label that leaked into an input looks`,
    { ...measuredOf(column), metric, value, limit: NEARLY_EVERYTHING },
    {
      advisory: true,
      next: `Make sure that ${column.name} is known, with this very value, at the moment at which the model is asked.`,
    },
  );
}
