import { describe, expect, it } from 'vitest';
import type { Arm, ModelTarget } from '../fleet.ts';
import { type RevisionState, type TableOrder, keyOf } from '../replica/messages.ts';
import type { LogSchema } from '../lake/entry.ts';
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
    ...(socket === undefined ? {} : { sockets: [socket] }),
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
    apart: new Map(),
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
    expect(armsFor(turn([model(canary, { A: 5 })], [stable, loading]), 1)?.[1]?.sockets).toBeUndefined();
    const loaded = { ...loading, revisions: new Map([[key('B'), ready]]) };
    expect(armsFor(turn([model(canary, { A: 5, B: 5 })], [stable, loaded]), 1)?.[1]?.sockets).toEqual(['2.sock']);
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
  const apart = { apart: new Map([[key('A'), 1]]) };
  const own = replica(2, { kind: 'candidate', key: key('A') }, { revisions: new Map([[key('A'), ready]]) });

  it('starts a process for it, and has public replicas ask there once it is ready, though its arm has no lease', () => {
    const heavy = model(onlyA, { A: 500 });
    const first = turn([heavy], [replica(1, { kind: 'public' }, { opened: true })], {}, apart);
    expect(first).toMatchObject({ start: [{ kind: 'candidate', key: key('A') }], open: [1] });
    expect(first.orders.get(1)).toMatchObject({ revisions: [], tables: [{ waits: 'loading' }] });
    const second = turn([heavy], [replica(1, { kind: 'public' }), own], {}, apart);
    expect(armsFor(second, 1)).toMatchObject([{ revision: 'A', leased: false, sockets: ['2.sock'] }]);
    expect(second.orders.get(1)?.tables[0]?.waits).toBeUndefined();
  });

  it('lets that process go when the model rests, and not before', () => {
    const heavy = model(onlyA, { A: 500 });
    const asking = publicWith(1, tableOf(['A', 100, '2.sock']));
    expect(turn([heavy], [asking, own], {}, apart).drain).toEqual([]);
    expect(turn([heavy], [asking, own], {}, { ...apart, resting: new Set(['income']) }).drain).toEqual([2]);
  });
});

describe('a turn with a revision that runs apart in several processes', () => {
  const two = { apart: new Map([[key('A'), 2]]) };
  const candidate = (id: number, revision: string, state: RevisionState = ready) =>
    replica(id, { kind: 'candidate', key: key(revision) }, { revisions: new Map([[key(revision), state]]) });
  const socketsFor = (turned: ReturnType<typeof turn>, id: number, arm = 0) => armsFor(turned, id)?.[arm]?.sockets;
  const served = model(onlyA, { A: 5 });

  it('goes on running it in public replicas until all of its processes are ready, and then asks them, and lets it go', () => {
    const running = { ...publicWith(1, tableOf(['A', 100]), 'A'), opened: true };
    const first = turn([served], [running], {}, two);
    expect(first).toMatchObject({ start: [{ kind: 'candidate' }, { kind: 'candidate' }], open: [1], drain: [] });
    expect(first.orders.get(1)?.revisions).toEqual([key('A')]);
    const second = turn([served], [running, candidate(2, 'A'), candidate(3, 'A', { kind: 'loading' })], {}, two);
    expect(second).toMatchObject({ start: [], open: [1], drain: [] });
    expect(socketsFor(second, 1)).toBeUndefined();
    const third = turn([served], [running, candidate(2, 'A'), candidate(3, 'A')], {}, two);
    expect(socketsFor(third, 1)).toEqual(['2.sock', '3.sock']);
    expect(third.orders.get(1)?.revisions).toEqual([]);
  });

  it('has a fresh public replica ask those that are ready, and opens it once one is', () => {
    const fresh = replica(1, { kind: 'public' });
    const loading = turn([served], [fresh, candidate(2, 'A', { kind: 'loading' })], {}, two);
    expect(loading.open).toEqual([]);
    expect(loading.orders.get(1)?.tables[0]?.waits).toBe('loading');
    const some = turn([served], [fresh, candidate(2, 'A'), candidate(3, 'A', { kind: 'loading' })], {}, two);
    expect(some.open).toEqual([1]);
    expect(socketsFor(some, 1)).toEqual(['2.sock']);
  });

  const asking = (...sockets: readonly string[]) => ({
    ...publicWith(1, {
      ...tableOf(['A', 100]),
      generation: 2,
      arms: [{ revision: 'A', version: 'version of A', weight: 100, leased: false, sockets }],
    }),
    opened: true,
  });

  it('goes on with those that are left when one dies, starts another, and has callers wait when none is left', () => {
    const one = turn([served], [asking('2.sock', '3.sock'), candidate(3, 'A')], {}, two);
    expect(one).toMatchObject({ start: [{ kind: 'candidate' }], open: [1] });
    expect(socketsFor(one, 1)).toEqual(['3.sock']);
    const none = turn([served], [asking('2.sock', '3.sock')], {}, two);
    expect(none).toMatchObject({ start: [{ kind: 'candidate' }, { kind: 'candidate' }], open: [1] });
    expect(none.orders.get(1)?.tables[0]).toMatchObject({ waits: 'loading' });
  });

  it('takes the youngest from public replicas when fewer are needed, and lets it go unless one that drains still asks it', () => {
    const fewer = { apart: new Map([[key('A'), 1]]) };
    const processes = [candidate(2, 'A'), candidate(3, 'A')];
    const turned = turn([served], [asking('2.sock', '3.sock'), ...processes], {}, fewer);
    expect(socketsFor(turned, 1)).toEqual(['2.sock']);
    expect(turned.drain).toEqual([3]);
    const leaving = { ...asking('2.sock', '3.sock'), id: 9, draining: true };
    expect(turn([served], [asking('2.sock'), leaving, ...processes], {}, fewer).drain).toEqual([]);
  });

  it('replaces a worn process by a fresh one, and takes it from public replicas once that is ready', () => {
    const worn = { ...candidate(2, 'A'), worn: true };
    const first = turn([served], [asking('2.sock', '3.sock'), worn, candidate(3, 'A')], {}, two);
    expect(first).toMatchObject({ start: [{ kind: 'candidate', key: key('A') }], drain: [] });
    const loading = candidate(4, 'A', { kind: 'loading' });
    const second = turn([served], [asking('2.sock', '3.sock'), worn, candidate(3, 'A'), loading], {}, two);
    expect(second).toMatchObject({ start: [], drain: [] });
    expect(socketsFor(second, 1)).toEqual(['2.sock', '3.sock']);
    const third = turn([served], [asking('2.sock', '3.sock'), worn, candidate(3, 'A'), candidate(4, 'A')], {}, two);
    expect(third).toMatchObject({ start: [], drain: [2] });
    expect(socketsFor(third, 1)).toEqual(['3.sock', '4.sock']);
  });

  it('is loaded by public replicas again when it need not run apart, which ask its processes until then', () => {
    const processes = [candidate(2, 'A'), candidate(3, 'A')];
    const back = turn([served], [asking('2.sock', '3.sock'), ...processes]);
    expect(back).toMatchObject({ start: [], drain: [], open: [1] });
    expect(back.orders.get(1)?.revisions).toEqual([key('A')]);
    expect(socketsFor(back, 1)).toEqual(['2.sock', '3.sock']);
    // One that dies meanwhile is not asked any more.
    expect(socketsFor(turn([served], [asking('2.sock', '3.sock'), candidate(3, 'A')]), 1)).toEqual(['3.sock']);
    const loaded = { ...asking('2.sock', '3.sock'), revisions: new Map([[key('A'), ready]]) };
    const done = turn([served], [loaded, ...processes]);
    expect(socketsFor(done, 1)).toBeUndefined();
    expect(done.drain).toEqual([2, 3]);
  });

  it('turns to a promoted revision in the processes that it has, starts those that it lacks, and keeps the old one as it was', () => {
    const both = { apart: new Map([key('A'), key('B')].map((each) => [each, 2])) };
    const processes = [candidate(2, 'A'), candidate(3, 'A'), candidate(4, 'B')];
    const turned = turn([model(promoted, { A: 5, B: 500 })], [asking('2.sock', '3.sock'), ...processes], {}, both);
    expect(armsFor(turned, 1)).toMatchObject([
      { revision: 'B', weight: 100, sockets: ['4.sock'] },
      { revision: 'A', weight: 0, sockets: ['2.sock', '3.sock'] },
    ]);
    expect(turned).toMatchObject({ start: [{ kind: 'candidate', key: key('B') }], drain: [], open: [1] });
  });

  it('gives a leased revision processes by its share of as many', () => {
    const both = { apart: new Map([key('A'), key('B')].map((each) => [each, 4])) };
    const startsAt = (weight: number) =>
      turn(
        [
          model(
            [
              { revision: 'A', weight: 100 - weight },
              { revision: 'B', weight, leased: true },
            ],
            { A: 5 },
          ),
        ],
        [asking('2.sock')],
        {},
        both,
      ).start.filter((role) => role.kind === 'candidate' && role.key === key('B')).length;
    expect([0, 1, 25, 26, 50, 100].map(startsAt)).toEqual([1, 1, 1, 2, 2, 4]);
  });

  it('tells its processes of shadows and of the room for answers, as it would tell public replicas', () => {
    const arms: readonly Arm[] = [
      { revision: 'A', weight: 100 },
      { revision: 'B', weight: 0, leased: true, shadow: true },
    ];
    const shadowed = model(arms, { A: 5, B: 5 }, { target: { ...target(arms), cacheBytes: 1000 }, leaseUntilMs: 7 });
    const turned = turn([shadowed], [asking('2.sock'), candidate(2, 'A'), candidate(3, 'B')], {}, two);
    expect(turned.orders.get(2)?.tables[0]).toMatchObject({
      cacheBytes: 1000,
      leaseUntilMs: 7,
      arms: [
        { revision: 'A', weight: 100 },
        { revision: 'B', weight: 0, shadow: true, sockets: ['3.sock'] },
      ],
    });
    // The shadow itself copies nothing and keeps nothing.
    const [own] = turned.orders.get(3)?.tables ?? [];
    expect(own?.arms).toHaveLength(1);
    expect(own?.cacheBytes).toBeUndefined();
  });

  it('tells public replicas what its processes say of it', () => {
    const schema: LogSchema = {
      model: 'income',
      version: 'version of A',
      revision: 'A',
      digest: 'sha256:a',
      columns: [],
      inputs: [],
      withheld: [],
    };
    const saying = candidate(2, 'A', { ...ready, schema });
    const turned = turn([served], [asking('2.sock'), saying], {}, { apart: new Map([[key('A'), 1]]) });
    expect(armsFor(turned, 1)?.[0]).toMatchObject({ sockets: ['2.sock'], schema });
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
