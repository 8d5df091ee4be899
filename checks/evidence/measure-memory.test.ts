import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Budgets } from './job.ts';
import type { ChildEnd } from './limited-child.ts';
import { measureMemory } from './measure-memory.ts';
import { gathered, missing } from './missing.ts';
import type { TimedModel } from './performance-evidence.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-memory-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const none = new Float64Array(0);
const timed = (label: string): TimedModel => ({
  label,
  runMs: none,
  computeMs: none,
  rowsPerSecond: none,
  batch: 1,
  loadMs: none,
});

/** Processes that write 1, 2, 3, … million bytes, and one that is ended. */
async function measured(budgets: Budgets, ended?: string) {
  const asked: string[] = [];
  const run = async ([, name = '', whose = '']: readonly string[]): Promise<ChildEnd> => {
    asked.push(whose);
    if (name === ended) return { kind: 'failed', reason: 'it was ended' };
    writeFileSync(join(folder, `${name}.part`), serialize(asked.length * 1e6));
    return { kind: 'done' };
  };
  const performance = gathered({
    candidate: timed('v2'),
    champion: timed('v1'),
    singleRows: 1,
    rounds: 1,
    roundEnds: Int32Array.of(1),
    stopped: 'enough' as const,
  });
  const part = (await measureMemory({ performance }, folder, budgets, run)).performance;
  if (part?.kind !== 'gathered') throw new Error('the part is there');
  return { asked, value: part.value };
}

test('one process a model, unless a budget asks for the eight whose least and largest hold the median in 99 %', async () => {
  expect((await measured({ p99Ms: 5 })).asked).toEqual(['candidate', 'champion']);
  const { asked, value } = await measured({ memoryMb: 256 });
  expect(asked.filter((whose) => whose === 'candidate')).toHaveLength(8);
  expect([value.candidate.memoryBytes?.length, value.champion?.memoryBytes]).toEqual([8, Float64Array.of(2e6)]);
});

test('a process that is ended leaves its number out, and nothing is made up for it', async () => {
  rmSync(join(folder, 'memory-champion-1.part'));
  const { value } = await measured({}, 'memory-champion-1');
  expect([value.candidate.memoryBytes, value.champion?.memoryBytes]).toEqual([Float64Array.of(1e6), undefined]);
});

test('what was not timed is not asked for its memory', async () => {
  const run = async (): Promise<ChildEnd> => Promise.reject(new Error('no process is started'));
  expect(await measureMemory({ performance: missing('performance', 'no rows') }, folder, {}, run)).toEqual({});
});
