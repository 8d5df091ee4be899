import { describe, expect, it } from 'vitest';
import type { Arm, ModelTarget } from '../fleet.ts';
import { type RevisionState, type TableOrder, keyOf } from '../replica/messages.ts';
import type { StoredModel } from './store.ts';
import { type ReplicaView, type Role, type Situation, turnOf } from './turn.ts';

const target = (arms: readonly Arm[], min = 1): ModelTarget => ({
  arms,
  salt: 'salt',
  replicas: { min, max: 4, target: 4 },
});

const model = (
  arms: readonly Arm[],
  proven: Readonly<Record<string, number>>,
  more: Partial<StoredModel> = {},
): StoredModel => ({
  model: 'income',
  generation: 2,
  target: target(arms),
  revisions: ['A', 'B'].map((revision) => ({
    target: {
      model: 'income',
      version: `version of ${revision}`,
      revision,
      manifest: '',
      files: {},
      selfTests: [],
      provenance: { approvals: [], checks: [] },
    },
    ...(proven[revision] === undefined ? {} : { provenMs: proven[revision] }),
  })),
  ...more,
});

const key = (revision: string): string => keyOf('income', revision);
const ready: RevisionState = { kind: 'ready', loadMs: 5, knows: [] };

const tableOf = (...arms: readonly (readonly [revision: string, weight: number, socket?: string])[]): TableOrder => ({
  model: 'income',
  generation: 1,
  arms: arms.map(([revision, weight, socket]) => ({
    revision,
    version: `version of ${revision}`,
    weight,
    leased: socket !== undefined,
    ...(socket === undefined ? {} : { socket }),
  })),
  salt: 'salt',
  knows: [],
});

function replica(id: number, role: Role, more: Partial<ReplicaView> = {}): ReplicaView {
  return {
    id,
    role,
    socket: `${id}.sock`,
    listening: true,
    draining: false,
    opened: false,
    worn: false,
    revisions: new Map(),
    tables: new Map(),
    ...more,
  };
}

const publicWith = (id: number, table: TableOrder, ...revisions: readonly string[]): ReplicaView =>
  replica(
    id,
    { kind: 'public' },
    {
      tables: new Map([['income', table]]),
      revisions: new Map(revisions.map((revision) => [key(revision), ready])),
    },
  );

const turn = (
  models: readonly StoredModel[],
  replicas: readonly ReplicaView[],
  failed: Readonly<Record<string, string>> = {},
  more: Partial<Situation> = {},
) =>
  turnOf({
    models,
    replicas,
    failed: new Map(Object.entries(failed).map(([revision, why]) => [key(revision), why])),
    publics: Math.max(1, ...models.map((each) => each.target?.replicas.min ?? 1)),
    resting: new Set(),
    waking: new Set(),
    apart: new Set(),
    ...more,
  });

const armsFor = (turned: ReturnType<typeof turn>, id: number) => turned.orders.get(id)?.tables[0]?.arms;

const onlyA: readonly Arm[] = [{ revision: 'A', weight: 100 }];
const promoted: readonly Arm[] = [
  { revision: 'B', weight: 100 },
  { revision: 'A', weight: 0 },
];
const canary: readonly Arm[] = [
  { revision: 'A', weight: 75 },
  { revision: 'B', weight: 25, leased: true },
];

describe('a turn', () => {
  it('keeps one public replica, even of a fleet without models: somebody must say so to callers', () => {
    expect(turn([], []).start).toEqual([{ kind: 'public' }]);
  });

  it('proves a revision in a process of its own before any public replica may load it', () => {
    const turned = turn([model(onlyA, {})], [replica(1, { kind: 'public' })]);
    expect(turned.start).toEqual([{ kind: 'prover' }]);
    expect(turned.orders.get(1)?.revisions).toEqual([]);
  });

  it('has a proven revision loaded by the public replicas, and lets the process go that proved it', () => {
    const prover = replica(2, { kind: 'prover' }, { revisions: new Map([[key('A'), ready]]) });
    const turned = turn([model(onlyA, { A: 5 })], [replica(1, { kind: 'public' }), prover]);
    expect(turned.orders.get(1)?.revisions).toEqual([key('A')]);
    expect(turned.drain).toEqual([2]);
  });

  it('turns a leased arm to its process once that is ready, and not before', () => {
    const loading = replica(
      2,
      { kind: 'candidate', key: key('B') },
      { revisions: new Map([[key('B'), { kind: 'loading' }]]) },
    );
    const stable = publicWith(1, tableOf(['A', 100]), 'A');
    expect(armsFor(turn([model(canary, { A: 5 })], [stable, loading]), 1)?.[1]?.socket).toBeUndefined();
    const loaded = { ...loading, revisions: new Map([[key('B'), ready]]) };
    expect(armsFor(turn([model(canary, { A: 5, B: 5 })], [stable, loaded]), 1)?.[1]?.socket).toBe('2.sock');
  });

  it('goes on with the old arms until the new ones can answer, and keeps the candidate that they turn to', () => {
    const serving = publicWith(1, tableOf(['A', 75], ['B', 25, '2.sock']), 'A');
    const candidate = replica(2, { kind: 'candidate', key: key('B') }, { revisions: new Map([[key('B'), ready]]) });
    const turned = turn([model(promoted, { A: 5, B: 5 })], [serving, candidate]);
    expect(turned.orders.get(1)?.revisions).toEqual(expect.arrayContaining([key('A'), key('B')]));
    expect(armsFor(turned, 1)?.map(({ revision, weight }) => [revision, weight])).toEqual([
      ['A', 75],
      ['B', 25],
    ]);
    expect(turned.drain).toEqual([]);
  });

  it('turns to the new arms at once when they are loaded', () => {
    const turned = turn([model(promoted, { A: 5, B: 5 })], [publicWith(1, tableOf(['A', 100]), 'A', 'B')]);
    expect(armsFor(turned, 1)?.map(({ revision, weight }) => [revision, weight])).toEqual([
      ['B', 100],
      ['A', 0],
    ]);
  });

  it('does not wait for an arm that gets nothing: an abort is at once', () => {
    const arms: readonly Arm[] = [
      { revision: 'A', weight: 100 },
      { revision: 'B', weight: 0 },
    ];
    const turned = turn([model(arms, { A: 5 })], [publicWith(1, tableOf(['A', 50], ['B', 50, '2.sock']), 'A')]);
    expect(armsFor(turned, 1)?.[0]).toMatchObject({ revision: 'A', weight: 100 });
  });

  it('has what loads slowly loaded by fresh replicas, and lets the old ones go only when those are complete', () => {
    const slow = model(promoted, { A: 5, B: 300 });
    const old = publicWith(1, tableOf(['A', 100]), 'A');
    const first = turn([slow], [old]);
    expect(first.start).toEqual([{ kind: 'public' }]);
    expect(first.orders.get(1)?.revisions).toEqual([key('A')]);
    expect(first.open).toEqual([1]);

    const fresh = replica(
      2,
      { kind: 'public' },
      {
        revisions: new Map<string, RevisionState>([
          [key('A'), ready],
          [key('B'), { kind: 'loading' }],
        ]),
      },
    );
    const second = turn([slow], [old, fresh]);
    expect(second).toMatchObject({ start: [], drain: [], open: [1] });

    const complete = {
      ...fresh,
      revisions: new Map([
        [key('A'), ready],
        [key('B'), ready],
      ]),
    };
    const third = turn([slow], [old, complete]);
    expect(third).toMatchObject({ start: [], drain: [1], open: [2] });
    expect(armsFor(third, 2)?.[0]).toMatchObject({ revision: 'B', weight: 100 });
  });

  it('keeps callers where they are while a replica that has them loads what loads quickly', () => {
    const serving = publicWith(1, tableOf(['A', 50], ['B', 50, '3.sock']), 'A');
    const loading = {
      ...serving,
      revisions: new Map([...serving.revisions, [key('B'), { kind: 'loading' } as const]]),
    };
    const candidate = replica(3, { kind: 'candidate', key: key('B') }, { revisions: new Map([[key('B'), ready]]) });
    const quick = model(promoted, { A: 5, B: 5 });
    expect(turn([quick], [{ ...loading, opened: true }, candidate])).toMatchObject({ start: [], drain: [], open: [1] });
    // One that never had any waits until it is complete.
    expect(turn([quick], [loading, candidate]).open).toEqual([]);
  });

  it('keeps a candidate for as long as a replica that drains turns to it', () => {
    const leaving = { ...publicWith(1, tableOf(['A', 75], ['B', 25, '3.sock']), 'A'), draining: true };
    const fresh = publicWith(2, tableOf(['B', 100]), 'A', 'B');
    const candidate = replica(3, { kind: 'candidate', key: key('B') }, { revisions: new Map([[key('B'), ready]]) });
    expect(turn([model(promoted, { A: 5, B: 5 })], [leaving, fresh, candidate]).drain).toEqual([]);
    expect(turn([model(promoted, { A: 5, B: 5 })], [fresh, candidate]).drain).toEqual([3]);
  });

  it('goes on with the arms that were served when the new revision is given up', () => {
    const serving = publicWith(1, tableOf(['A', 100]), 'A');
    const turned = turn([model(promoted, { A: 5 })], [serving], { B: 'it is broken' });
    expect(turned.start).toEqual([]);
    expect(armsFor(turned, 1)).toMatchObject([{ revision: 'A', weight: 100 }]);
  });

  it('loads in a replica that starts meanwhile what was served before, too', () => {
    const served = { generation: 1, target: target(onlyA) };
    const arms: readonly Arm[] = [{ revision: 'B', weight: 100 }];
    const fresh = replica(1, { kind: 'public' }, { revisions: new Map([[key('A'), ready]]) });
    const turned = turn([model(arms, { A: 5 }, { served })], [fresh]);
    expect(turned.orders.get(1)?.revisions).toEqual([key('A')]);
    expect(armsFor(turned, 1)).toMatchObject([{ revision: 'A', weight: 100 }]);
  });

  it('starts no process for a revision that is given up', () => {
    expect(
      turn([model(canary, { A: 5 })], [publicWith(1, tableOf(['A', 100]), 'A')], { B: 'it is broken' }).start,
    ).toEqual([]);
  });

  it('lets go of replicas beyond the number that is wanted, those that are not open first', () => {
    const open = publicWith(1, tableOf(['A', 100]), 'A');
    const starting = replica(2, { kind: 'public' }, { listening: false });
    expect(turn([model(onlyA, { A: 5 })], [starting, open]).drain).toEqual([2]);
  });

  it('starts public replicas until there are as many as are wanted', () => {
    const turned = turn([model(onlyA, { A: 5 })], [publicWith(1, tableOf(['A', 100]), 'A')], {}, { publics: 3 });
    expect(turned.start).toEqual([{ kind: 'public' }, { kind: 'public' }]);
  });

  it('has no orders left that change anything once what should be is', () => {
    const settled = publicWith(1, { ...tableOf(['A', 100]), generation: 2 }, 'A');
    const turned = turn([model(onlyA, { A: 5 })], [settled]);
    expect(turned).toMatchObject({ start: [], drain: [], open: [1] });
    expect(turned.orders.get(1)).toEqual({ revisions: [key('A')], tables: [...settled.tables.values()] });
  });
});

const settledWith = (provenMs: number, ...resting: readonly string[]) =>
  [
    model(onlyA, { A: provenMs }),
    [publicWith(1, { ...tableOf(['A', 100]), generation: 2 }, 'A')],
    { resting: new Set(resting) },
  ] as const;

describe('a turn with models that rest', () => {
  it('has nothing of a resting model loaded, and says in its table that it rests', () => {
    const [resting, replicas, more] = settledWith(5, 'income');
    const turned = turn([resting], replicas, {}, more);
    expect(turned).toMatchObject({ start: [], drain: [], open: [1] });
    expect(turned.orders.get(1)).toMatchObject({ revisions: [], tables: [{ waits: 'resting' }] });
  });

  it('proves what has not been loaded yet, though it rests', () => {
    const turned = turn([model(onlyA, {})], [replica(1, { kind: 'public' })], {}, { resting: new Set(['income']) });
    expect(turned.start).toEqual([{ kind: 'prover' }]);
    // Until then nobody should wait for it.
    expect(turned.orders.get(1)?.tables[0]?.waits).toBeUndefined();
  });

  it('goes on telling of a resting model what was served, until its new revision is proven', () => {
    const served = { generation: 1, target: target(onlyA) };
    const told = (proven: Readonly<Record<string, number>>) =>
      armsFor(
        turn(
          [model([{ revision: 'B', weight: 100 }], proven, { served })],
          [replica(1, { kind: 'public' })],
          {},
          { resting: new Set(['income']) },
        ),
        1,
      )?.map(({ revision }) => revision);
    expect(told({ A: 5 })).toEqual(['A']);
    expect(told({ A: 5, B: 5 })).toEqual(['B']);
  });

  it('keeps a replica open, and opens a fresh one, while they load what wakes', () => {
    const more = { waking: new Set(['income']), publics: 2 };
    const empty = (id: number, opened: boolean) => replica(id, { kind: 'public' }, { opened });
    const turned = turn([model(onlyA, { A: 5 })], [empty(1, true), empty(2, false)], {}, more);
    expect(turned.open).toEqual([1, 2]);
    expect(turned.orders.get(2)).toMatchObject({ revisions: [key('A')], tables: [{ waits: 'resting' }] });
  });

  it('says of a model that loads for the first time that callers may wait, and of one that is given up that they may not', () => {
    const loading = [replica(1, { kind: 'public' })];
    expect(turn([model(onlyA, { A: 5 })], loading).orders.get(1)?.tables[0]?.waits).toBe('loading');
    expect(turn([model(onlyA, { A: 5 })], loading, { A: 'broken' }).orders.get(1)?.tables[0]?.waits).toBeUndefined();
    expect(turn([model(onlyA, {})], loading).orders.get(1)?.tables[0]?.waits).toBeUndefined();
  });
});

describe('a turn with a revision that runs apart', () => {
  const apart = { apart: new Set([key('A')]) };
  const own = replica(2, { kind: 'candidate', key: key('A') }, { revisions: new Map([[key('A'), ready]]) });

  it('starts a process for it, and has public replicas ask there once it is ready, though its arm has no lease', () => {
    const heavy = model(onlyA, { A: 500 });
    const first = turn([heavy], [replica(1, { kind: 'public' }, { opened: true })], {}, apart);
    expect(first).toMatchObject({ start: [{ kind: 'candidate', key: key('A') }], open: [1] });
    expect(first.orders.get(1)).toMatchObject({ revisions: [], tables: [{ waits: 'loading' }] });
    const second = turn([heavy], [replica(1, { kind: 'public' }), own], {}, apart);
    expect(armsFor(second, 1)).toMatchObject([{ revision: 'A', leased: false, socket: '2.sock' }]);
    expect(second.orders.get(1)?.tables[0]?.waits).toBeUndefined();
  });

  it('lets that process go when the model rests, and not before', () => {
    const heavy = model(onlyA, { A: 500 });
    const asking = publicWith(1, tableOf(['A', 100, '2.sock']));
    expect(turn([heavy], [asking, own], {}, apart).drain).toEqual([]);
    expect(turn([heavy], [asking, own], {}, { ...apart, resting: new Set(['income']) }).drain).toEqual([2]);
  });
});

describe('a turn with a replica that is worn', () => {
  it('starts a fresh one, and lets the worn one go once that can take its callers', () => {
    const served = model(onlyA, { A: 5 });
    const worn = { ...publicWith(1, tableOf(['A', 100]), 'A'), opened: true, worn: true };
    expect(turn([served], [worn])).toMatchObject({ start: [{ kind: 'public' }], drain: [], open: [1] });
    const fresh = publicWith(2, tableOf(['A', 100]), 'A');
    expect(turn([served], [worn, fresh])).toMatchObject({ start: [], drain: [1], open: [2] });
  });
});

describe('proving', () => {
  it('is done by two processes, one revision after the other in each, and a new one takes over what a dead one had begun', () => {
    const many = ['a', 'b', 'c', 'd'].map((name) => model(onlyA, {}, { model: name }));
    const publics = [replica(1, { kind: 'public' })];
    expect(turn(many, publics).start).toEqual([{ kind: 'prover' }, { kind: 'prover' }]);
    const busy = replica(2, { kind: 'prover' }, { revisions: new Map([[keyOf('b', 'A'), { kind: 'loading' }]]) });
    const free = replica(3, { kind: 'prover' });
    const turned = turn(many, [...publics, busy, free]);
    expect(turned.start).toEqual([]);
    expect(turned.orders.get(2)?.revisions).toEqual([keyOf('b', 'A')]);
    expect(turned.orders.get(3)?.revisions).toEqual([keyOf('a', 'A')]);
    expect(turn(many, [...publics, free]).start).toEqual([{ kind: 'prover' }]);
  });
});
