import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awkwardRevision, loansBytes, loansRevision, sha256Of } from '../daemon/loans.fixture.ts';
import type { RevisionTarget } from '../fleet.ts';
import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import { ArmCounter } from '../replica/counters.ts';
import { type LoadedRevision, loadRevision } from '../replica/load-revision.ts';
import type { RevisionOrder } from '../replica/messages.ts';
import { loansBackground, loansRecords } from './background.fixture.ts';
import { Explainer } from './explainer.ts';

const opened: LoadedRevision[] = [];
const counters = new Map<LoadedRevision, ArmCounter>();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-explainer-'));
});
afterAll(async () => {
  await Promise.all(opened.map(({ session }) => session.close()));
  await rm(folder, { recursive: true, force: true });
});

/** A revision as a replica loads it. */
async function load(
  target: RevisionTarget,
  bytes: Uint8Array,
  background?: Uint8Array,
  over: Partial<RevisionOrder> = {},
): Promise<LoadedRevision> {
  const parsed = parseManifest(target.manifest, 'model.yaml');
  if (parsed.kind === 'refused') throw new Error('the manifest holds');
  const [model, rows] = [join(folder, `${sha256Of(bytes)}.onnx`), join(folder, `${opened.length}.json`)];
  await writeFile(model, bytes);
  if (background !== undefined) await writeFile(rows, background);
  const order: RevisionOrder = {
    model: target.model,
    version: target.version,
    revision: target.revision,
    digest: `sha256:${sha256Of(bytes)}`,
    specification: parsed.loaded.specification,
    paths: { 'model.onnx': model },
    privateColumns: [],
    selfTests: [],
    ...(background === undefined ? {} : { background: { path: rows, sha256: sha256Of(background) } }),
    ...over,
  };
  const counter = new ArmCounter(order.model, order.revision);
  const loaded = await loadRevision(order, counter, false);
  counters.set(loaded, counter);
  opened.push(loaded);
  return loaded;
}

const loans = (background: Uint8Array | undefined = loansBackground(), over: Partial<RevisionOrder> = {}) =>
  load(loansRevision('2.0.0', 'v2_better'), loansBytes('v2_better'), background, over);

const plenty = { budgetMs: 10_000 };
const signal = new AbortController().signal;
const [record = {}] = loansRecords(0, 1);

interface ShapTables {
  readonly models: readonly {
    readonly model: string;
    readonly rows: readonly {
      readonly row: number;
      readonly score: number;
      readonly values: Readonly<Record<string, number>>;
    }[];
  }[];
}

describe('explaining beside a replica', () => {
  it('tells the Shapley values that the shap package tells', async () => {
    const oracle = new URL('../../checks/explain/oracle/shap-tables.json', import.meta.url);
    const tables = JSON.parse(readFileSync(oracle, 'utf8')) as ShapTables;
    const expected = tables.models.find(({ model }) => model === 'loans')?.rows ?? [];
    const found = await new Explainer().explain(await loans(), loansRecords(0, 3), plenty, signal);
    expect(found.background).toBe(`sha256:${sha256Of(loansBackground())}`);
    expect(found.rows).toHaveLength(3);
    for (const [i, row] of found.rows.entries()) {
      if ('error' in row) throw new Error(row.error);
      expect(row.score).toBeCloseTo(expected[i]?.score ?? NaN, 6);
      expect(row.background).toMatchObject({ rows: 20, dataRows: 2000 });
      expect(row.method).toMatchObject({ exactRows: 20, orders: 0 });
      for (const { column, contribution, standardError } of row.columns) {
        expect(contribution).toBeCloseTo(expected[i]?.values[column] ?? NaN, 6);
        expect(standardError).toBe(0);
      }
      const sum = row.columns.reduce((total, { contribution }) => total + contribution, 0);
      expect(row.background.mean + sum).toBeCloseTo(row.score, 6);
    }
  });

  it('tells the columns that were asked for, and what the others contribute together', async () => {
    const explainer = new Explainer();
    const loaded = await loans();
    const [all] = (await explainer.explain(loaded, [record], plenty, signal)).rows;
    const [some] = (await explainer.explain(loaded, [record], { ...plenty, columns: ['age', 'group'] }, signal)).rows;
    if (all === undefined || some === undefined || 'error' in all || 'error' in some) throw new Error('both are told');
    expect(some.columns.map(({ column }) => column).toSorted()).toEqual(['age', 'group']);
    const others = all.columns.filter(({ column }) => column !== 'age' && column !== 'group');
    expect(some.others?.columns).toBe(4);
    expect(some.others?.contribution).toBeCloseTo(
      others.reduce((sum, { contribution }) => sum + contribution, 0),
      12,
    );
  });

  it('flags a value outside its domain, as predicting does', async () => {
    const found = await new Explainer().explain(await loans(), [{ ...record, age: 150 }], plenty, signal);
    expect(found.rows[0]?.flags).toEqual(['age: outside 18 to 100']);
  });

  it('tells no contributions where they do not add up', async () => {
    const target = loansRevision('4.0.0', 'v4_nondeterministic');
    const loaded = await load(target, loansBytes('v4_nondeterministic'), loansBackground());
    const [row] = (await new Explainer().explain(loaded, [record], plenty, signal)).rows;
    expect(row?.additivity.holds).toBe(false);
    expect(row).not.toHaveProperty('columns');
    expect(row).toMatchObject({ error: expect.stringContaining('no explanation of one row holds') });
  });

  it('refuses a third explanation while two are under way, and takes it afterwards', async () => {
    const explainer = new Explainer();
    const loaded = await loans();
    const ask = () => explainer.explain(loaded, [record], plenty, signal);
    const [first, second, third] = await Promise.allSettled([ask(), ask(), ask()]);
    expect([first.status, second.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(third).toMatchObject({ status: 'rejected', reason: { status: 429, retryAfterSeconds: 10 } });
    await expect(ask()).resolves.toMatchObject({ rows: [{ score: expect.any(Number) }] });
    expect(explainer.answered).toBe(3);
  });

  it('leaves its turn to predictions: one that comes while an explanation is under way does not wait for its end', async () => {
    const loaded = await loans();
    const ended: string[] = [];
    const explaining = new Explainer()
      .explain(loaded, loansRecords(0, 16), plenty, signal)
      .then(() => ended.push('explanation'));
    const { records, score, batcher } = loaded;
    if (records.kind === 'none' || score === undefined) throw new Error('it takes records');
    const feeds = new Map(loaded.session.inputs.map(({ name, datatype }) => [name, oneRow(datatype)]));
    await new Promise((resolve) => setImmediate(resolve));
    await batcher.submit(feeds, [score.output], '', performance.now() + 10_000).then(() => ended.push('prediction'));
    await explaining;
    // And it is the only run that is told: an explanation is no prediction.
    expect(counters.get(loaded)?.snapshot()).toMatchObject({ rows: 1, runs: 1 });
    expect(ended).toEqual(['prediction', 'explanation']);
  });

  it('ends when its caller has gone', async () => {
    const gone = AbortSignal.abort(new Error('the caller has gone'));
    await expect(new Explainer().explain(await loans(), [record], plenty, gone)).rejects.toThrow('the caller has gone');
  });

  it.each([
    [
      'an unknown column',
      { ...plenty, columns: ['shoe_size'] },
      400,
      'takes no column "shoe_size"; it takes age, income',
    ],
    ['an unknown class', { ...plenty, ofClass: 'maybe' }, 400, 'there is no class "maybe"; the classes are 0, 1'],
  ])('refuses %s', async (_, wish, status, reason) => {
    const refused = new Explainer().explain(await loans(), [record], wish, signal);
    await expect(refused).rejects.toMatchObject({ status, message: expect.stringContaining(reason) });
  });

  it('refuses records that the revision does not take', async () => {
    const { age: _, ...without } = record;
    const refused = new Explainer().explain(await loans(), [without], plenty, signal);
    await expect(refused).rejects.toMatchObject({
      status: 400,
      unservable: true,
      message: expect.stringContaining('"age"'),
    });
  });

  it('says what to do where no rows to explain against were handed over', async () => {
    const refused = new Explainer().explain(
      await load(loansRevision('1.0.0', 'v1_champion'), loansBytes('v1_champion')),
      [record],
      plenty,
      signal,
    );
    await expect(refused).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining('roll it out, or serve it, with them'),
    });
  });

  it('uses no rows but those that were handed over', async () => {
    const other = Buffer.from(JSON.stringify({ rows: loansRecords(0, 5), dataRows: 5 }));
    const loaded = await loans(loansBackground());
    const path = loaded.order.background?.path ?? '';
    await writeFile(path, other);
    const explainer = new Explainer();
    const ask = () => explainer.explain(loaded, [record], plenty, signal);
    await expect(ask()).rejects.toMatchObject({ status: 422, message: expect.stringContaining('its sha256 is') });
    await writeFile(path, loansBackground());
    await expect(ask()).resolves.toMatchObject({ rows: [{ background: { rows: 20 } }] });
  });

  it('refuses a model that takes tensors only, and says why', async () => {
    const { target, bytes } = awkwardRevision('three_outputs.onnx');
    const [model = new Uint8Array()] = bytes.values();
    const refused = new Explainer().explain(await load(target, model), [{}], plenty, signal);
    await expect(refused).rejects.toMatchObject({ status: 422 });
  });
});

function oneRow(datatype: string) {
  return datatype === 'BYTES'
    ? ({ datatype: 'BYTES', shape: [1, 1], data: ['A'] } as const)
    : ({ datatype: 'FP32', shape: [1, 1], data: new Float32Array([1]) } as const);
}
