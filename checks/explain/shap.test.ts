import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { takeRows } from '../../serving/model/rows.ts';
import { readTable } from '../data/read-table.ts';
import { answer, openModel } from '../evidence/open-model.ts';
import { explainRow } from './explain-row.ts';

/** `shap.explainers.Exact`: oracle/make_shap_tables.py. */
const tables = JSON.parse(readFileSync(join(import.meta.dirname, 'oracle/shap-tables.json'), 'utf8')) as {
  readonly background: readonly [number, number];
  readonly models: readonly {
    readonly model: string;
    readonly output: string;
    readonly rows: readonly {
      readonly row: number;
      readonly of: number;
      readonly score: number;
      readonly background: number;
      readonly values: Readonly<Record<string, number>>;
    }[];
  }[];
};

const FIXTURES = join(import.meta.dirname, '../../fixtures');

async function opened(folder: string, output: string) {
  const specification = {
    artifact: { uri: 'model.onnx', sha256: '', files: [] },
    inputs: [],
    columns: {},
    outputs: { score: { output } },
    serving: { maxBatch: 64, strictInputs: false },
  };
  const fit = await openModel({ label: folder, model: join(FIXTURES, folder, 'models/v2_better.onnx'), specification });
  if (fit.kind === 'misfit') throw new Error('the fixture fits');
  const types = new Map(fit.model.signature.columns.map(({ name, type }) => [name, type]));
  const bytes = readFileSync(join(FIXTURES, folder, 'data/evaluation.csv'));
  const read = await readTable(bytes, { name: 'evaluation.csv', types });
  if (read.kind === 'refused') throw new Error('the fixture can be read');
  return { model: fit.model, table: read.table };
}

describe('contributions equal those of the shap package', () => {
  it.each(tables.models)('for $model', async ({ model: folder, output, rows }) => {
    const { model, table } = await opened(folder, output);
    const [from, to] = tables.background;
    const background = takeRows(
      table,
      Array.from({ length: to - from }, (_, i) => from + i),
    );
    for (const expected of rows) {
      const found = await explainRow((asked) => answer(model, asked), model.signature, {
        background,
        row: takeRows(table, [expected.row]),
        budget: { rows: Infinity, timeMs: Infinity },
      });
      const scale = Math.max(1, Math.abs(expected.score));
      expect(found.score / scale).toBeCloseTo(expected.score / scale, 6);
      expect(found.background / scale).toBeCloseTo(expected.background / scale, 6);
      expect(found.additivity.holds).toBe(true);
      for (const { factor, value, standardError } of found.contributions) {
        const error = Math.abs(value - (expected.values[factor] ?? NaN));
        // Where orders are drawn (13 columns of wine): four standard errors, one in 16,000, and the seed is fixed.
        expect(error / scale).toBeLessThanOrEqual(4 * (standardError / scale) + 1e-6);
      }
    }
  });
});
