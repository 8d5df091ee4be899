import type { NatsConnection } from '@nats-io/transport-node';
import { Refusal } from '../protocol/refusal.ts';
import type { Reply } from '../replica/call.ts';
import { type Serving, serveCall } from '../replica/serve-call.ts';
import { type Asked, type MessageAnswer, OBJECT, answerOfReply, callOf } from './message-call.ts';
import type { Objects } from './objects.ts';

/** What answering a message touches. */
export interface Answering {
  readonly serving: Serving;
  readonly connection: NatsConnection;
  readonly objects: Objects;
}

/** Answers a request as HTTP would: same arms, log, counters and deadlines. Rejects with what `serveCall` rejects with. */
export async function answerMessage(subject: string, asked: Asked, answering: Answering): Promise<MessageAnswer> {
  const object = asked.headers[OBJECT];
  const whole = object === undefined ? asked : await withObject(asked, object, answering.objects);
  return sendable(await serveCall(callOf(subject, whole), answering.serving), whole, answering);
}

/** The object's bytes lie behind those of the message: JSON in one and tensors in the other, or all of it in the object. */
async function withObject(asked: Asked, object: string, objects: Objects): Promise<Asked> {
  const bytes = await objects.fetch(object);
  return { ...asked, body: asked.body.length === 0 ? bytes : Buffer.concat([asked.body, bytes]) };
}

/** What is larger than a message may be goes into the bucket; the message names it. */
async function sendable(reply: Reply, asked: Asked, { connection, objects }: Answering): Promise<MessageAnswer> {
  const answer = answerOfReply(reply, asked);
  if (answer.body.length <= largestBody(connection)) return answer;
  const name = `answer-${asked.id}`;
  try {
    await objects.keep(name, answer.body);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Refusal(503, `an answer of ${answer.body.length} bytes is larger than a message may be, and ${reason}`, {
      retryAfterSeconds: 1,
    });
  }
  return { headers: { ...answer.headers, [OBJECT]: name }, body: Buffer.alloc(0) };
}

/** What a message may hold besides its headers, in bytes. */
export function largestBody(connection: NatsConnection | undefined): number {
  return (connection?.info?.max_payload ?? SMALLEST_PAYLOAD_BYTES) - HEADER_ROOM_BYTES;
}

/** `max_payload` counts the headers, too. */
const HEADER_ROOM_BYTES = 4096;
const SMALLEST_PAYLOAD_BYTES = 65_536;
