import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  Applied,
  Arm,
  ArtifactSource,
  FleetDriver,
  ModelTarget,
  ObservedModel,
  RevisionTarget,
} from '../fleet.ts';

/** One real model in two revisions, as a driver's test brings it. */
export interface ContractSample {
  readonly model: string;
  readonly first: RevisionTarget;
  readonly second: RevisionTarget;
  /** Every file that the two name, by `sha256` hex. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface ContractFleet {
  readonly driver: FleetDriver;
  /** Lets time pass for leases; a driver with a real clock waits, which is why the contract's leases are short. */
  pass(ms: number): Promise<void>;
  /** Returns once the condition holds, looking again as the driver sees fit; throws when it never does. */
  until(holds: () => Promise<boolean>, what: string): Promise<void>;
  close(): Promise<void>;
}

const LEASE_SECONDS = 2;

/** What every fleet driver promises. A driver's own test calls this with a way to open a fresh, empty fleet. */
export function fleetDriverContract(name: string, sample: ContractSample, open: () => Promise<ContractFleet>): void {
  const { model, first, second } = sample;
  const signal = AbortSignal.timeout(600_000);
  const source: ArtifactSource = async (sha256) => {
    const bytes = sample.files.get(sha256);
    if (bytes === undefined) throw new Error(`the contract's sample has no file ${sha256}`);
    return (async function* () {
      yield bytes;
    })();
  };

  describe(`the fleet driver '${name}'`, () => {
    let fleet: ContractFleet;
    beforeEach(async () => {
      fleet = await open();
    });
    afterEach(async () => {
      await fleet.close();
    });

    const apply = (action: Parameters<FleetDriver['apply']>[0], from = source) =>
      fleet.driver.apply(action, from, signal);
    const find = async (): Promise<ObservedModel | undefined> => {
      const observed = await fleet.driver.observe(signal);
      return observed.models.find((each) => each.model === model);
    };
    const found = async (): Promise<ObservedModel> => {
      const observed = await find();
      if (observed === undefined) throw new Error(`${model} is not observed`);
      return observed;
    };
    const put = async (target: ModelTarget): Promise<Applied> =>
      apply({ kind: 'put-model', model, generation: (await find())?.generation ?? 0, target });
    const bring = async (...revisions: readonly RevisionTarget[]): Promise<void> => {
      for (const target of revisions) {
        for (const sha256 of new Set(Object.values(target.files))) {
          expect(
            await apply({ kind: 'put-artifact', sha256, sizeBytes: sample.files.get(sha256)?.length ?? 0 }),
          ).toEqual({ kind: 'applied' });
        }
        expect(await apply({ kind: 'put-revision', target })).toEqual({ kind: 'applied' });
      }
    };
    const ready = (revision: string) =>
      fleet.until(
        async () => (await find())?.revisions.find((each) => each.revision === revision)?.state === 'ready',
        `${revision} becomes ready`,
      );
    const share = async (revision: string) =>
      (await found()).effective.find((each) => each.revision === revision)?.weight ?? 0;

    it('observes nothing in a fleet that was told nothing', async () => {
      expect((await fleet.driver.observe(signal)).models).toEqual([]);
    });

    it('refuses an artifact whose bytes have another digest, and takes it afterwards from an honest source', async () => {
      const [sha256, bytes] = [...sample.files][0] ?? ['', new Uint8Array()];
      const action = { kind: 'put-artifact', sha256, sizeBytes: bytes.length } as const;
      const liar: ArtifactSource = async () =>
        (async function* () {
          yield new TextEncoder().encode('something else');
        })();
      expect((await apply(action, liar)).kind).toBe('refused');
      expect((await apply({ kind: 'put-revision', target: first })).kind).toBe('refused');
      expect(await apply(action)).toEqual({ kind: 'applied' });
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    });

    it('refuses a revision whose files are not there, and names the file', async () => {
      const outcome = await apply({ kind: 'put-revision', target: first });
      const [uri = ''] = Object.keys(first.files);
      expect(outcome.kind).toBe('refused');
      expect(outcome.kind === 'refused' ? outcome.reason : '').toContain(uri);
    });

    it('refuses arms that name a revision it does not know', async () => {
      await bring(first);
      expect((await put(targetWith([{ revision: second.revision, weight: 100 }]))).kind).toBe('refused');
    });

    it.each([
      ['add up to less than 100', [{ revision: first.revision, weight: 90 }]],
      [
        'add up to more than 100',
        [
          { revision: first.revision, weight: 90 },
          { revision: second.revision, weight: 20 },
        ],
      ],
      [
        'are negative',
        [
          { revision: first.revision, weight: 110 },
          { revision: second.revision, weight: -10 },
        ],
      ],
      ['lean on a leased first arm', [{ revision: first.revision, weight: 100, leased: true }]],
      [
        'count a shadow as a share',
        [
          { revision: first.revision, weight: 50 },
          { revision: second.revision, weight: 50, shadow: true },
        ],
      ],
      [
        'give a shadow a share beside all the others',
        [
          { revision: first.revision, weight: 100 },
          { revision: second.revision, weight: 10, shadow: true },
        ],
      ],
    ] satisfies readonly (readonly [string, readonly Arm[]])[])('refuses weights that %s', async (_, arms) => {
      await bring(first, second);
      expect((await put(targetWith(arms))).kind).toBe('refused');
      expect(await find()).toBeUndefined();
    });

    it('serves what it was told once that is ready, and shows it as it was told, opaque state included', async () => {
      await bring(first);
      const state = { nested: [1, 'zwei', null, { drei: true }] };
      const held = { by: 'ana', because: 'a reason', since: '2026-11-21T10:00:00.000Z', quarantined: second.revision };
      const target = {
        ...targetWith([{ revision: first.revision, weight: 100 }]),
        sticky: { header: 'x-user-id' },
        held,
        state,
      };
      expect(await put(target)).toEqual({ kind: 'applied' });
      await ready(first.revision);
      const observed = await found();
      expect(observed).toMatchObject({ model, ...target });
      expect(observed.state).toEqual(state);
      expect(observed.effective).toEqual([{ revision: first.revision, weight: 100 }]);
      expect(observed.revisions).toMatchObject([
        { revision: first.revision, version: first.version, provenance: first.provenance },
      ]);
    });

    it('takes a change only from who has seen the last one, and says which that is', async () => {
      await bring(first);
      const target = targetWith([{ revision: first.revision, weight: 100 }]);
      await put(target);
      const { generation } = await found();
      const stale = { kind: 'put-model', model, generation, target: { ...target, state: { turn: 1 } } } as const;
      expect(await apply(stale)).toEqual({ kind: 'applied' });
      const after = await found();
      expect(after.generation).not.toBe(generation);
      expect(await apply({ ...stale, target: { ...target, state: { turn: 2 } } })).toEqual({
        kind: 'conflict',
        generation: after.generation,
      });
      expect((await found()).state).toEqual({ turn: 1 });
    });

    it('gives a leased arm its share only while the lease lives, and renewing changes no generation', async () => {
      await bring(first, second);
      await put(
        targetWith([
          { revision: first.revision, weight: 75 },
          { revision: second.revision, weight: 25, leased: true },
        ]),
      );
      await ready(first.revision);
      await ready(second.revision);
      const { generation } = await found();
      const renewal = { kind: 'renew-lease', model, generation, seconds: LEASE_SECONDS } as const;
      expect(await apply(renewal)).toEqual({ kind: 'applied' });
      await fleet.until(async () => (await share(second.revision)) === 25, 'the candidate gets its share');
      expect(await found()).toMatchObject({ generation });
      expect((await found()).leaseUntil).toBeDefined();
      expect((await apply({ ...renewal, generation: generation + 7 })).kind).toBe('conflict');

      await fleet.pass(LEASE_SECONDS * 1000 + 1);
      await fleet.until(async () => (await share(second.revision)) === 0, 'the lapsed share falls back');
      expect(await share(first.revision)).toBe(100);
      expect((await found()).arms).toMatchObject([{ weight: 75 }, { weight: 25 }]);

      expect(await apply(renewal)).toEqual({ kind: 'applied' });
      await fleet.until(async () => (await share(second.revision)) === 25, 'the candidate resumes at the same share');
    });

    it('turns all shares at once, and keeps the arm at weight 0 ready', async () => {
      await bring(first, second);
      await put(
        targetWith([
          { revision: first.revision, weight: 100 },
          { revision: second.revision, weight: 0, leased: true },
        ]),
      );
      await ready(first.revision);
      await ready(second.revision);
      await put(
        targetWith([
          { revision: second.revision, weight: 100 },
          { revision: first.revision, weight: 0 },
        ]),
      );
      await fleet.until(async () => (await share(second.revision)) === 100, 'the promoted arm serves everything');
      await ready(first.revision);
      await put(
        targetWith([
          { revision: first.revision, weight: 100 },
          { revision: second.revision, weight: 0 },
        ]),
      );
      await fleet.until(async () => (await share(first.revision)) === 100, 'the earlier arm serves everything again');
      expect((await found()).arms[0]).toMatchObject({ revision: first.revision, weight: 100 });
    });

    it('gets a shadow arm ready, leased or not, and gives it no share', async () => {
      await bring(first, second);
      for (const leased of [true, false]) {
        const shadow = { revision: second.revision, weight: 0, shadow: true, ...(leased ? { leased } : {}) };
        await put(targetWith([{ revision: first.revision, weight: 100 }, shadow]));
        await ready(first.revision);
        await ready(second.revision);
        await fleet.until(async () => (await share(first.revision)) === 100, 'the stable arm serves everything');
        expect(await found()).toMatchObject({
          arms: [{ weight: 100 }, shadow],
          effective: [
            { revision: first.revision, weight: 100 },
            { revision: second.revision, weight: 0 },
          ],
        });
      }
    });

    it('takes the same artifact and the same revision twice without a change', async () => {
      await bring(first);
      await put(targetWith([{ revision: first.revision, weight: 100 }]));
      const { generation } = await found();
      await bring(first);
      expect((await found()).generation).toBe(generation);
    });

    it('retires a model for who has seen its last change, and only then', async () => {
      await bring(first);
      await put(targetWith([{ revision: first.revision, weight: 100 }]));
      const { generation } = await found();
      expect((await apply({ kind: 'retire-model', model, generation: generation + 7 })).kind).toBe('conflict');
      expect(await apply({ kind: 'retire-model', model, generation })).toEqual({ kind: 'applied' });
      await fleet.until(async () => (await find()) === undefined, 'the model is gone');
    });
  });
}

function targetWith(arms: readonly Arm[]): ModelTarget {
  return { arms, salt: 'contract', replicas: { min: 1, max: 2, target: 4 } };
}
