import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../app/cli/slipway.ts';
import type { Report } from './report/report.ts';

const loans = join(import.meta.dirname, '../fixtures/loans');
const good = readFileSync(join(loans, 'data/evaluation.csv'), 'utf8');
const parquet = readFileSync(join(loans, 'data/evaluation.parquet'));
const lines = good.trimEnd().split('\n');
const changed = (line: number, of: (text: string) => string) =>
  [...lines.slice(0, line - 1), of(lines[line - 1] ?? ''), ...lines.slice(line), ''].join('\n');

/** What is wrong with the evaluation data, the file, and what the finding says. */
const cases: readonly (readonly [what: string, file: string, bytes: string | Buffer, says: RegExp])[] = [
  [
    'a word among numbers',
    'evaluation.csv',
    changed(5, (text) => text.replace(/^(\d+),\d+/, '$1,forty')),
    /evaluation\.csv, row 4 \(line 5\), column "age": found "forty", expected a number/,
  ],
  [
    'a ragged row',
    'evaluation.csv',
    changed(7, (text) => `${text},9`),
    /evaluation\.csv, row 6 \(line 7\): 9 cells, but the header names 8 columns/,
  ],
  ['no rows', 'evaluation.csv', `${lines[0]}\n`, /evaluation\.csv: a header and no rows/],
  [
    'bytes that are not UTF-8',
    'evaluation.csv',
    Buffer.from(
      changed(3, (text) => text.replace('east', 'ést')),
      'latin1',
    ),
    /evaluation\.csv, row 2 \(line 3\), column "region": not UTF-8 text/,
  ],
  [
    'a Parquet file cut short',
    'evaluation.parquet',
    parquet.subarray(0, 20_000),
    /evaluation\.parquet: not a readable Parquet file/,
  ],
];

describe('slipway check on evaluation data with', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-malformed-'));
    process.env['SLIPWAY_CACHE'] = join(folder, 'cache');
  });
  afterAll(() => {
    delete process.env['SLIPWAY_CACHE'];
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(cases)('%s: a blocking finding names file, row and column', async (what, file, bytes, says) => {
    const { status, report } = await checked(join(folder, what.replaceAll(' ', '-')), file, bytes);
    expect(status).toBe(1);
    const failing = report.checks.flatMap(({ findings }) => findings).filter(({ verdict }) => verdict === 'fail');
    expect(failing.map(({ reason }) => reason).join('\n')).toMatch(says);
    // The cause is told once, as a failure; what could not be asked because of it is inconclusive.
    expect(report.checks.flatMap(({ findings }) => findings).some(({ verdict }) => verdict === 'error')).toBe(false);
  });
});

async function checked(root: string, file: string, bytes: string | Buffer) {
  const model = join(root, 'models/loans');
  mkdirSync(model, { recursive: true });
  copyFileSync(join(loans, 'models/v2_better.onnx'), join(model, 'model.onnx'));
  writeFileSync(join(model, file), bytes);
  const digest = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(model, name)))
      .digest('hex');
  const manifest = `apiVersion: slipway/v1
kind: Model
name: loans
version: 1.0.0
artifact: { uri: model.onnx, sha256: ${digest('model.onnx')} }
evaluation:
  data: { uri: ${file}, sha256: ${digest(file)} }
  label: defaulted
`;
  writeFileSync(join(model, 'model.yaml'), manifest);
  const result = join(root, 'result.json');
  const status = await main(['check', join(model, 'model.yaml'), '--json', result, '--quiet']);
  return { status, report: JSON.parse(readFileSync(result, 'utf8')) as Report };
}
