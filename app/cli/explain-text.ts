import { styleText } from 'node:util';
import type { ExplainedModel } from '../../checks/evidence/explanation-evidence.ts';
import type { ToldExplanation } from '../../checks/explain/explanation-json.ts';
import { rankImportances } from '../../checks/explanation/rank-importances.ts';
import {
  countText,
  decimalsForDifference,
  intervalText,
  numberText,
  percentText,
  plural,
  signedText,
} from '../../checks/report/format.ts';

/** Half of the width of the bars, on either side of nothing. */
const HALF_WIDTH = 20;
const VALUE_WIDTH = 18;
/** Of the largest contribution: what is smaller is told in one line. */
const TOLD_SHARE = 0.01;
const FEWEST_TOLD = 5;

/** One row's score, the mean, and what moved it from there, the greatest first. */
export function rowText(
  told: ToldExplanation,
  { model, row, color }: { readonly model: string; readonly row: string; readonly color: boolean },
): string {
  const { score, background, columns, additivity } = told;
  const moved = score - background.mean;
  const largest = Math.max(...columns.map(({ contribution }) => Math.abs(contribution)), 0);
  const decimals = decimalsForDifference(Math.max(Math.abs(score), Math.abs(background.mean)), largest / 10);
  const sorted = columns.map((column) => ({ ...column, shown: valueText(column.value) }));
  const shownColumns = sorted.filter(
    ({ contribution }, i) => i < FEWEST_TOLD || Math.abs(contribution) >= largest * TOLD_SHARE,
  );
  const rest = sorted.slice(shownColumns.length);
  const nameWidth = Math.max(...shownColumns.map(({ column }) => column.length));
  const valueWidth = Math.min(VALUE_WIDTH, Math.max(...shownColumns.map(({ shown }) => shown.length)));
  const lines = shownColumns.map(({ column, shown, contribution, standardError }) => {
    const error = standardError >= 0.5 * 10 ** -decimals ? ` ± ${numberText(standardError, decimals)}` : '';
    return `  ${column.padEnd(nameWidth)}  ${shown.slice(0, valueWidth).padEnd(valueWidth)}  ${signedText(contribution, decimals).padStart(decimals + 4)}${error}  ${bar(contribution, largest, color)}`.trimEnd();
  });
  return [
    `${model}, ${row}: ${scoreText(told, decimals)}`,
    `The mean of ${plural(background.rows, 'background row')} (of ${countText(background.dataRows)}) is ${numberText(background.mean, decimals)}; what moved it by ${signedText(moved, decimals)}:`,
    '',
    ...lines,
    ...(rest.length === 0
      ? []
      : [
          `  and ${plural(rest.length, 'column')} more, together ${signedText(
            rest.reduce((sum, { contribution }) => sum + contribution, 0),
            decimals,
          )}`,
        ]),
    '',
    additivityText(additivity, decimals),
    methodText(told),
  ].join('\n');
}

function scoreText({ task, score, scoreOf, class: decided, threshold }: ToldExplanation, decimals: number): string {
  const shown = numberText(score, decimals);
  switch (task) {
    case 'regression':
      return `answer ${shown}`;
    case 'binary':
      return `score ${shown} for class ${String(scoreOf)}, decided ${String(decided)} (threshold ${String(threshold)})`;
    case 'multiclass':
      return `class ${String(decided)}, score ${shown}`;
  }
}

function valueText(value: string | number | null): string {
  if (value === null) return 'missing';
  return typeof value === 'number' ? numberText(value, Number.isInteger(value) ? 0 : undefined) : value;
}

function bar(value: number, largest: number, color: boolean): string {
  const cells = largest === 0 ? 0 : Math.round((Math.abs(value) / largest) * HALF_WIDTH);
  const blocks = '█'.repeat(cells);
  const painted =
    color && cells > 0 ? styleText(value < 0 ? 'blue' : 'red', blocks, { validateStream: false }) : blocks;
  return value < 0 ? `${' '.repeat(HALF_WIDTH - cells)}${painted}│` : `${' '.repeat(HALF_WIDTH)}│${painted}`;
}

function additivityText({ sum, expected, difference, holds }: ToldExplanation['additivity'], decimals: number): string {
  return holds
    ? `Together ${signedText(sum, decimals)}: they add up.`
    : `Together ${signedText(sum, decimals)}, but the score lies ${signedText(expected, decimals)} from the mean: they do not add up, by ${signedText(difference, decimals)}. Its answers differ from run to run, or depend on what a row is batched with, and no explanation of one row holds.`;
}

function methodText({ background, method }: ToldExplanation): string {
  const { exactRows, orders, asked } = method;
  const backgroundRows = background.rows;
  const drawn = backgroundRows - exactRows;
  const how =
    drawn === 0
      ? 'exact, all coalitions of the columns that differ'
      : `${countText(orders)} pairs of orders for ${drawn === backgroundRows ? 'each background row' : `${countText(drawn)} background rows, the others exact`}; ± is one standard error of drawing them`;
  return `Shapley values, interventional: ${how}; ${countText(asked)} rows asked.`;
}

/** What each column is worth over all rows. */
export function globalText(model: ExplainedModel, { color }: { readonly color: boolean }): string {
  const { metric, value, rows, of, shuffles, label, left } = model;
  const ranked = rankImportances(model);
  const largest = Math.max(...ranked.map(({ importance }) => Math.abs(importance)), 0);
  const decimals = decimalsForDifference(value, largest / 10);
  const width = Math.max(...ranked.map(({ name }) => name.length));
  const shown = ranked.map(
    ({ importance, interval }) => `${signedText(importance, decimals)} ${intervalText(interval, decimals)}`,
  );
  const shownWidth = Math.max(...shown.map((text) => text.length));
  const lines = ranked.map(({ name, importance, interval, share, changed }, i) => {
    const unused = changed === 0 ? '  changes no answer' : '';
    const blocks = '█'.repeat(largest === 0 ? 0 : Math.round((Math.max(0, importance) / largest) * HALF_WIDTH));
    const painted =
      color && blocks !== ''
        ? styleText(interval.lower > 0 ? 'green' : 'dim', blocks, { validateStream: false })
        : blocks;
    return `  ${name.padEnd(width)}  ${(shown[i] ?? '').padEnd(shownWidth)} ${percentText(share).padStart(7)}  ${painted}${unused}`.trimEnd();
  });
  const sample = rows === of ? plural(rows, 'row') : `${countText(rows)} of ${plural(of, 'row')}`;
  return [
    `${label}: what ${metric} (${numberText(value, decimals)} on ${sample}) loses when a column is shuffled, with 95 % intervals`,
    '',
    ...lines,
    ...(left.length === 0 ? [] : [`  there was no time for ${left.join(', ')}`]),
    '',
    `Permutation importance, ${plural(shuffles, 'seeded shuffle')}; columns that stand in for each other share theirs.`,
  ].join('\n');
}
