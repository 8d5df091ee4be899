import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordAt } from '../../serving/model/record-at.ts';
import type { Specification } from '../../serving/model/specification.ts';
import { readTable } from '../data/read-table.ts';
import { driftSideOf } from './drift-side.ts';
import type { DataJob, Job } from './job.ts';
import { openModel, type OpenModel } from './open-model.ts';
import type { ReplayEvidence } from './replay-evidence.ts';
import { replayPart } from './replay.ts';

const fixtures = join(import.meta.dirname, '../../fixtures');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-replay-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const specification: Specification = {
  artifact: { uri: 'model.onnx', sha256: '00', files: [] },
  inputs: [],
  columns: {},
  outputs: {},
  serving: { maxBatch: 64, strictInputs: false },
};

async function open(model: string, more: Partial<Specification> = {}): Promise<OpenModel> {
  const fit = await openModel({
    label: model,
    specification: { ...specification, ...more },
    model: join(fixtures, `${model}.onnx`),
  });
  if (fit.kind === 'misfit') throw new Error(fit.problems[0]?.reason);
  return fit.model;
}

async function replay(
  candidate: OpenModel,
  champion: OpenModel,
  file: string,
  answerLimitMs = 60_000,
): Promise<ReplayEvidence> {
  const window: DataJob = { file, name: 'window', label: 'label' };
  const types = {
    types: new Map(candidate.signature.columns.map(({ name, type }) => [name, type] as const)),
    required: [],
  };
  const drift = await driftSideOf({ window }, types, candidate, champion);
  const job: Pick<Job, 'window' | 'types' | 'answerLimitMs'> = { window, types: {}, answerLimitMs };
  const nothing = { task: 'regression', rows: 0, scores: new Float64Array(0) } as const;
  const part = await replayPart.measure(
    {
      job: job as Job,
      types,
      candidate,
      champion,
      evaluation: { table: { rows: 0, columns: new Map() }, labels: { kind: 'values', values: new Float64Array(0) } },
      answers: nothing,
      drift,
      rowMs: 0.01,
    },
    { put: () => undefined, progress: () => undefined },
  );
  if (part?.kind !== 'gathered') throw new Error(part?.reason ?? 'nothing was replayed');
  return part.value;
}

describe('recorded requests', () => {
  test.each([
    ['loans', 'loans/data/production_nodrift.csv', 'binary'],
    ['digits', 'digits/data/production.parquet', 'multiclass'],
    ['diabetes', 'diabetes/data/reference.csv', 'regression'],
  ] as const)(
    '%s: every row is answered by both, and by the champion the same when it is asked again',
    async (set, file, task) => {
      const inputs = set === 'digits' ? { inputs: [{ name: 'pixels', columns: ['pixels'], shape: [64] }] } : {};
      const [candidate, champion] = await Promise.all([
        open(`${set}/models/v2_better`, inputs),
        open(`${set}/models/v1_champion`, inputs),
      ]);
      const found = await replay(candidate, champion, join(fixtures, file));
      expect([found.candidate.task, found.champion.rows, found.recorded]).toEqual([
        task,
        found.table.rows,
        found.table.rows,
      ]);
      expect([...found.candidateRefused.rows, ...found.championRefused.rows]).toEqual([]);
      const apart = found.champion.scores.map((score, at) => Math.abs(score - (found.championAgain.scores[at] ?? NaN)));
      expect(Math.max(...apart) / Math.max(...found.champion.scores.map(Math.abs))).toBeLessThan(1e-5);
    },
  );

  test('as JSON lines are the same requests', async () => {
    const model = await open('loans/models/v2_better');
    const csv = join(fixtures, 'loans/data/production_nodrift_small.csv');
    const read = await readTable(readFileSync(csv), { name: 'window.csv' });
    if (read.kind === 'refused') throw new Error('the fixture can be read');
    const { table } = read;
    const instances = Array.from({ length: table.rows }, (_, row) => recordAt(table, row, model.signature));
    const lines = join(folder, 'requests.jsonl');
    writeFileSync(lines, instances.map((instance) => JSON.stringify({ instances: [instance] })).join('\n'));
    const [rows, requests] = [await replay(model, model, csv), await replay(model, model, lines)];
    expect(requests.candidate).toEqual(rows.candidate);
    expect(requests.table.rows).toBe(table.rows);
  });

  test('that a model refuses are told by row, and the others are answered', async () => {
    const [candidate, champion] = await Promise.all([
      open('awkward-models/int64_identity', { outputs: { task: 'regression' } }),
      open('awkward-models/int64_identity', { outputs: { task: 'regression' } }),
    ]);
    const [column = ''] = candidate.signature.columns.map(({ name }) => name);
    const file = join(folder, 'gaps.csv');
    writeFileSync(
      file,
      `${column}\n${Array.from({ length: 300 }, (_, row) => (row % 100 === 7 ? '1.5' : String(row))).join('\n')}\n`,
    );
    const loose: OpenModel = {
      ...champion,
      signature: {
        ...champion.signature,
        columns: champion.signature.columns.map((each) => ({ ...each, type: 'number' })),
      },
    };
    const found = await replay({ ...candidate, signature: loose.signature }, loose, file);
    expect([...found.candidateRefused.rows]).toEqual([7, 107, 207]);
    expect(found.candidateRefused.first).toContain('row 8');
    expect([found.candidate.scores[6], found.candidate.scores[7], found.candidate.scores[8]]).toEqual([6, NaN, 8]);
  });

  test('that lack a column of the candidate’s are refused, each of them', async () => {
    const [candidate, champion] = await Promise.all([
      open('diabetes/models/v2_better'),
      open('diabetes/models/v1_champion'),
    ]);
    const file = join(folder, 'few.csv');
    const [column = ''] = champion.signature.columns.map(({ name }) => name);
    writeFileSync(file, `${column}\n${Array.from({ length: 40 }, (_, row) => row + 20).join('\n')}\n`);
    const found = await replay(candidate, champion, file);
    expect([found.candidateRefused.rows.length, found.championRefused.rows.length]).toEqual([40, 0]);
    expect(found.candidateRefused.first).toContain('no such column');
  });

  test('show the noise of a champion whose answers depend on what they are batched with', async () => {
    const champion = await open('awkward-models/batch_dependent_scaled', {
      inputs: [{ name: 'x', columns: ['a', 'b', 'c', 'd'] }],
      outputs: { task: 'regression', score: { output: 'y', index: 0 } },
    });
    const file = join(folder, 'four.csv');
    writeFileSync(
      file,
      `a,b,c,d\n${Array.from({ length: 300 }, (_, row) => `${row},${row % 7},${row % 11},1`).join('\n')}\n`,
    );
    const { champion: first, championAgain } = await replay(champion, champion, file);
    expect(first.scores.some((score, at) => Math.abs(score - (championAgain.scores[at] ?? NaN)) > 1e-3)).toBe(true);
  });

  test('are a sample where there is no time for all of them', async () => {
    const model = await open('loans/models/v2_better');
    const found = await replay(model, model, join(fixtures, 'loans/data/production_nodrift.csv'), 4);
    expect(found.table.rows).toBeLessThan(found.recorded);
    expect(found.rows.length).toBe(found.table.rows);
  });
});
