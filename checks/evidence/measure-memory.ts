import { join } from 'node:path';
import { deserialize } from 'node:v8';
import type { Budgets, Parts } from './job.ts';
import type { ChildEnd } from './limited-child.ts';
import { gathered } from './missing.ts';
import { readIfThere } from './resolve-file.ts';

/** Where a budget asks for it, the fewest processes whose least and largest hold the median in 99 %. */
const PROCESSES_FOR_BUDGET = 8;
const AT_ONCE = 2;

interface Measurement {
  readonly whose: 'candidate' | 'champion';
  readonly name: string;
}

/** Memory that each model adds to a fresh process, laid into the part `performance`. A process that fails leaves its number out. */
export async function measureMemory(
  { performance: timed }: Partial<Parts>,
  folder: string,
  { memoryMb }: Budgets,
  run: (args: readonly string[]) => Promise<ChildEnd>,
): Promise<Pick<Partial<Parts>, 'performance'>> {
  if (timed?.kind !== 'gathered') return {};
  const { candidate, champion } = timed.value;
  const wanted: readonly Measurement[] = [
    { whose: 'candidate', name: 'memory-candidate-1' },
    ...(champion === undefined ? [] : [{ whose: 'champion', name: 'memory-champion-1' } as const]),
    ...Array.from(
      { length: memoryMb === undefined ? 0 : PROCESSES_FOR_BUDGET - 1 },
      (_, i): Measurement => ({ whose: 'candidate', name: `memory-candidate-${i + 2}` }),
    ),
  ];
  for (let at = 0; at < wanted.length; at += AT_ONCE)
    await Promise.all(wanted.slice(at, at + AT_ONCE).map(({ whose, name }) => run(['memory', name, whose])));
  const bytesOf = async (side: Measurement['whose']): Promise<Float64Array> => {
    const found = await Promise.all(
      wanted.filter(({ whose }) => whose === side).map(({ name }) => readIfThere(join(folder, `${name}.part`))),
    );
    return Float64Array.from(
      found.filter((bytes) => bytes !== undefined),
      (bytes) => Number(deserialize(bytes)),
    );
  };
  const memory = { candidate: await bytesOf('candidate'), champion: await bytesOf('champion') };
  return {
    performance: gathered({
      ...timed.value,
      candidate: { ...candidate, ...(memory.candidate.length === 0 ? {} : { memoryBytes: memory.candidate }) },
      ...(champion === undefined
        ? {}
        : { champion: { ...champion, ...(memory.champion.length === 0 ? {} : { memoryBytes: memory.champion }) } }),
    }),
  };
}
