import { type BenchContext, bareCell, loadCell, withBare, withStarted } from './bench-context.ts';
import type { BenchModelName } from './bench-models.ts';
import type { Row } from './bench-report.ts';
import { fleetContender } from './contender-fleet.ts';
import type { PeerName } from './contender-peer.ts';

/** Names of what we bring to the bench; tables and goals speak of them by these. */
export const OURS = {
  one: 'Slipway, 1 replica',
  noLog: 'Slipway, 1 replica, no log',
  two: 'Slipway, 2 replicas',
} as const;

const one = fleetContender(OURS.one, { replicas: 1, log: true });
const noLog = fleetContender(OURS.noLog, { replicas: 1, log: false });
const two = fleetContender(OURS.two, { replicas: 2, log: true });
export const ours = { one, noLog, two } as const;

const JSON_LOADS = [1, 8, 64] as const;

/** A small model, where everything but the model is the cost: JSON at 1, 8 and 64 connections, beside every peer that is present. */
export const smallPart = (context: BenchContext): Promise<readonly Row[]> =>
  httpPart(context, 'mlp', {
    fleets: [one, noLog, two],
    peers: ['fastapi', 'fastapi-tuned', 'fastapi-tuned-2', 'mlserver', 'bentoml'],
    connections: JSON_LOADS,
    binaryConnections: [8, 64],
  });

/** A tree ensemble: as small to serve, dearer to run. */
export const treesPart = (context: BenchContext): Promise<readonly Row[]> =>
  httpPart(context, 'trees', {
    fleets: [one, noLog],
    peers: ['fastapi', 'fastapi-tuned'],
    connections: [64],
    binaryConnections: [64],
  });

interface HttpPart {
  readonly fleets: readonly (typeof one)[];
  readonly peers: readonly PeerName[];
  readonly connections: readonly number[];
  readonly binaryConnections: readonly number[];
}

async function httpPart(context: BenchContext, name: BenchModelName, part: HttpPart): Promise<readonly Row[]> {
  const served = await context.served(name);
  const found = await context.peers(part.peers);
  return withBare(served, 1, (bare) =>
    withStarted(context, [...part.fleets, ...found.map(({ contender }) => contender)], [served], (started) => {
      const fleets = part.fleets.flatMap((contender) => {
        const at = started.get(contender);
        return at === undefined ? [] : [{ name: contender.name, at }];
      });
      const others = found.flatMap(({ name: peer, contender }) => {
        const at = started.get(contender);
        return at === undefined ? [] : [{ name: contender.name, at, peer }];
      });
      return context.inTurn([
        bareCell(context, bare),
        bareCell(context, bare, { rows: 64 }),
        ...part.connections.flatMap((connections) => {
          const shape = { form: 'v2-json', connections } as const;
          return [
            ...fleets.map(({ name: fleet, at }) => loadCell(context, fleet, at, served, shape)),
            ...others.map(({ name: other, at, peer }) => loadCell(context, other, at, served, shape, { peer })),
          ];
        }),
        ...part.binaryConnections.flatMap((connections) =>
          fleets.map(({ name: fleet, at }) => loadCell(context, fleet, at, served, { form: 'v2-binary', connections })),
        ),
      ]);
    }),
  );
}
