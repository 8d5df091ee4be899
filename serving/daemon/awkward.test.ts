import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Datatype } from '../model/tensor.ts';
import { awkwardRevision, loansFiles, loansRecord, loansRevision } from './loans.fixture.ts';
import { type TestFleet, openTestFleet } from './test-fleet.ts';

const files = readdirSync(new URL('../../fixtures/awkward-models/', import.meta.url)).filter((name) =>
  name.endsWith('.onnx'),
);

/** What each file that cannot be served must say; every other one is served. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  'custom_op.onnx': /custom|not a registered|domain/i,
  'empty.onnx': /.+/,
  'external_missing.onnx': /.+/,
  'external_traversal.onnx': /.+/,
  'future_opset.onnx': /opset/i,
  'int4_output.onnx': /int4/,
  'lfs_pointer.onnx': /.+/,
  'not_onnx_protobuf.onnx': /.+/,
  'undefined_input.onnx': /.+/,
};

let fleet: TestFleet;
const loans = loansRevision('1.0.0', 'v1_champion');

beforeAll(async () => {
  fleet = await openTestFleet();
  await fleet.bring(loansFiles(), loans);
  await fleet.turn('loans', [{ revision: loans.revision, weight: 100 }]);
  await fleet.ready('loans', loans.revision);
});
afterAll(async () => {
  await fleet.close();
});

interface Metadata {
  readonly inputs: readonly { readonly name: string; readonly datatype: Datatype; readonly shape: readonly number[] }[];
}

/** A request of one row of zeros. */
function zerosFor({ inputs }: Metadata): unknown {
  return {
    inputs: inputs.map(({ name, datatype, shape }) => {
      const size = shape.map((dimension) => Math.abs(dimension));
      const length = size.reduce((product, dimension) => product * dimension, 1);
      return { name, datatype, shape: size, data: Array.from({ length }, () => (datatype === 'BYTES' ? '' : 0)) };
    }),
  };
}

/** Brings a file as the only revision of a model of its own, and waits until the fleet has made up its mind. */
async function settle(file: string) {
  const { target, bytes } = awkwardRevision(file);
  await fleet.bring(bytes, target);
  await fleet.turn(target.model, [{ revision: target.revision, weight: 100 }]);
  const found = async () => (await fleet.find(target.model)).revisions[0];
  await fleet.until('it is settled', async () => ['ready', 'failed'].includes((await found())?.state ?? ''));
  return { model: target.model, reason: (await found())?.reason };
}

async function retire(model: string): Promise<void> {
  const { generation } = await fleet.find(model);
  await fleet.apply({ kind: 'retire-model', model, generation });
}

describe('an awkward file', () => {
  it.each(files.filter((file) => REFUSED[file] === undefined))('%s is served', async (file) => {
    const { model, reason } = await settle(file);
    expect(reason).toBeUndefined();
    const metadata = (await (await fetch(`${fleet.url}/v2/models/${model}`)).json()) as Metadata;
    const response = await fleet.infer(model, zerosFor(metadata));
    expect(await response.json()).toMatchObject({ model_name: model, outputs: expect.any(Array) });
    expect((await fleet.predict('loans', loansRecord)).status).toBe(200);
    await retire(model);
  });

  it.each(Object.entries(REFUSED))('%s is refused with a reason: %s', async (file, expected) => {
    const { model, reason } = await settle(file);
    expect(reason).toMatch(expected);
    expect((await fleet.infer(model, { inputs: [] })).status).toBe(503);
    expect((await fleet.predict('loans', loansRecord)).status).toBe(200);
    await retire(model);
  });

  it('has cost no process its life', async () => {
    const text = await (await fetch(`${fleet.url}/metrics`)).text();
    const deaths = Number(/slipway_replica_deaths_total (\d+)/.exec(text)?.[1]);
    expect(deaths).toBe(0);
  });
});
