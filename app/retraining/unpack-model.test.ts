import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { unpackModel } from './unpack-model.ts';
import { zipOf } from './zip.fixture.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-unpack-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const limitBytes = 10_000;
const model = Buffer.alloc(5000, 'model ');

async function unpacked(archive: Uint8Array, limit = limitBytes) {
  const zip = join(folder, 'a.zip');
  await writeFile(zip, archive);
  return unpackModel(zip, join(folder, 'model.onnx'), limit, AbortSignal.timeout(10_000));
}

it('takes the one model out, whatever else lies beside it', async () => {
  const archive = zipOf([
    { name: 'log.txt', bytes: Buffer.from('loss 0.1') },
    { name: 'out/model.onnx', bytes: model },
  ]);
  expect(await unpacked(archive)).toEqual({ kind: 'unpacked' });
  expect((await readFile(join(folder, 'model.onnx'))).equals(model)).toBe(true);
});

it.each<[string, Uint8Array, string]>([
  ['is no zip', Buffer.from('<html>'), 'it is no zip archive that can be read'],
  ['holds no model', zipOf([{ name: 'model.pt', bytes: model }]), 'it holds no .onnx file'],
  [
    'holds two',
    zipOf([
      { name: 'a.onnx', bytes: model },
      { name: 'b.onnx', bytes: model },
    ]),
    'it holds 2 .onnx files: a.onnx, b.onnx',
  ],
  ['holds too large a one', zipOf([{ name: 'a.onnx', bytes: Buffer.alloc(10_001) }]), 'a.onnx has 10001 bytes'],
  [
    'lies about its size, so that a few bytes become many',
    zipOf([{ name: 'a.onnx', bytes: Buffer.alloc(10_000_000), claimedSize: 100 }]),
    'too many bytes in the stream',
  ],
  ['names a place outside', zipOf([{ name: '../../a.onnx', bytes: model }]), 'invalid relative path'],
  ['is cut short', zipOf([{ name: 'a.onnx', bytes: model }]).subarray(0, 60), 'it is no zip archive'],
])('refuses an archive that %s', async (_, archive, reason) => {
  const result = await unpacked(archive);
  expect(result).toEqual({ kind: 'refused', reason: expect.stringContaining(reason) });
  const elsewhere = (await readdir(folder)).filter((name) => name !== 'a.zip' && name !== 'model.onnx');
  expect(elsewhere).toEqual([]);
});
