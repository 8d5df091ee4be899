import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryFleet } from './drivers/memory.ts';
import type { Arm, ArtifactSource, FleetDriver, ModelTarget, RevisionTarget } from './fleet.ts';
import { type DesiredFleet, type DesiredModel, plan } from './plan.ts';
import { reconcile } from './reconcile.ts';

const signal = AbortSignal.timeout(60_000);
const at = new Date('2026-11-21T10:00:00Z');
const source: ArtifactSource = async (sha256) =>
  (async function* () {
    yield bytesOf(versionOf(sha256));
  })();

describe('plan', () => {
  it('brings files, then the revision, then the arms that name it', async () => {
    const driver = createMemoryFleet(() => at);
    const actions = plan(desiredOf([model('income', [{ version: '1', weight: 100 }])]), await driver.observe(signal));
    expect(actions.map(({ kind }) => kind)).toEqual(['put-artifact', 'put-revision', 'put-model']);
  });

  it('has nothing to do where nothing differs, and renews a lease once a third of it is gone', async () => {
    let now = at;
    const driver = createMemoryFleet(() => now);
    const desired = desiredOf([
      model('income', [
        { version: '1', weight: 75 },
        { version: '2', weight: 25, leased: true },
      ]),
    ]);
    await reconcile(driver, () => desired, source, signal);
    expect(plan(desired, await driver.observe(signal))).toEqual([]);
    now = new Date(at.getTime() + 41_000);
    expect(plan(desired, await driver.observe(signal)).map(({ kind }) => kind)).toEqual(['renew-lease']);
  });

  it('never renews a lease for a candidate without a share', async () => {
    const driver = createMemoryFleet(() => at);
    const desired = desiredOf([
      model('income', [
        { version: '1', weight: 100 },
        { version: '2', weight: 0, leased: true },
      ]),
    ]);
    const { applied } = await reconcile(driver, () => desired, source, signal);
    expect(applied.map(({ kind }) => kind)).not.toContain('renew-lease');
  });

  it('leaves models alone that it was not told about, and retires what it was told to', async () => {
    const driver = createMemoryFleet(() => at);
    await reconcile(driver, () => desiredOf([model('income', [{ version: '1', weight: 100 }])]), source, signal);
    expect(plan({ models: [] }, await driver.observe(signal))).toEqual([]);
    const { observed } = await reconcile(driver, () => ({ models: [], retired: ['income'] }), source, signal);
    expect(observed.models).toEqual([]);
  });
});

describe('reconcile', () => {
  it('leads any fleet to any other, and then has nothing left to do', async () => {
    await fc.assert(
      fc.asyncProperty(fleets, fleets, async (before, after) => {
        const driver = createMemoryFleet(() => at);
        await reconcile(driver, () => before, source, signal);
        const { observed, isLeft, refusals } = await reconcile(driver, () => after, source, signal);
        expect(refusals).toEqual([]);
        expect(isLeft).toBe(false);
        expect(plan(after, observed)).toEqual([]);
        for (const { model: name, target } of after.models) {
          expect(observed.models.find((each) => each.model === name)).toMatchObject({
            arms: target.arms,
            salt: target.salt,
          });
        }
      }),
      { numRuns: 100 },
    );
  });

  it('looks again when somebody else was first, and wishes anew from what it finds', async () => {
    const memory = createMemoryFleet(() => at);
    await reconcile(memory, () => desiredOf([model('income', [{ version: '1', weight: 100 }])]), source, signal);
    let isIntruded = false;
    const driver: FleetDriver = {
      observe: (abort) => memory.observe(abort),
      apply: async (action, from, abort) => {
        if (action.kind === 'put-model' && !isIntruded) {
          isIntruded = true;
          await memory.apply({ ...action, target: { ...action.target, state: { by: 'somebody else' } } }, from, abort);
        }
        return memory.apply(action, from, abort);
      },
    };
    const { observed } = await reconcile(
      driver,
      (seen) => {
        const state = { after: seen.models[0]?.state ?? null };
        const done = JSON.stringify(seen.models[0]?.state ?? null).includes('after');
        return desiredOf([
          { ...model('income', [{ version: '1', weight: 100 }]), state: done ? seen.models[0]?.state : state },
        ]);
      },
      source,
      signal,
    );
    expect(observed.models[0]?.state).toEqual({ after: { by: 'somebody else' } });
  });

  it('tells a refusal and goes on with the other models', async () => {
    const driver = createMemoryFleet(() => at);
    const broken = model('broken', [{ version: '1', weight: 90 }]);
    const { refusals, observed } = await reconcile(
      driver,
      () => desiredOf([broken, model('income', [{ version: '1', weight: 100 }])]),
      source,
      signal,
    );
    expect(refusals.map(({ reason }) => reason)).toEqual(['broken: the weights add up to 90, expected 100']);
    expect(observed.models.map(({ model: name }) => name)).toEqual(['income']);
  });
});

interface Model {
  readonly name: string;
  readonly arms: readonly { readonly version: string; readonly weight: number; readonly leased?: boolean }[];
  readonly state?: unknown;
}

const versions = ['1', '2', '3'];
const fleets: fc.Arbitrary<DesiredFleet> = fc
  .uniqueArray(
    fc.record({
      name: fc.constantFrom('income', 'bike', 'loans'),
      arms: fc
        .tuple(fc.shuffledSubarray(versions, { minLength: 1 }), fc.integer({ min: 0, max: 100 }))
        .map(([chosen, weight]) =>
          chosen.map((version, i) => ({
            version,
            weight: chosen.length === 1 ? 100 : i === 0 ? 100 - weight : i === 1 ? weight : 0,
            ...(i > 0 ? { leased: true } : {}),
          })),
        ),
      state: fc.option(
        fc.jsonValue({ maxDepth: 2 }).filter((value) => value !== null),
        { nil: undefined },
      ),
    }),
    { selector: ({ name }) => name },
  )
  .map((models) => desiredOf(models));

function model(name: string, arms: Model['arms']): Model {
  return { name, arms };
}

function desiredOf(models: readonly Model[]): DesiredFleet {
  return { models: models.map(desiredModelOf) };
}

function desiredModelOf({ name, arms, state }: Model): DesiredModel {
  const target: ModelTarget = {
    arms: arms.map(({ version, ...arm }): Arm => ({ ...arm, revision: revisionOf(version) })),
    salt: 'salt',
    replicas: { min: 1, max: 2, target: 4 },
    ...(state === undefined ? {} : { state }),
  };
  return {
    model: name,
    target,
    revisions: arms.map(({ version }) => ({ target: revisionTarget(name, version), sizes: {} })),
  };
}

function revisionTarget(name: string, version: string): RevisionTarget {
  return {
    model: name,
    version,
    revision: revisionOf(version),
    manifest: '',
    files: { 'model.onnx': digestOf(version) },
    selfTests: [],
    provenance: { approvals: [], checks: [] },
  };
}

function revisionOf(version: string): string {
  return `sha256:${digestOf(`revision ${version}`)}`;
}

function bytesOf(version: string): Uint8Array {
  return new TextEncoder().encode(version);
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function versionOf(sha256: string): string {
  return versions.find((version) => digestOf(version) === sha256) ?? '';
}
