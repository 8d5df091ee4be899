import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { orMissing } from './streams.ts';
import { ASYNC_STREAM } from './subjects.ts';

/** How many kept requests of a model wait, and how many are being answered, over all replicas. */
export interface Pending {
  readonly waiting: number;
  readonly underWay: number;
}

/** What every consumer says of itself, by its name, which is the model's: one question for 256 models. */
export async function pendingByModel(connection: NatsConnection): Promise<ReadonlyMap<string, Pending>> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const pending = new Map<string, Pending>();
  const lister = manager.consumers.list(ASYNC_STREAM);
  for (;;) {
    const page = (await orMissing(lister.next())) ?? [];
    for (const { name, num_pending, num_ack_pending } of page)
      pending.set(decodeURIComponent(name), { waiting: num_pending, underWay: num_ack_pending });
    if (page.length === 0) return pending;
  }
}
