import { styleText } from 'node:util';
import type { ExplainedModel } from '../../checks/evidence/explanation-evidence.ts';
import type { RowExplanation } from '../../checks/explain/explain-row.ts';
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
  explanation: RowExplanation,
  { model, row, color }: { readonly model: string; readonly row: string; readonly color: boolean },
): string {
  const { score, background, backgroundRows, dataRows, contributions, values, additivity } = explanation;
  const moved = score - background;
  const largest = Math.max(...contributions.map(({ value }) => Math.abs(value)), 0);
  const decimals = decimalsForDifference(Math.max(Math.abs(score), Math.abs(background)), largest / 10);
  const sorted = contributions
    .map((contribution, k) => ({ ...contribution, shown: valueText(values[k] ?? null) }))
    .toSorted((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const told = sorted.filter(({ value }, i) => i < FEWEST_TOLD || Math.abs(value) >= largest * TOLD_SHARE);
  const rest = sorted.slice(told.length);
  const nameWidth = Math.max(...told.map(({ factor }) => factor.length));
  const valueWidth = Math.min(VALUE_WIDTH, Math.max(...told.map(({ shown }) => shown.length)));
  const lines = told.map(({ factor, shown, value, standardError }) => {
    const error = standardError >= 0.5 * 10 ** -decimals ? ` ± ${numberText(standardError, decimals)}` : '';
    return `  ${factor.padEnd(nameWidth)}  ${shown.slice(0, valueWidth).padEnd(valueWidth)}  ${signedText(value, decimals).padStart(decimals + 4)}${error}  ${bar(value, largest, color)}`.trimEnd();
  });
  return [
    `${model}, ${row}: ${scoreText(explanation, decimals)}`,
    `The mean of ${plural(backgroundRows, 'background row')} (of ${countText(dataRows)}) is ${numberText(background, decimals)}; what moved it by ${signedText(moved, decimals)}:`,
    '',
    ...lines,
    ...(rest.length === 0
      ? []
      : [
          `  and ${plural(rest.length, 'column')} more, together ${signedText(
            rest.reduce((sum, { value }) => sum + value, 0),
            decimals,
          )}`,
        ]),
    '',
    additivityText(additivity, decimals),
    methodText(explanation),
  ].join('\n');
}

function scoreText({ task, score, of, class: decided, threshold }: RowExplanation, decimals: number): string {
  const shown = numberText(score, decimals);
  switch (task) {
    case 'regression':
      return `answer ${shown}`;
    case 'binary':
      return `score ${shown} for class ${String(of)}, decided ${String(decided)} (threshold ${String(threshold)})`;
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

function additivityText({ sum, expected, difference, holds }: RowExplanation['additivity'], decimals: number): string {
  return holds
    ? `Together ${signedText(sum, decimals)}: they add up.`
    : `Together ${signedText(sum, decimals)}, but the score lies ${signedText(expected, decimals)} from the mean: they do not add up, by ${signedText(difference, decimals)}. Its answers differ from run to run, or depend on what a row is batched with, and no explanation of one row holds.`;
}

function methodText({ exactRows, backgroundRows, orders, asked }: RowExplanation): string {
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
