import {
  AckPolicy,
  type ConsumerInfo,
  DiscardPolicy,
  type JetStreamManager,
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { KeptSettings } from './messaging-settings.ts';
import { ASYNC_STREAM, DEAD_STREAM, RESULT_STREAM, subjectsOf, tokenOf } from './subjects.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const GIB = 2 ** 30;

type Definition = Partial<StreamConfig> & Pick<StreamConfig, 'name'>;

/** The streams as the first replica makes them. One that is there stays as it is: its limits are its operator's. */
export const STREAMS: readonly Definition[] = [
  {
    name: ASYNC_STREAM,
    description: 'Slipway: requests that are kept until they are answered',
    subjects: ['slipway.async.>'],
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.File,
    // Who sends into a full stream is told so; what is in it is never dropped, however old.
    discard: DiscardPolicy.New,
    discard_new_per_subject: true,
    max_msgs_per_subject: 100_000,
    max_bytes: GIB,
    duplicate_window: nanos(10 * MINUTE_MS),
  },
  {
    name: RESULT_STREAM,
    description: 'Slipway: answers to requests that were kept',
    subjects: ['slipway.result.>'],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_age: nanos(DAY_MS),
    max_bytes: GIB,
    max_msgs_per_subject: 1,
    duplicate_window: nanos(10 * MINUTE_MS),
    allow_direct: true,
  },
  {
    name: DEAD_STREAM,
    description: 'Slipway: requests that nobody could answer',
    subjects: ['slipway.dead.>'],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_age: nanos(30 * DAY_MS),
    max_bytes: GIB,
    duplicate_window: nanos(10 * MINUTE_MS),
  },
];

/** Makes the streams that are missing. Two replicas may do so at once. */
export async function ensureStreams(manager: JetStreamManager): Promise<void> {
  for (const definition of STREAMS) {
    const found = await orMissing(manager.streams.info(definition.name));
    if (found === undefined) await manager.streams.add(definition);
  }
}

/** The consumer that all replicas share for a model: named after it. One that is there stays as it is. */
export async function ensureConsumer(
  manager: JetStreamManager,
  model: string,
  { ackWaitMs }: KeptSettings,
): Promise<ConsumerInfo> {
  const name = tokenOf(model);
  const found = await orMissing(manager.consumers.info(ASYNC_STREAM, name));
  return (
    found ??
    manager.consumers.add(ASYNC_STREAM, {
      durable_name: name,
      description: `Slipway: requests for ${model}`,
      filter_subjects: [...subjectsOf('async', model)],
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ackWaitMs),
      // Deliveries are counted by who takes the message: the server would stop silently, and leave it there for ever.
      max_deliver: -1,
    })
  );
}

/** Undefined for what is not there; other errors are thrown. */
export async function orMissing<T>(asking: Promise<T>): Promise<T | undefined> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof JetStreamApiError && MISSING.includes(error.code)) return undefined;
    throw error;
  }
}

const MISSING: readonly number[] = [
  JetStreamApiCodes.StreamNotFound,
  JetStreamApiCodes.ConsumerNotFound,
  JetStreamApiCodes.NoMessageFound,
];
