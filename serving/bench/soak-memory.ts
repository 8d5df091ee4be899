import type { SoakProcess } from './bench-report.ts';
import { type Sample, climbOf } from './climb.ts';
import { usageOf } from './process-usage.ts';

/** Looks at the memory of every process of a tree, again and again. */
export class MemoryWatch {
  readonly #root: number;
  readonly #startedAt = performance.now();
  readonly #seen = new Map<number, { readonly command: string; readonly samples: Sample[] }>();
  readonly #timer: NodeJS.Timeout;

  constructor(root: number, everyMs: number) {
    this.#root = root;
    this.#timer = setInterval(() => void this.#look(), everyMs);
  }

  /** Ends it. Every process that was there until the end; those that were not there over the whole last half are not judged. */
  async judged(): Promise<readonly SoakProcess[]> {
    clearInterval(this.#timer);
    await this.#look();
    const end = this.#seconds();
    return [...this.#seen].flatMap(([pid, { command, samples }]) => {
      const [first, last] = [samples[0], samples.at(-1)];
      if (first === undefined || last === undefined || last.seconds < end * JUST_BEFORE_THE_END) return [];
      const half = samples.filter(({ seconds }) => seconds >= end / 2);
      const climb = first.seconds > end / 2 ? undefined : climbOf(half);
      return [
        {
          name: `${nameOf(command)} ${pid}`,
          startMegabytes: first.megabytes,
          peakMegabytes: Math.max(...samples.map(({ megabytes }) => megabytes)),
          endMegabytes: last.megabytes,
          ...(climb ?? { climbs: false }),
        },
      ];
    });
  }

  #seconds(): number {
    return (performance.now() - this.#startedAt) / MS_PER_SECOND;
  }

  async #look(): Promise<void> {
    const usage = await usageOf(this.#root);
    for (const { pid, command, rssBytes } of usage?.processes ?? []) {
      const known = this.#seen.get(pid) ?? { command, samples: [] };
      known.samples.push({ seconds: this.#seconds(), megabytes: rssBytes / BYTES_PER_MEGABYTE });
      this.#seen.set(pid, known);
    }
  }
}

const MS_PER_SECOND = 1000;
const BYTES_PER_MEGABYTE = 1e6;
const JUST_BEFORE_THE_END = 0.98;

/** A process by the room whose main.ts it is: `serving/replica/main.ts` is the replica. */
function nameOf(command: string): string {
  const [, room] = /([\w-]+)[/\\]main\.[jt]s/.exec(command) ?? [];
  return room ?? command.split(' ')[0] ?? command;
}
