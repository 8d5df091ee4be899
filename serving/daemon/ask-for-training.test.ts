import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loansFiles, loansRevision, revisionOfManifest } from './loans.fixture.ts';
import { type TestFleet, openTestFleet } from './test-fleet.ts';

const LIMIT_MS = 30_000;
const plain = loansRevision('1.0.0', 'v1_champion');
const trained = revisionOfManifest(
  `${plain.manifest.replace('name: loans', 'name: trained')}lifetime: { retrain: { workflow: retrain.yml } }\n`,
);

let fleet: TestFleet;
beforeAll(async () => {
  fleet = await openTestFleet();
  await fleet.bring(loansFiles(), plain, trained);
  for (const { model, revision } of [plain, trained]) {
    await fleet.turn(model, [{ revision, weight: 100 }]);
    await fleet.ready(model, revision);
  }
}, LIMIT_MS);
afterAll(() => fleet.close());

async function ask(model: string, body?: string) {
  const response = await fetch(`${fleet.url}/v1/models/${model}:retrain`, {
    method: 'POST',
    signal: AbortSignal.timeout(LIMIT_MS),
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, told: (await response.json()) as Readonly<Record<string, unknown>> };
}

describe('asking a fleet for a training', () => {
  it('writes the wish down for the control plane, survives the daemon, and is the same wish when it is repeated', async () => {
    const first = await ask('trained', '{"because": "drift in income"}');
    expect(first.status).toBe(202);
    expect(first.told).toMatchObject({
      model: 'trained',
      workflow: 'retrain.yml',
      repository: 'acme/models',
      because: 'drift in income',
    });
    const { id, at, because } = first.told;
    expect((await fleet.find('trained')).retrain).toEqual({ id, at, because });
    expect((await ask('trained')).told).toEqual(first.told);
    await fleet.kill();
    await fleet.restart();
    expect((await fleet.find('trained')).retrain).toEqual({ id, at, because });
  });

  it.each([
    ['loans', undefined, 422, 'needs lifetime: { retrain: { workflow: FILE.yml } }'],
    ['nobody', undefined, 404, "'nobody' is not found"],
    ['trained', '{"why": "drift"}', 400, 'the request holds "why"; known: because'],
    ['trained', '{"because": 3}', 400, 'because must be text'],
    ['trained', '[', 400, 'is not JSON'],
  ])('refuses %s %s', async (model, body, status, reason) => {
    const refused = await ask(model, body);
    expect(refused.status).toBe(status);
    expect(refused.told['error']).toContain(reason);
  });
});
