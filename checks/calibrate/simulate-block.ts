import type { SeededRandom } from '../stats/seeded-random.ts';
import { type BlockResult, cellName, type Task } from './cell.ts';
import { seedOf, simulatedRandom } from './simulated-random.ts';

/**
 * One block of repetitions. The data depend on subject, kind, rows, shift and block alone, so that a method added later, or run again, meets
 * the very same data; what a method draws itself has a seed a repetition.
 */
export function simulateBlock<Drawn>(
  task: Task,
  draw: (random: SeededRandom) => Drawn,
  eventsOf: (drawn: Drawn, method: string, seed: number) => readonly string[],
): readonly BlockResult[] {
  const { methods, block, repetitions, ...place } = task;
  const name = `${cellName({ ...place, method: 'data' })}/${block}`;
  const random = simulatedRandom(name);
  const counts = methods.map((method) => ({ method, events: new Map<string, number>(), ms: 0 }));
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const drawn = draw(random);
    const seed = seedOf(`${name}/${repetition}`);
    for (const count of counts) {
      const started = performance.now();
      for (const event of eventsOf(drawn, count.method, seed))
        count.events.set(event, (count.events.get(event) ?? 0) + 1);
      count.ms += performance.now() - started;
    }
  }
  return counts.map(({ method, events, ms }) => ({
    ...place,
    method,
    block,
    tally: { repetitions, events: Object.fromEntries(events) },
    ms: Math.round(ms),
  }));
}
