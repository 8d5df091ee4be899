import type { JetStreamClient, JetStreamManager, JsMsg } from '@nats-io/jetstream';
import type { RouteContext } from '../replica/routes.ts';
import { type Answering, answerMessage } from './answer-message.ts';
import { keptIdentifier } from './kept-identifier.ts';
import { outcomeOf, tooOften } from './kept-outcome.ts';
import {
  type MessageAnswer,
  type MessageHeaders,
  answerOfError,
  headersOf,
  natsHeaders,
  refusalOf,
} from './message-call.ts';
import { RESULT_STREAM, deadSubject, resultSubject } from './subjects.ts';
import { orMissing } from './streams.ts';

/** What answering kept requests touches. */
export interface Keeping extends Answering {
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly track: RouteContext['track'];
  readonly maxDeliveries: number;
  /** Whether this replica should let go of what it holds for the model. */
  readonly leaving: () => boolean;
  readonly counts: KeptCounts;
}

export interface KeptCounts {
  /** Their answer is stored, refusals included. */
  answered: number;
  dead: number;
  /** Given back, to be delivered again. */
  givenBack: number;
}

interface Kept {
  readonly message: JsMsg;
  readonly model: string;
  readonly id: string;
  readonly headers: MessageHeaders;
  readonly result: string;
}

/**
 * Answers a kept request once: its answer is stored, then the request is taken out of its stream. Whatever happens in between, the request is delivered
 * again, with the same id; the answer that is there already is found by it. Never rejects.
 */
export async function answerKept(message: JsMsg, model: string, keeping: Keeping): Promise<void> {
  const { stream, streamSequence, deliveryCount, timestampNanos } = message.info;
  const id = keptIdentifier(Number(BigInt(timestampNanos) / NANOS_A_MS), stream, streamSequence);
  let headers: MessageHeaders = {};
  let unreadable: unknown;
  try {
    headers = headersOf(message);
  } catch (error) {
    unreadable = error;
  }
  const result = resultSubject(model, headers['nats-msg-id'], streamSequence);
  const kept: Kept = { message, model, id, headers, result };
  try {
    if (deliveryCount > 1 && (await isAnswered(kept, keeping))) return message.ack();
    if (unreadable !== undefined) return await settle(kept, answerOfError(unreadable, id), keeping);
    const reason = tooOften(deliveryCount, keeping.maxDeliveries);
    if (reason !== undefined) return await bury(kept, reason, keeping);
    await attempts(kept, keeping);
  } catch (error) {
    // The bus itself: what was not stored is delivered again.
    console.error(
      `NATS: request ${id} for ${model} is given back: ${error instanceof Error ? error.message : String(error)}`,
    );
    giveBack(kept, keeping, GIVEN_BACK_MS);
  }
}

/** Tries until it is answered, refused, or somebody else's. */
async function attempts(kept: Kept, keeping: Keeping): Promise<void> {
  const { message, id, headers } = kept;
  const { buffer, byteOffset, byteLength } = message.data;
  const body = Buffer.from(buffer, byteOffset, byteLength);
  for (let attempt = 0; ; attempt++) {
    try {
      const asked = { id, headers, body, at: Date.now(), startedAt: performance.now() };
      const answer = await keeping.track(answerMessage(message.subject, asked, keeping));
      await settle(kept, answer, keeping);
      return;
    } catch (error) {
      if (keeping.serving.table(kept.model) === undefined) {
        // The model was taken down meanwhile: its requests wait for its return.
        giveBack(kept, keeping, GIVEN_BACK_MS);
        return;
      }
      const outcome = outcomeOf(refusalOf(error), message.info.deliveryCount, keeping.maxDeliveries);
      switch (outcome.kind) {
        case 'answer':
          await settle(kept, answerOfError(error, id), keeping);
          return;
        case 'dead':
          await bury(kept, outcome.reason, keeping);
          return;
        case 'redeliver':
          giveBack(kept, keeping, outcome.afterMs);
          return;
        case 'hold':
          if (keeping.leaving()) {
            giveBack(kept, keeping, 0);
            return;
          }
          await pause(Math.min(FIRST_HOLD_MS * 2 ** attempt, LONGEST_HOLD_MS));
      }
    }
  }
}

/** Stores the answer, then takes the request out. */
async function settle({ message, result, id }: Kept, answer: MessageAnswer, keeping: Keeping): Promise<void> {
  await keeping.client.publish(result, answer.body, { msgID: id, headers: natsHeaders(answer.headers), ...PUBLISHING });
  message.ack();
  keeping.counts.answered += 1;
}

/** A dead letter for whoever keeps the fleet, and an answer for whoever asked. */
async function bury(kept: Kept, reason: string, keeping: Keeping): Promise<void> {
  const { message, model, id, headers } = kept;
  const original = Object.fromEntries(
    // What would tell the server what to do with this message was meant for the other.
    Object.entries(headers).map(([name, value]) => [
      name.startsWith('nats-') ? `slipway-original-${name}` : name,
      value,
    ]),
  );
  const dead = natsHeaders({
    ...original,
    'x-slipway-id': id,
    'slipway-reason': reason.replaceAll(/[\r\n]+/g, ' ').slice(0, MAX_REASON_CHARACTERS),
    'slipway-deliveries': String(message.info.deliveryCount),
    'slipway-subject': message.subject,
    'slipway-sequence': String(message.seq),
  });
  await keeping.client.publish(deadSubject(model), message.data, { msgID: id, headers: dead, ...PUBLISHING });
  keeping.counts.dead += 1;
  await settle(kept, answerOfError(new Error(`the request is a dead letter: ${reason}`), id), keeping);
}

function giveBack({ message }: Kept, keeping: Keeping, afterMs: number): void {
  keeping.counts.givenBack += 1;
  message.nak(afterMs);
}

/** Whoever had it before may have stored its answer, and ended before it could say so. */
async function isAnswered({ result, id }: Kept, { manager }: Keeping): Promise<boolean> {
  const stored = await orMissing(manager.streams.getMessage(RESULT_STREAM, { last_by_subj: result }));
  return stored?.header.get('x-slipway-id') === id;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const NANOS_A_MS = 1_000_000n;
const PUBLISHING = { timeout: 10_000, retries: 3 } as const;
const GIVEN_BACK_MS = 2_000;
const FIRST_HOLD_MS = 50;
const LONGEST_HOLD_MS = 2_000;
const MAX_REASON_CHARACTERS = 512;
