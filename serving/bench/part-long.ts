import { type BenchContext, bareCell, loadCell, withBare, withStarted } from './bench-context.ts';
import type { Row } from './bench-report.ts';
import { ours } from './part-small.ts';

/** A convolutional network whose requests are 600 kB of pixels: binary tensors, beside the model alone. */
export async function cnnPart(context: BenchContext): Promise<readonly Row[]> {
  const served = await context.served('cnn');
  return withBare(served, 1, (bare) =>
    withStarted(context, [ours.one, ours.noLog], [served], (started) => {
      const slow = { ...context, seconds: 2 * context.seconds };
      const cells = [ours.one, ours.noLog].flatMap((contender) => {
        const at = started.get(contender);
        if (at === undefined) return [];
        return [loadCell(slow, contender.name, at, served, { form: 'v2-binary', connections: 8 })];
      });
      return context.inTurn([bareCell(slow, bare), ...cells]);
    }),
  );
}

/** A model that takes milliseconds: here the model is the cost, and two replicas should be worth two. */
export async function encoderPart(context: BenchContext): Promise<readonly Row[]> {
  const served = await context.served('encoder');
  const peers = await context.peers(['fastapi-tuned', 'fastapi-tuned-2']);
  const fleets = [ours.one, ours.noLog, ours.two];
  return withBare(served, 2, (bare) =>
    withStarted(context, [...fleets, ...peers.map(({ contender }) => contender)], [served], (started) => {
      const cell = (contender: (typeof fleets)[number], form: 'v2-json' | 'v2-binary', connections: number) => {
        const at = started.get(contender);
        return at === undefined ? [] : [loadCell(context, contender.name, at, served, { form, connections })];
      };
      return context.inTurn([
        bareCell(context, bare),
        bareCell(context, bare, { processes: 2 }),
        ...fleets.flatMap((contender) => cell(contender, 'v2-json', 8)),
        ...peers.flatMap(({ contender }) => cell(contender, 'v2-json', 8)),
        ...[1, 32].flatMap((connections) =>
          [ours.one, ours.two].flatMap((contender) => cell(contender, 'v2-json', connections)),
        ),
        ...cell(ours.one, 'v2-binary', 8),
      ]);
    }),
  );
}
