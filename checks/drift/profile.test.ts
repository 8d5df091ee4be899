import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Column, Table } from '../../serving/model/table.ts';
import { tableSource } from '../data/column-source.ts';
import { seededRandom } from '../stats/seeded-random.ts';
import { compareSources, type TableComparisonOptions } from './compare-sources.ts';
import { parseProfile } from './parse-profile.ts';
import { profileSource } from './profile-source.ts';
import { profileStore } from './profile-store.ts';
import { profileOf } from './profile.ts';

const options: TableComparisonOptions = { alpha: 0.01, effect: { psi: 0.1, auc: 0.6 }, seed: 1, label: 'label' };

function table(rows: number, seed: number, shift: number): Table {
  const random = seededRandom(seed);
  const smooth = Float64Array.from({ length: rows }, () => random.normal() + shift);
  const amounts = Float64Array.from({ length: rows }, () => (random.uniform() < 0.6 ? 0 : Math.exp(random.normal())));
  const holes = Float64Array.from({ length: rows }, () => (random.uniform() < 0.1 ? NaN : random.index(7)));
  const columns: readonly Column[] = [
    { kind: 'number', name: 'smooth', values: smooth },
    { kind: 'number', name: 'amounts', values: amounts },
    { kind: 'number', name: 'holes', values: holes },
    {
      kind: 'category',
      name: 'group',
      codes: Int32Array.from(smooth, () => random.index(4) - 1),
      dictionary: ['a', 'b', 'c'],
    },
    {
      kind: 'category',
      name: 'surname',
      codes: Int32Array.from(smooth, () => random.index(3)),
      dictionary: ['x', 'y', 'z'],
    },
    { kind: 'number', name: 'label', values: smooth.map((value) => (value + random.normal() > shift ? 1 : 0)) },
  ];
  return { rows, columns: new Map(columns.map((column) => [column.name, column])) };
}

async function compared(reference: Parameters<typeof compareSources>[0], window: Table, more = {}) {
  const found = await compareSources(reference, tableSource(window), { ...options, ...more });
  if (found.kind === 'refused') throw new Error('tables can be read');
  return found.comparison;
}

/** Through JSON, as it is kept. */
async function kept(reference: Table, pii: readonly string[] = []) {
  const parsed = parseProfile(JSON.stringify(await profileOf(tableSource(reference), { seed: 1, pii })));
  if (parsed.kind === 'refused') throw new Error(parsed.problems.join('; '));
  return parsed.profile;
}

describe('a reference profile', () => {
  test.each([
    ['shorter than its knots', 3000],
    ['longer than its knots', 40_000],
  ])('of a reference %s gives what its rows give', async (_, rows) => {
    const [reference, window] = [table(rows, 1, 0), table(2500, 2, 0.1)];
    const profile = await kept(reference);
    const [whole, fromProfile] = [
      await compared(tableSource(reference), window, { joint: 'none' }),
      await compared(profileSource(profile), window, { joint: 'none' }),
    ];
    for (const [i, column] of whole.columns.entries()) {
      const other = fromProfile.columns[i];
      expect(other).toMatchObject({ name: column.name, method: column.method, drifted: column.drifted });
      expect(other?.psi).toBeCloseTo(column.psi, 12);
      expect(other?.jensenShannon).toBeCloseTo(column.jensenShannon, 12);
      expect(other?.missing).toEqual(column.missing);
      expect(other?.shares).toEqual(column.shares);
      const known = profile.columns.find(({ name }) => name === column.name);
      const error = known?.type === 'number' ? known.error : 0;
      expect(Math.abs((other?.statistic ?? NaN) - column.statistic)).toBeLessThanOrEqual(error + 1e-12);
      expect(error).toBeLessThan(1 / 4000);
    }
    expect(fromProfile.rows).toEqual({ reference: rows, window: 2500 });
  });

  test('keeps a thousand whole rows, so that all columns together and the relation are still asked', async () => {
    const profile = await kept(table(5000, 1, 0));
    expect(profile.sample['smooth']).toHaveLength(1000);
    const same = await compared(profileSource(profile), table(3000, 2, 0));
    expect(same.joint).toMatchObject({ drifted: false });
    expect(same.relation).toMatchObject({ drifted: false });
    const moved = await compared(profileSource(profile), table(3000, 3, 1.5));
    expect(moved.joint).toMatchObject({ drifted: true });
  });

  test('keeps nothing of personal data', async () => {
    const profile = await kept(table(500, 1, 0), ['surname']);
    expect(JSON.stringify({ ...profile, left: [] })).not.toContain('surname');
    expect(profile.left).toEqual([{ column: 'surname', why: 'personal data: a profile keeps nothing of it' }]);
  });

  test('that was changed is refused with the place', async () => {
    const profile = await kept(table(500, 1, 0));
    const changed = (text: string) => {
      const parsed = parseProfile(text);
      return parsed.kind === 'refused' ? parsed.problems : [];
    };
    expect(changed('{')[0]).toMatch(/^not JSON/);
    expect(changed('{"kind":"other"}')).toEqual(['/kind: expected "slipway.profile": this is no profile']);
    expect(changed(JSON.stringify({ ...profile, version: 2 }))[0]).toContain('/version');
    expect(changed(JSON.stringify({ ...profile, rows: 501 }))).toContain(
      '/columns/0/knots/atMost: they do not add up to the rows',
    );
    expect(changed(JSON.stringify({ ...profile, sample: { ...profile.sample, smooth: [1] } }))).toEqual([
      '/sample: expected as many values in every column',
    ]);
  });

  test('is found again by the digest of its reference, and only by that', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'slipway-profiles-'));
    try {
      const [store, digest] = [profileStore(folder), 'a'.repeat(64)];
      const profile = await kept(table(100, 1, 0));
      expect(await store.read(digest)).toBeUndefined();
      await store.write(digest, profile);
      expect(await store.read(digest)).toEqual(profile);
      expect(await store.read('b'.repeat(64))).toBeUndefined();
      await expect(store.read('../escape')).rejects.toThrow('no SHA-256');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
