import { fieldsOf } from '../model/wire.ts';
import type { Expectation } from './load-job.ts';

/** What is wrong with an answer; undefined: nothing. */
export type Complaint = { readonly kind: string; readonly says: string };

/** What an answer has to be compared: its status, and its body, which is only lent. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
  /** Of a body with bytes behind its JSON: how long the JSON is. */
  readonly jsonBytes?: number;
}

/** Answers to one request differ in the last bits with what they were batched with, so there are a few right ones. */
const MOST_KNOWN = 8;
/** Records' answers each have an id of their own: one in so many is read whole. */
const READ_EVERY = 16;

/**
 * Judges every answer to one request. An answer is read and compared once; later ones that are the same byte for byte are right, too, which costs the
 * generator next to nothing. Where answers carry ids of their own, every 16th is read.
 */
export class AnswerCheck {
  readonly #expects: Expectation;
  readonly #known: Buffer[] = [];
  #seen = 0;

  constructor(expects: Expectation) {
    this.#expects = expects;
  }

  complaint({ status, body, jsonBytes }: Answer): Complaint | undefined {
    const expects = this.#expects;
    const wanted = expects.kind === 'status' ? expects.status : OK;
    if (status !== wanted)
      return { kind: `status ${status}`, says: `status ${status}, expected ${wanted}: ${beginning(body)}` };
    if (expects.kind === 'status') return undefined;
    this.#seen += 1;
    if (expects.form === 'v1' && this.#seen % READ_EVERY !== 1) return undefined;
    for (const known of this.#known) if (known.equals(body)) return undefined;
    const says = differenceOf(body, jsonBytes, expects);
    if (says !== undefined) return { kind: 'wrong answer', says: `${says}: ${beginning(body)}` };
    if (expects.form !== 'v1' && this.#known.length < MOST_KNOWN) this.#known.push(Buffer.from(body));
    return undefined;
  }
}

const OK = 200;
const SHOWN_CHARACTERS = 300;

function beginning(body: Buffer): string {
  return body.toString('utf8', 0, SHOWN_CHARACTERS);
}

type Numbers = Extract<Expectation, { readonly kind: 'numbers' }>;

function differenceOf(body: Buffer, jsonBytes: number | undefined, expects: Numbers): string | undefined {
  let said: Said;
  try {
    said = SAID[expects.form](body, jsonBytes ?? body.length);
  } catch (error) {
    return `cannot be read as ${expects.form} (${error instanceof Error ? error.message : String(error)})`;
  }
  if (said.id !== undefined && said.id !== expects.id)
    return `answers ${JSON.stringify(said.id)}, was asked ${JSON.stringify(expects.id)}`;
  if (said.numbers.length !== expects.numbers.length)
    return `${said.numbers.length} numbers, expected ${expects.numbers.length}`;
  const at = expects.numbers.findIndex(
    (number, index) => !(Math.abs(number - (said.numbers[index] ?? NaN)) <= expects.tolerance),
  );
  return at === -1 ? undefined : `number ${at} is ${said.numbers[at]}, expected ${expects.numbers[at]}`;
}

interface Said {
  readonly id?: string;
  readonly numbers: readonly number[];
}

const SAID: Readonly<Record<Numbers['form'], (body: Buffer, jsonBytes: number) => Said>> = {
  'v2-json': (body) => {
    const { id, outputs } = JSON.parse(body.toString('utf8')) as V2Answer;
    return { ...(id === undefined ? {} : { id }), numbers: (outputs[0]?.data ?? []).flat().map(Number) };
  },
  'v2-binary': (body, jsonBytes) => {
    const { id, outputs } = JSON.parse(body.toString('utf8', 0, jsonBytes)) as V2Answer;
    const bytes = body.subarray(jsonBytes);
    if (outputs[0]?.parameters?.binary_data_size !== bytes.length)
      throw new Error(`${bytes.length} bytes behind the JSON, it says ${outputs[0]?.parameters?.binary_data_size}`);
    return { ...(id === undefined ? {} : { id }), numbers: floatsOf(bytes) };
  },
  v1: (body) => {
    const { predictions } = JSON.parse(body.toString('utf8')) as {
      readonly predictions: readonly { score: unknown }[];
    };
    return { numbers: predictions.flatMap(({ score }) => [score].flat().map(Number)) };
  },
  grpc: (body) => {
    let id: string | undefined;
    const raw: Buffer[] = [];
    for (const { number, start, end } of fieldsOf(body, 0, body.length)) {
      if (number === FIELD_ID) id = body.toString('utf8', start, end);
      if (number === FIELD_RAW_OUTPUT) raw.push(body.subarray(start, end));
    }
    return { ...(id === undefined ? {} : { id }), numbers: floatsOf(raw[0] ?? Buffer.alloc(0)) };
  },
};

const FIELD_ID = 3;
const FIELD_RAW_OUTPUT = 6;

interface V2Answer {
  readonly id?: string;
  readonly outputs: readonly {
    readonly data?: readonly unknown[];
    readonly parameters?: { readonly binary_data_size?: number };
  }[];
}

function floatsOf(bytes: Buffer): readonly number[] {
  return Array.from({ length: bytes.length >> 2 }, (_, index) => bytes.readFloatLE(4 * index));
}
