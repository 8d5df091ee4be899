import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runtimeVersions } from './runtime-versions.ts';
import { openSession } from './session.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-versions-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (number: number, ...content: readonly (readonly number[])[]): readonly number[] => {
  const flat = content.flat();
  return [number * 8 + 2, flat.length, ...flat];
};
const small = (number: number, value: number): readonly number[] => [number * 8, value];
const text = (number: number, value: string): readonly number[] => bytes(number, [...Buffer.from(value)]);
/** A float vector. */
const value = (number: number, name: string): readonly number[] =>
  bytes(number, text(1, name), bytes(2, bytes(1, small(1, 1), bytes(2, bytes(1, small(1, 1))))));
const identity = (ir: number, opset: number): Uint8Array =>
  Uint8Array.from([
    ...small(1, ir),
    ...bytes(
      7,
      bytes(1, text(1, 'x'), text(2, 'y'), text(4, 'Identity')),
      text(2, 'g'),
      value(11, 'x'),
      value(12, 'y'),
    ),
    ...bytes(8, text(1, ''), small(2, opset)),
  ]);

async function loads(ir: number, opset: number): Promise<boolean> {
  const model = join(folder, `${ir}-${opset}.onnx`);
  writeFileSync(model, identity(ir, opset));
  try {
    await (await openSession({ model })).close();
    return true;
  } catch {
    return false;
  }
}

it('the runtime takes files of its newest opset and format, and none that is newer', async () => {
  const { newestIr, newestOpset } = runtimeVersions;
  expect([
    await loads(8, newestOpset),
    await loads(8, newestOpset + 1),
    await loads(newestIr, 21),
    await loads(newestIr + 1, 21),
  ]).toEqual([true, false, true, false]);
});
