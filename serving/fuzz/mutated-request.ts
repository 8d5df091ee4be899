import type { SeededRandom } from '../../checks/stats/seeded-random.ts';
import { post } from './malformed-requests.ts';

/** What is sent on one connection of a fuzz run, in these pieces. */
export interface MutatedRequest {
  readonly parts: readonly Uint8Array[];
  /** How the sender ends: waits for answers, ends its own side, or goes away. */
  readonly end: 'wait' | 'half' | 'gone';
  /** Requests in it whose framing is whole: so many answers are due unless the connection ends. */
  readonly whole: number;
}

/** A request that a fleet answers, to start from. */
export interface Seed {
  readonly path: string;
  /** JSON, or nothing: then it is a GET. */
  readonly json?: unknown;
  /** Tensors behind the JSON. */
  readonly tail?: Uint8Array;
}

const MOST_PIPELINED = 4;

/** Some requests made of the seeds, wrong in ways that the random numbers choose; some are left as they are. */
export function mutatedRequest(seeds: readonly Seed[], random: SeededRandom): MutatedRequest {
  const count = random.uniform() < 0.7 ? 1 : 1 + random.index(MOST_PIPELINED);
  const requests = Array.from({ length: count }, () => requestOf(pick(seeds, random), random));
  const broken = requests.findIndex(({ isWhole }) => !isWhole);
  let bytes: Uint8Array = Buffer.concat(requests.map((request) => request.bytes));
  const cut = random.uniform() < 0.05;
  if (cut) bytes = bytes.subarray(0, random.index(bytes.length + 1));
  const end = random.uniform() < 0.9 && !cut ? 'wait' : random.uniform() < 0.5 ? 'half' : 'gone';
  return { parts: split(bytes, random), end, whole: cut ? 0 : broken < 0 ? count : broken };
}

function requestOf(seed: Seed, random: SeededRandom): { readonly bytes: Uint8Array; readonly isWhole: boolean } {
  const { path, json, tail } = seed;
  if (json === undefined) {
    const method = pick(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'], random);
    const line = `${method} ${mutatedPath(path, random)} HTTP/1.1`;
    return { bytes: Buffer.from(`${line}\r\nHost: fleet\r\nContent-Length: 0\r\n\r\n`), isWhole: true };
  }
  const changed = random.uniform() < 0.8 ? mutatedJson(structuredClone(json), random) : json;
  let text = textOf(changed, random);
  if (random.uniform() < 0.15) text = mutatedText(text, random);
  const bytes = Buffer.from(text);
  const body = tail === undefined ? bytes : Buffer.concat([bytes, mutatedTail(tail, random)]);
  const headers: string[] = [];
  if (tail !== undefined || random.uniform() < 0.03)
    headers.push(`Inference-Header-Content-Length: ${lengthNear(bytes.length, random)}`);
  if (random.uniform() < 0.1) headers.push(pick(HEADERS, random));
  const request = Buffer.from(post(random.uniform() < 0.05 ? mutatedPath(path, random) : path, body, headers));
  if (random.uniform() < 0.85) return { bytes: request, isWhole: true };
  return { bytes: mutatedBytes(request, random), isWhole: false };
}

const HEADERS = [
  'Accept-Encoding: gzip',
  'Accept-Encoding: deflate;q=0.5, gzip;q=0',
  'Content-Type: application/json; charset=utf-16',
  'Content-Encoding: gzip',
  'Content-Encoding: br',
  'Connection: close',
  'Connection: keep-alive, x-a',
  'X-Slipway-Id: not-yours',
  'X-Slipway-Arm: candidate',
  'X-User-Id: \u00ff',
  'Traceparent: 00-0-0-0',
  `X-Long: ${'a'.repeat(10_000)}`,
  'Expect: 100-continue',
  'Authorization: Bearer nobody',
] as const;

/** Values that programs have stumbled over. */
const JUNK: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1e308,
  -1e308,
  5e-324,
  1.5,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e21,
  '',
  'NaN',
  '-Infinity',
  '\u0000',
  '\ud800',
  '💥',
  'x'.repeat(70_000),
  [],
  [[]],
  [[[[[[[[[[]]]]]]]]]],
  {},
  { __proto__: 1 },
  { toString: 1, constructor: null },
  Array.from({ length: 5_000 }, (_, k) => k),
];
const NAMES = ['id', 'inputs', 'outputs', 'parameters', 'name', 'shape', 'datatype', 'data', '__proto__', 'instances'];

/** The same JSON with up to three places changed, taken out, doubled or swapped. */
function mutatedJson(json: unknown, random: SeededRandom): unknown {
  let changed = json;
  for (let k = 1 + random.index(3); k > 0; k--) {
    const places = placesIn(changed);
    const place = places.length === 0 ? undefined : pick(places, random);
    if (place === undefined) {
      changed = structuredClone(pick(JUNK, random));
      continue;
    }
    const { holder, key } = place;
    switch (random.index(5)) {
      case 0:
        Reflect.deleteProperty(holder, key);
        break;
      case 1:
        if (Array.isArray(holder)) holder.push(structuredClone(holder[Number(key)]));
        else holder[pick(NAMES, random)] = structuredClone(holder[key]);
        break;
      case 2:
        if (typeof holder[key] === 'number') holder[key] = holder[key] * pick([-1, 2, 0.5, 1e9, 1e300], random);
        else holder[key] = structuredClone(pick(JUNK, random));
        break;
      default:
        holder[key] = structuredClone(pick(JUNK, random));
    }
  }
  return changed;
}

interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

function placesIn(json: unknown): readonly Place[] {
  if (typeof json !== 'object' || json === null) return [];
  const holder = json as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])]);
}

/** JSON, now and then with what JSON does not have. */
function textOf(json: unknown, random: SeededRandom): string {
  const text = JSON.stringify(json) ?? '';
  if (random.uniform() < 0.95) return text;
  return text.replace(
    /\d+/,
    pick(['NaN', 'Infinity', '1e999', '0x10', '01', '.5', '1_000', `${'9'.repeat(400)}`], random),
  );
}

function mutatedText(text: string, random: SeededRandom): string {
  const at = random.index(text.length + 1);
  switch (random.index(4)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return (
        text.slice(0, at) +
        pick(['[', '{', '"', '\\', ',', ':', '\u0000', '\uFEFF', '//', '[['.repeat(2_000)], random) +
        text.slice(at)
      );
    case 2:
      return text.slice(0, at) + text.slice(at + 1 + random.index(8));
    default:
      return text + text;
  }
}

function mutatedTail(tail: Uint8Array, random: SeededRandom): Uint8Array {
  if (random.uniform() < 0.5) return tail;
  const changed = Uint8Array.from(
    { length: random.index(2 * tail.length + 1) },
    (_, k) => tail[k] ?? random.index(256),
  );
  for (let k = random.index(4); k > 0 && changed.length > 0; k--)
    changed[random.index(changed.length)] = random.index(256);
  return changed;
}

function lengthNear(length: number, random: SeededRandom): string {
  return random.uniform() < 0.7
    ? String(length)
    : pick(
        ['0', '-1', String(length + 1), String(length - 1), '1e3', '', '99999999999999999999', `${length}, ${length}`],
        random,
      );
}

function mutatedPath(path: string, random: SeededRandom): string {
  if (random.uniform() < 0.5) return path;
  const at = random.index(path.length);
  return (
    path.slice(0, at) +
    pick(['%00', '%2e%2e', '/', '//', '?', '#', ':', '%', 'é', ' '], random) +
    path.slice(at + random.index(3))
  );
}

function mutatedBytes(request: Buffer, random: SeededRandom): Uint8Array {
  const at = random.index(request.length);
  const insert = Buffer.from(
    pick(
      [
        '\r\n',
        '\n',
        '\r',
        '\0',
        ' ',
        ':',
        'Content-Length: 3\r\n',
        'Transfer-Encoding: chunked\r\n',
        '\r\n\r\n',
        'GET / HTTP/1.1\r\n',
      ],
      random,
    ),
  );
  switch (random.index(3)) {
    case 0:
      return Buffer.concat([request.subarray(0, at), insert, request.subarray(at)]);
    case 1:
      return Buffer.concat([request.subarray(0, at), request.subarray(at + 1 + random.index(16))]);
    default: {
      const changed = Buffer.from(request);
      for (let k = 1 + random.index(4); k > 0; k--) changed[random.index(changed.length)] = random.index(256);
      return changed;
    }
  }
}

function split(bytes: Uint8Array, random: SeededRandom): readonly Uint8Array[] {
  if (random.uniform() < 0.6) return [bytes];
  const at = random.index(bytes.length + 1);
  return [bytes.subarray(0, at), bytes.subarray(at)];
}

function pick<T>(values: readonly T[], random: SeededRandom): T {
  return values[random.index(values.length)] as T;
}
