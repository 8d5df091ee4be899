import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestFleet, openTestFleet } from '../daemon/test-fleet.ts';
import { awkwardRevision } from '../daemon/loans.fixture.ts';

/** A Python with `tritonclient[http,grpc]`; without one this is skipped. */
const python = process.env['SLIPWAY_TEST_PYTHON'] ?? 'python3';
const hasClient = spawnSync(python, ['-c', 'import tritonclient.http, tritonclient.grpc']).status === 0;
const GRAPHS = 'bool uint8 uint16 uint32 uint64 int8 int16 int32 int64 fp16 fp32 fp64 bytes pair'.split(' ');

/** The client must not hold this process's loop, which is not the fleet's, for longer than it takes. */
function told(script: string, address: string): Promise<Readonly<Record<string, unknown>>> {
  const child = spawn(python, [join(import.meta.dirname, 'clients', script), address], { timeout: 120_000 });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(JSON.parse(out)) : reject(new Error(err))));
  });
}

describe.skipIf(!hasClient)('tritonclient works unchanged', () => {
  let fleet: TestFleet;
  beforeAll(async () => {
    fleet = await openTestFleet({ grpcPort: 0 });
    for (const name of GRAPHS) {
      const more =
        name === 'pair' ? 'outputs: { task: multiclass, score: { output: scores }, classes: [red, green, blue] }' : '';
      const { target, bytes } = awkwardRevision(`${name}.onnx`, more, 'datatypes');
      await fleet.bring(bytes, target);
      await fleet.turn(target.model, [{ revision: target.revision, weight: 100 }]);
      await fleet.ready(target.model, target.revision);
    }
  });
  afterAll(() => fleet.close());

  it('over HTTP: health, metadata, every datatype as JSON and bytes, packed, asynchronous, classes, refusals', async () => {
    const answer = await told('triton_http.py', fleet.url.replace('http://', ''));
    const { equal, ...rest } = answer;
    expect((equal as readonly (readonly unknown[])[]).filter((each) => each[3] !== true)).toEqual([]);
    expect((equal as readonly unknown[]).length).toBe(12 * 4 + 1);
    expect(rest).toEqual({
      live: true,
      ready: true,
      model: true,
      server: 'slipway',
      metadata: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
      packed: [true, true],
      asynchronous: true,
      classes: ['0.700000:1:green', '0.200000:2:blue'],
      refusal: ['400', expect.stringContaining('Expected [-1,2], got [1,3]')],
    });
  });

  it('over gRPC: health, metadata, configuration, statistics, every datatype, asynchronous, classes, refusals', async () => {
    const { equal, ...rest } = await told('triton_grpc.py', fleet.grpc ?? '');
    expect((equal as readonly (readonly unknown[])[]).filter((each) => each[1] !== true)).toEqual([]);
    expect((equal as readonly unknown[]).length).toBe(13);
    expect(rest).toEqual({
      live: true,
      ready: true,
      model: true,
      server: 'slipway',
      metadata: [['x', 'FP32', [-1, 2]]],
      batch: 64,
      counted: true,
      index: true,
      asynchronous: true,
      classes: ['0.700000:1:green', '0.200000:2:blue'],
      refusal: ['StatusCode.INVALID_ARGUMENT', expect.stringContaining('Expected [-1,2], got [1,3]')],
      loading: 'StatusCode.PERMISSION_DENIED',
    });
  });
});
