import { type BenchContext, loadCell, withStarted } from './bench-context.ts';
import type { Row } from './bench-report.ts';
import { ours } from './part-small.ts';

const CONNECTIONS = 64;
/** Shares of what 64 connections got in a closed loop. */
export const OPEN_SHARES = [0.2, 0.5, 0.8] as const;
export const openLoad = (share: number): string => `JSON, open loop, ${100 * share} % of capacity`;

/** How long callers wait who do not wait for each other: arrivals at their own times, at shares of the capacity. */
export async function openPart(context: BenchContext): Promise<readonly Row[]> {
  const served = await context.served('mlp');
  return withStarted(context, [ours.one], [served], async (started) => {
    const at = started.get(ours.one);
    if (at === undefined) return [];
    const closed = loadCell(context, ours.one.name, at, served, { form: 'v2-json', connections: CONNECTIONS });
    // The first is what the code is compiled for, not what it can do.
    await closed.measure();
    const { perSecond } = await closed.measure();
    context.notes.push(`capacity: ${Math.round(perSecond)} requests/s at ${CONNECTIONS} connections`);
    return context.inTurn(
      OPEN_SHARES.map((share, seed) => {
        const open = { perSecond: Math.round(share * perSecond), seed };
        const shape = { form: 'v2-json', connections: CONNECTIONS, open } as const;
        return loadCell(context, ours.one.name, at, served, shape, { load: openLoad(share) });
      }),
    );
  });
}

export const LOG_LOAD = 'JSON, open loop, the same rate for both';
/** Of the capacity: enough for full frames to the log's writer, and far from where a queue decides. */
const LOG_SHARE = 0.4;

/** What the prediction log costs a row: processor time of both fleets at the same rate of arrivals, the log's writer included. */
export async function logPart(context: BenchContext): Promise<readonly Row[]> {
  const served = await context.served('mlp');
  const fleets = [ours.one, ours.noLog];
  const slow = { ...context, seconds: 2 * context.seconds };
  return withStarted(context, fleets, [served], async (started) => {
    const found = fleets.flatMap((contender) => {
      const at = started.get(contender);
      return at === undefined ? [] : [{ name: contender.name, at }];
    });
    const [first] = found;
    if (first === undefined) return [];
    const closed = { form: 'v2-json', connections: CONNECTIONS } as const;
    for (const { name, at } of found) await loadCell(context, name, at, served, closed).measure();
    const { perSecond } = await loadCell(context, first.name, first.at, served, closed).measure();
    const open = { perSecond: Math.round(LOG_SHARE * perSecond), seed: 5 };
    context.notes.push(`${open.perSecond} requests/s`);
    return context.inTurn(
      found.map(({ name, at }) => loadCell(slow, name, at, served, { ...closed, open }, { load: LOG_LOAD })),
    );
  });
}
