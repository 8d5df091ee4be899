import { jetstream } from '@nats-io/jetstream';
import { type ObjectInfo, type ObjectStore, Objm } from '@nats-io/obj';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import { Refusal } from '../protocol/refusal.ts';
import { MAX_BODY_BYTES } from '../replica/http.ts';
import { BUCKET } from './subjects.ts';

/** What is too large for a message lies in the bucket `slipway`, and the message names it. */
export interface Objects {
  /** Its bytes, after comparing them with their digest. Rejects with a Refusal: 404, 413, 429, 400 where they are damaged, 503. */
  fetch(name: string): Promise<Buffer>;
  /** Puts an answer there. Rejects with a Refusal with status 503. */
  keep(name: string, bytes: Uint8Array): Promise<void>;
}

/** A day: an answer that nobody fetched by then is of no use to anybody. */
const KEPT_MS = 86_400_000;
const MAX_BUCKET_BYTES = 4 * 2 ** 30;
/** All objects that are being read at once: a replica's memory is for models. */
const MAX_READING_BYTES = 4 * MAX_BODY_BYTES;
const LIMIT_MS = 30_000;

export function objectsOf(connection: NatsConnection): Objects {
  let opened: Promise<ObjectStore> | undefined;
  let reading = 0;
  /** Made on first use, and only where it is not there: an operator's own limits stay. */
  const bucket = (): Promise<ObjectStore> => {
    opened ??= openBucket(connection).catch((error: unknown) => {
      opened = undefined;
      throw unavailable(error);
    });
    return opened;
  };
  return {
    async fetch(name) {
      const store = await bucket();
      const info = await limited(store.info(name));
      checkObject(info, name);
      if (reading + info.size > MAX_READING_BYTES)
        throw new Refusal(429, `objects of ${reading} bytes are being read already`, { retryAfterSeconds: 1 });
      reading += info.size;
      try {
        return await read(store, name, info.size);
      } finally {
        reading -= info.size;
      }
    },
    async keep(name, bytes) {
      const store = await bucket();
      await limited(store.putBlob({ name }, bytes));
    },
  };
}

async function openBucket(connection: NatsConnection): Promise<ObjectStore> {
  const manager = new Objm(jetstream(connection));
  try {
    return await manager.open(BUCKET);
  } catch {
    return manager.create(BUCKET, {
      description: 'Slipway: requests and answers that are larger than a message',
      ttl: nanos(KEPT_MS),
      max_bytes: MAX_BUCKET_BYTES,
    });
  }
}

function checkObject(info: ObjectInfo | null, name: string): asserts info is ObjectInfo {
  if (info === null || info.deleted) throw new Refusal(404, `there is no object "${name}" in the bucket "${BUCKET}"`);
  // A link would make this replica read for its caller what the caller itself may not.
  if (info.options?.link !== undefined)
    throw new Refusal(400, `the object "${name}" is a link; name the object itself`);
  if (info.size > MAX_BODY_BYTES)
    throw new Refusal(413, `the object "${name}" has ${info.size} bytes; at most ${MAX_BODY_BYTES} are served`);
}

async function read(store: ObjectStore, name: string, expectedBytes: number): Promise<Buffer> {
  const found = await limited(store.get(name));
  if (found === null) throw new Refusal(404, `the object "${name}" was taken away`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = found.data.getReader();
  const whole = async (): Promise<Buffer> => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > expectedBytes) throw new Refusal(400, `the object "${name}" is larger than it says it is`);
      chunks.push(value);
    }
    return Buffer.concat(chunks);
  };
  try {
    return await limited(whole(), (error) => new Refusal(400, `the object "${name}" cannot be read: ${error.message}`));
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    throw error;
  } finally {
    // Told by the reader already.
    found.error.catch(() => undefined);
  }
}

async function limited<T>(work: Promise<T>, wrapped: (error: Error) => Refusal = unavailable): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable(new Error(`no answer for ${LIMIT_MS} ms`))), LIMIT_MS);
  });
  try {
    return await Promise.race([work, limit]);
  } catch (error) {
    throw error instanceof Refusal ? error : wrapped(error instanceof Error ? error : new Error(String(error)));
  } finally {
    clearTimeout(timer);
  }
}

function unavailable(error: unknown): Refusal {
  const reason = error instanceof Error ? error.message : String(error);
  return new Refusal(503, `the object store of the bus does not answer: ${reason}`, { retryAfterSeconds: 1 });
}
