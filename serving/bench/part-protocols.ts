import { type BenchContext, loadCell, withStarted } from './bench-context.ts';
import { setBus } from './config.ts';
import type { Row } from './bench-report.ts';
import { startBenchFleet } from './contender-fleet.ts';
import type { Contender } from './contender.ts';
import { startBus } from './nats-bus.ts';
import { OURS, ours } from './part-small.ts';

/** gRPC with raw tensors over four connections, beside Python's own server. */
export async function grpcPart(context: BenchContext): Promise<readonly Row[]> {
  const served = await context.served('mlp');
  const peers = await context.peers(['grpc-aio']);
  const contenders = [ours.one, ours.two, ...peers.map(({ contender }) => contender)];
  return withStarted(context, contenders, [served], (started) =>
    context.inTurn(
      [
        { connections: 1, inFlight: 1 },
        { connections: 4, inFlight: 2 },
        { connections: 4, inFlight: 16 },
      ].flatMap((shape) =>
        contenders.flatMap((contender) => {
          const at = started.get(contender);
          return at === undefined ? [] : [loadCell(context, contender.name, at, served, { form: 'grpc', ...shape })];
        }),
      ),
    ),
  );
}

/** The same requests over NATS, request and reply, with the bus on the same two cores. */
export async function natsPart(context: BenchContext): Promise<readonly Row[]> {
  const bus = await startBus();
  if (bus === undefined) {
    context.notes.push('nats-server: not present');
    return [];
  }
  const fleet: Contender = {
    name: OURS.one,
    async start(models) {
      setBus(`nats://${bus.host}:${bus.port}`);
      try {
        return {
          ...(await startBenchFleet(models, { replicas: 1, log: true })),
          nats: { host: bus.host, port: bus.port },
        };
      } finally {
        setBus(undefined);
      }
    },
  };
  try {
    const served = await context.served('mlp');
    return await withStarted(context, [fleet], [served], (started) => {
      const at = started.get(fleet);
      if (at === undefined) return Promise.resolve([]);
      return context.inTurn(
        [1, 8, 64, 256].map((inFlight) =>
          loadCell(context, OURS.one, at, served, { form: 'nats', connections: 1, inFlight }),
        ),
      );
    });
  } finally {
    await bus.stop();
  }
}
