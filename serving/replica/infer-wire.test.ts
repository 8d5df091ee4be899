import { fileURLToPath } from 'node:url';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { describe, expect, it } from 'vitest';
import { type SeededRandom, seededRandom } from '../../checks/stats/seeded-random.ts';
import { type InferRequest, type RequestBody, parseInferRequest } from '../protocol/infer-request.ts';
import { type InferMessage, bodyOfMessage, requestOfMessage } from './grpc-messages.ts';
import { inferResponseBytes, readInferRequest } from './infer-wire.ts';

const LOADING = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true, arrays: true } as const;
const PROTO = fileURLToPath(new URL('../protocol/inference.proto', import.meta.url));
const service = loadSync(PROTO, LOADING)['inference.GRPCInferenceService'] as ServiceDefinition;
const method = service['ModelInfer'] as MethodDefinition<object, object>;

const MESSAGES = 1_000;
const NAMES = ['', 'x', 'input_1', 'größe', '列', 'a'.repeat(200), 'FP32', 'INT64'];

/** Neighbouring seeds begin with the same numbers. */
function spread(seed: number): number {
  return Math.imul(seed + 1, 0x9e3779b1);
}

function pick<T>(list: readonly T[], random: SeededRandom): T {
  return list[random.index(list.length)] as T;
}

function some<T>(most: number, random: SeededRandom, make: () => T): T[] {
  return Array.from({ length: random.index(most + 1) }, make);
}

function randomShape(random: SeededRandom): (number | string)[] {
  return some(4, random, () =>
    pick([0, 1, 30, 127, 128, 16_383, 16_384, '9007199254740991', '-1', '1099511627776'], random),
  );
}

function randomRequest(random: SeededRandom): object {
  const isPlain = random.uniform() < 0.6;
  const name = (): string => pick(isPlain ? ['', 'x', 'input_1', 'a'.repeat(200)] : NAMES, random);
  const parameters = (): object =>
    isPlain || random.uniform() < 0.5 ? {} : { timeout: { int64_param: '12' }, note: { string_param: 'a' } };
  return {
    model_name: name(),
    model_version: name(),
    id: name(),
    parameters: parameters(),
    inputs: some(3, random, () => ({
      name: name(),
      datatype: pick(['FP32', 'INT64', 'BYTES', ''], random),
      shape: isPlain ? some(4, random, () => random.index(100_000)) : randomShape(random),
      parameters: parameters(),
      ...(isPlain || random.uniform() < 0.6 ? {} : { contents: { fp32_contents: [1, 2.5, -3] } }),
    })),
    outputs: some(2, random, () => ({ name: name(), parameters: parameters() })),
    raw_input_contents: some(3, random, () => Buffer.from(some(300, random, () => random.index(256)))),
  };
}

/** What follows from a message: the body that arms and log see, or the refusal. */
function meaningOf(message: InferMessage): unknown {
  const { model_name: model, model_version: version } = message;
  try {
    const { text, tail } = bodyOfMessage(message);
    return { model, version, text, tail: tail === undefined ? undefined : Buffer.from(tail).toString('hex') };
  } catch (error) {
    return { model, version, refused: String(error) };
  }
}

function withWrongBytes(bytes: Buffer, random: SeededRandom): Buffer {
  const wrong = Buffer.from(bytes);
  for (let k = 0; k <= random.index(3); k++)
    if (wrong.length > 0) wrong[random.index(wrong.length)] = random.index(256);
  return random.uniform() < 0.3 ? wrong.subarray(0, random.index(wrong.length + 1)) : wrong;
}

describe('ModelInfer on the wire', () => {
  it('is read as protobufjs reads it, or left to it', () => {
    let read = 0;
    for (let seed = 0; seed < MESSAGES; seed++) {
      const random = seededRandom(spread(seed));
      const bytes = method.requestSerialize(randomRequest(random));
      const plain = readInferRequest(bytes);
      if (plain === undefined) continue;
      read += 1;
      expect(meaningOf(plain), `seed ${seed}`).toEqual(meaningOf(method.requestDeserialize(bytes) as InferMessage));
    }
    expect(read).toBeGreaterThan(MESSAGES / 4);
  });

  it('is read as protobufjs reads it, or left to it, when bytes of it are wrong or missing', () => {
    for (let seed = 0; seed < MESSAGES; seed++) {
      const random = seededRandom(spread(seed));
      const bytes = withWrongBytes(method.requestSerialize(randomRequest(random)), random);
      const plain = readInferRequest(bytes);
      if (plain === undefined) continue;
      expect(meaningOf(plain), `seed ${seed}`).toEqual(meaningOf(method.requestDeserialize(bytes) as InferMessage));
    }
  });

  it('is written so that protobufjs reads what it would have written itself', () => {
    for (let seed = 0; seed < MESSAGES; seed++) {
      const random = seededRandom(spread(seed));
      const response = {
        model_name: pick(NAMES, random),
        model_version: pick(NAMES, random),
        id: pick(NAMES, random),
        outputs: some(3, random, () => ({
          name: pick(NAMES, random),
          datatype: pick(['FP32', 'BYTES'], random),
          shape: some(4, random, () =>
            pick([0, 1, 127, 128, 16_384, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER], random),
          ),
        })),
        raw_output_contents: some(3, random, () => Buffer.from(some(300, random, () => random.index(256)))),
      };
      const theirs = method.responseDeserialize(method.responseSerialize(response));
      expect(method.responseDeserialize(inferResponseBytes(response)), `seed ${seed}`).toEqual(theirs);
    }
  });

  it('asks for the same without the way over JSON as over it', () => {
    for (let seed = 0; seed < MESSAGES; seed++) {
      const random = seededRandom(spread(seed));
      const message = method.requestDeserialize(method.requestSerialize(randomRequest(random))) as InferMessage;
      const over = (ask: (body: RequestBody) => InferRequest): unknown => {
        try {
          return ask(bodyOfMessage(message));
        } catch (error) {
          return String(error);
        }
      };
      expect(
        over((body) => requestOfMessage(message, body)),
        `seed ${seed}`,
      ).toEqual(over(parseInferRequest));
    }
  });

  it('takes dimensions that are not packed, one by one or between packed ones', () => {
    const tensor = Buffer.from([
      0x0a,
      1,
      0x78,
      0x12,
      5,
      ...Buffer.from('UINT8'),
      0x18,
      2,
      0x1a,
      2,
      3,
      4,
      0x18,
      0x85,
      1,
    ]);
    const bytes = Buffer.concat([Buffer.from([0x0a, 1, 0x6d, 0x2a, tensor.length]), tensor, Buffer.from([0x3a, 0])]);
    expect(readInferRequest(bytes)?.inputs[0]?.shape).toEqual([2, 3, 4, 133]);
    expect((method.requestDeserialize(bytes) as InferMessage).inputs[0]?.shape.map(Number)).toEqual([2, 3, 4, 133]);
  });

  it('goes into the log as the JSON that HTTP would have carried', () => {
    const floats = Buffer.alloc(8);
    const message = {
      model_name: 'm',
      model_version: '',
      id: 'say "seven"',
      parameters: {},
      inputs: [
        { name: 'x', datatype: 'FP32', shape: [1, '2'], contents: null },
        { name: 'ü', datatype: 'BYTES', shape: [], contents: null },
      ],
      outputs: [{ name: 'y', parameters: {} }],
      raw_input_contents: [floats, Buffer.from('abc')],
    };
    const { text, tail } = bodyOfMessage(message);
    expect(JSON.parse(text)).toEqual({
      id: 'say "seven"',
      parameters: { binary_data_output: true },
      inputs: [
        { name: 'x', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } },
        { name: 'ü', datatype: 'BYTES', shape: [], parameters: { binary_data_size: 3 } },
      ],
      outputs: [{ name: 'y', parameters: { binary_data: true } }],
    });
    expect(tail).toEqual(Buffer.concat([floats, Buffer.from('abc')]));
    const bare = { ...message, id: '', outputs: [], inputs: message.inputs.slice(0, 1), raw_input_contents: [floats] };
    expect(bodyOfMessage(bare)).toEqual({
      text: '{"parameters":{"binary_data_output":true},"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}}]}',
      tail: floats,
    });
  });

  it('is read without copying the tensors', () => {
    const bytes = method.requestSerialize({
      model_name: 'm',
      inputs: [{ name: 'x', datatype: 'UINT8', shape: [3] }],
      raw_input_contents: [Buffer.of(1, 2, 3)],
    });
    expect(readInferRequest(bytes)?.raw_input_contents[0]?.buffer).toBe(bytes.buffer);
  });
});
