import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { andersonDarlingOfTies } from './anderson-darling.ts';
import { cramerVonMisesOfTies } from './cramer-von-mises.ts';
import { ksOfTies } from './ks-two-sample.ts';
import { mergedTies } from './merged-ties.ts';
import { rocAuc } from './roc-auc.ts';

// NannyML's California housing example: published.json holds what its pages show and what it gives when run (nannyml, Apache-2.0).
const folder = join(import.meta.dirname, '../../../shared/data/published/california');

interface Published {
  readonly california_ks: {
    readonly published: Readonly<Record<string, number>>;
    readonly recomputed: Readonly<Record<string, number>>;
    readonly per_chunk: readonly (Readonly<Record<string, number>> & {
      readonly period: string;
      readonly month: string;
    })[];
  };
  readonly california_alert_counts_published: { readonly published: Readonly<Record<string, number>> };
  readonly california_auc: { readonly recomputed_from_csv: { readonly test: number; readonly production: number } };
}

type Row = Readonly<Record<string, string>>;

function rowsOf(name: string): Row[] {
  const [header = '', ...lines] = readFileSync(join(folder, name), 'utf8').trim().split('\n');
  const names = header.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [names[i] ?? '', cell])));
}

function sortedColumn(rows: readonly Row[], name: string): Float64Array {
  return Float64Array.from(rows, (row) => Number(row[name])).sort();
}

describe.skipIf(!existsSync(folder))('California, month by month against the reference', () => {
  const published: Published = existsSync(folder)
    ? JSON.parse(readFileSync(join(folder, 'published.json'), 'utf8'))
    : { california_ks: { published: {}, recomputed: {}, per_chunk: [] } };
  const { california_ks: ks } = published;

  test('KS distances are NannyML’s, each month’s and on average', () => {
    const reference = rowsOf('california_housing_reference.csv');
    const months = [reference, rowsOf('california_housing_analysis.csv')].flatMap((rows) => [
      ...Map.groupBy(rows, (row) => row['timestamp']?.slice(0, 7) ?? '').values(),
    ]);
    expect(months.map((rows) => rows.length)).toEqual(ks.per_chunk.map((chunk) => chunk['n']));
    const alerts: Record<string, number> = {};
    for (const [name, average] of Object.entries(ks.recomputed)) {
      const whole = sortedColumn(reference, name);
      const distances = months.map((rows) => ksOfTies(mergedTies(whole, sortedColumn(rows, name)), 1).statistic);
      distances.forEach((distance, i) => expect(distance).toBeCloseTo(ks.per_chunk[i]?.[name] ?? NaN, 12));
      const mean = distances.reduce((sum, distance) => sum + distance, 0) / distances.length;
      expect(mean).toBeCloseTo(average, 12);
      expect(mean).toBeCloseTo(ks.published[name] ?? NaN, 5);
      alerts[name] = alertsOf(
        distances,
        ks.per_chunk.map((chunk) => chunk.period === 'reference'),
      );
    }
    expect(alerts).toEqual(published.california_alert_counts_published.published);
  });

  test('the area under the curve is that of the shipped predictions, over both periods', () => {
    const reference = rowsOf('california_housing_reference.csv');
    const truth = new Map(
      rowsOf('california_housing_analysis_gt.csv').map((row) => [row['id'], Number(row['clf_target'])]),
    );
    const analysis = rowsOf('california_housing_analysis.csv');
    const scores = (rows: readonly Row[]) => rows.map((row) => Number(row['y_pred_proba']));
    const { test: first, production } = published.california_auc.recomputed_from_csv;
    const before = rocAuc(
      scores(reference),
      reference.map((row) => Number(row['clf_target'])),
    );
    const after = rocAuc(
      scores(analysis),
      analysis.map((row) => truth.get(row['id']) ?? NaN),
    );
    expect(before).toBeCloseTo(first, 10);
    expect(after).toBeCloseTo(production, 10);
  });

  test('what equal-width bins hide is found: average occupancy in heavy tails', () => {
    const [reference, analysis] = [
      rowsOf('california_housing_reference.csv'),
      rowsOf('california_housing_analysis.csv'),
    ].map((rows) => sortedColumn(rows, 'AveOccup'));
    const ties = mergedTies(reference ?? new Float64Array(0), analysis ?? new Float64Array(0));
    const found = ksOfTies(ties, 1);
    expect(found.statistic).toBeCloseTo(0.0838, 4);
    const all = [found.pValue, cramerVonMisesOfTies(ties, 1).pValue, andersonDarlingOfTies(ties, 1).pValue];
    expect(all.every((p) => p < 1e-12)).toBe(true);
  });
});

/** NannyML's: months after the reference whose distance lies above the mean of the reference's months by three standard deviations. */
function alertsOf(distances: readonly number[], isReference: readonly boolean[]): number {
  const known = distances.filter((_, i) => isReference[i] === true);
  const mean = known.reduce((sum, distance) => sum + distance, 0) / known.length;
  const deviation = Math.sqrt(known.reduce((sum, distance) => sum + (distance - mean) ** 2, 0) / known.length);
  return distances.filter((distance, i) => isReference[i] !== true && distance > mean + 3 * deviation).length;
}
