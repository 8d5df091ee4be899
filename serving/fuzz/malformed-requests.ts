import { gzipSync } from 'node:zlib';

/**
 * Requests that are wrong in one way each, as bytes for a fleet that serves `loans` (fixtures/loans, v1_champion) and `float64-io`. `parts` are
 * sent one after the other.
 */
export interface MalformedRequest {
  readonly name: string;
  readonly parts: readonly (string | Uint8Array)[];
  /** Of the first answer. */
  readonly status: number;
  /** What its error says. */
  readonly says?: RegExp;
}

const crlf = '\r\n';

/** A whole request with a right length, whatever else is wrong with it. */
export function post(path: string, body: string | Uint8Array, headers: readonly string[] = []): Uint8Array {
  const bytes = Buffer.from(body);
  const head = [`POST ${path} HTTP/1.1`, 'Host: fleet', `Content-Length: ${bytes.length}`, ...headers].join(crlf);
  return Buffer.concat([Buffer.from(head + crlf + crlf), bytes]);
}

const INFER = '/v2/models/loans/infer';
const PREDICT = '/v1/models/loans:predict';

const tensor = (name: string, datatype: string, shape: readonly unknown[], data: readonly unknown[]) => ({
  name,
  datatype,
  shape,
  data,
});
export const INPUTS = [
  tensor('age', 'FP32', [1, 1], [41]),
  tensor('employment_years', 'FP32', [1, 1], [6.5]),
  tensor('income', 'FP32', [1, 1], [52_000]),
  tensor('region', 'BYTES', [1, 1], ['west']),
];
export const WELL_FORMED = JSON.stringify({ inputs: INPUTS });
export const RECORD = { age: 41, income: 52_000, debt_ratio: 0.31, employment_years: 6.5, region: 'west', group: 'A' };

/** The well-formed request with its first input changed. */
const withFirst = (change: Record<string, unknown>): string =>
  JSON.stringify({ inputs: [{ ...INPUTS[0], ...change }, ...INPUTS.slice(1)] });
const infer = (name: string, body: string, says: RegExp, status = 400): MalformedRequest => ({
  name,
  parts: [post(INFER, body)],
  status,
  says,
});
const predict = (name: string, body: string, says: RegExp, status = 400): MalformedRequest => ({
  name,
  parts: [post(PREDICT, body)],
  status,
  says,
});

/** A binary request: JSON and bytes with the header that divides them. */
const binary = (
  name: string,
  json: unknown,
  tail: Uint8Array,
  says: RegExp,
  jsonLength?: string | number,
): MalformedRequest => {
  const text = JSON.stringify(json);
  return {
    name,
    parts: [
      post('/v2/models/float64-io/infer', Buffer.concat([Buffer.from(text), tail]), [
        `Inference-Header-Content-Length: ${jsonLength ?? text.length}`,
      ]),
    ],
    status: 400,
    says,
  };
};
const binaryInput = (size: unknown, shape: readonly unknown[] = [1, 2]) => ({
  inputs: [{ name: 'x', datatype: 'FP64', shape, parameters: { binary_data_size: size } }],
});

const DEEP = 100_000;
const deep = (open: string, close: string, inner: string): string => open.repeat(DEEP) + inner + close.repeat(DEEP);

const json: readonly MalformedRequest[] = [
  infer('an empty body', '', /not JSON|Unexpected end/i),
  infer('JSON that is cut off', WELL_FORMED.slice(0, -5), /not JSON/),
  infer('JSON with something behind it', `${WELL_FORMED}]`, /not JSON/),
  infer('a trailing comma', WELL_FORMED.replace(/\}\]\}$/, '},]}'), /not JSON/),
  infer('single quotes', `{'inputs': []}`, /not JSON/),
  infer('a number in place of an object', '42', /must be an object/),
  infer('null in place of an object', 'null', /must be an object/),
  infer('a list in place of an object', '[]', /must be an object/),
  infer('no inputs', '{}', /inputs must be a list/),
  infer('inputs that are no list', '{"inputs": {}}', /inputs must be a list/),
  infer('an input that is a number', '{"inputs": [7]}', /inputs\[0\] must be an object/),
  infer('NaN as a token', WELL_FORMED.replace('41', 'NaN'), /not JSON/),
  infer('Infinity as a token', WELL_FORMED.replace('41', '-Infinity'), /not JSON/),
  infer('lists nested a hundred thousand deep', withDeep(), /./),
  infer('objects nested a hundred thousand deep', `{"parameters": ${deep('{"a":', '}', '1')}, "inputs": []}`, /./),
  infer('a BOM before the JSON', `\uFEFF${WELL_FORMED}`, /not JSON/),
  {
    name: 'bytes that are not UTF-8 in a name',
    parts: [post(INFER, Buffer.from(WELL_FORMED.replace('"age"', '"\u00ff\u00fe"'), 'latin1'))],
    status: 400,
    says: /UTF-8/,
  },
];

function withDeep(): string {
  return WELL_FORMED.replace('[41]', deep('[', ']', '41'));
}

const tensors: readonly MalformedRequest[] = [
  infer('a datatype that does not exist', withFirst({ datatype: 'FP33' }), /datatype must be one of/),
  infer('BF16, which no runtime here takes', withFirst({ datatype: 'BF16' }), /datatype must be one of/),
  infer('a datatype of another input', withFirst({ datatype: 'INT64' }), /FP32/),
  infer('a shape with too many elements', withFirst({ shape: [3, 1] }), /3/),
  infer('a shape with another rank', withFirst({ shape: [1] }), /shape/),
  infer('a negative dimension', withFirst({ shape: [-1, 1] }), /shape must be a list of integers/),
  infer('a fraction as a dimension', withFirst({ shape: [1.5, 1] }), /shape must be a list of integers/),
  infer('a billion elements in a shape', withFirst({ shape: [1_000_000_000, 1] }), /1000000000|elements|shape/),
  infer('a shape that overflows', withFirst({ shape: [2 ** 53 - 1, 2 ** 53 - 1] }), /shape|elements/),
  infer(
    'a shape of a thousand dimensions',
    withFirst({ shape: Array.from({ length: 1000 }, () => 2) }),
    /shape|elements/,
  ),
  infer('a dimension beyond 2^53', withFirst({}).replace('[1,1]', '[9007199254740993,1]'), /9007199254740993/),
  infer(
    'a parameter beyond 2^53',
    JSON.stringify({ parameters: { timeout: 'T' }, inputs: INPUTS }).replace('"T"', '9007199254740993'),
    /9007199254740993/,
  ),
  infer('no shape', withFirst({ shape: undefined }), /shape must be/),
  infer('no data', withFirst({ data: undefined }), /data must be a list/),
  infer('too little data', withFirst({ shape: [2, 1], data: [1] }), /./),
  infer('text in a float tensor', withFirst({ data: ['forty'] }), /forty/),
  infer('true in a float tensor', withFirst({ data: [true] }), /true/),
  infer('an object in a float tensor', withFirst({ data: [{}] }), /./),
  infer('ragged rows', withFirst({ shape: [2, 2], data: [[1, 2], [3]] }), /./),
  infer('one input twice', JSON.stringify({ inputs: [...INPUTS, INPUTS[0]] }), /twice/),
  infer('an input less', JSON.stringify({ inputs: INPUTS.slice(1) }), /"age".*missing/),
  infer('an output that is not there', JSON.stringify({ inputs: INPUTS, outputs: [{ name: 'nothing' }] }), /no output/),
  infer('an id that is a number', JSON.stringify({ id: 7, inputs: INPUTS }), /id must be a string/),
  infer(
    'parameters that are a list',
    JSON.stringify({ parameters: [], inputs: INPUTS }),
    /parameters must be an object/,
  ),
  infer('a timeout that is text', JSON.stringify({ parameters: { timeout: 'soon' }, inputs: INPUTS }), /timeout/),
  infer(
    'text with a NUL',
    JSON.stringify({ inputs: [...INPUTS.slice(0, 3), { ...INPUTS[3], data: ['we\u0000st'] }] }),
    /NUL/,
  ),
  {
    name: 'text that is not UTF-8',
    parts: [post(INFER, Buffer.from(WELL_FORMED.replace('"west"', '"Zürich"'), 'latin1'))],
    status: 400,
    says: /UTF-8/,
  },
  infer('a lone surrogate', WELL_FORMED.replace('"west"', '"\\ud800"'), /Unicode/),
  binary('a binary size larger than what is there', binaryInput(16), Buffer.alloc(8), /expecting 8 additional bytes/),
  binary('bytes that belong to no input', binaryInput(16), Buffer.alloc(24), /8 bytes belong to no input/),
  binary('a binary size that does not fit the shape', binaryInput(8), Buffer.alloc(8), /./),
  binary('a negative binary size', binaryInput(-16), Buffer.alloc(16), /binary_data_size/),
  binary('a binary size that is text', binaryInput('16'), Buffer.alloc(16), /binary_data_size/),
  binary('a billion elements in bytes', binaryInput(16, [500_000_000, 2]), Buffer.alloc(16), /./),
  binary(
    'a header length beyond the body',
    binaryInput(16),
    Buffer.alloc(16),
    /Inference-Header-Content-Length/,
    100_000,
  ),
  binary(
    'a header length that is no number',
    binaryInput(16),
    Buffer.alloc(16),
    /Inference-Header-Content-Length/,
    '0x10',
  ),
  binary('a negative header length', binaryInput(16), Buffer.alloc(16), /Inference-Header-Content-Length/, '-1'),
  binary('a header length inside of the JSON', binaryInput(16), Buffer.alloc(16), /not JSON/, 10),
];

const records: readonly MalformedRequest[] = [
  predict('no instances', '{}', /instances/),
  predict('instances that are an object', '{"instances": {}}', /instances/),
  predict('an instance that is a list', '{"instances": [[1]]}', /instances\[0\] must be an object/),
  predict(
    'a column of the wrong type',
    JSON.stringify({ instances: [{ ...RECORD, age: 'forty' }] }),
    /"age": found "forty", expected a finite number/,
  ),
  predict(
    'a list with an integer beyond 2^53',
    `{"instances": [${JSON.stringify({ ...RECORD, age: 'AGE' }).replace('"AGE"', '[9007199254740993]')}]}`,
    /"age"/,
  ),
  predict('a missing column', JSON.stringify({ instances: [{ income: 1 }] }), /"age"/),
  predict('a list in place of a number', JSON.stringify({ instances: [{ ...RECORD, age: [41] }] }), /"age"/),
  predict('a record named __proto__', '{"instances": [{"__proto__": {"age": 1}}]}', /"age"/),
  { name: 'records as bytes', parts: [post(PREDICT, '{}1234', ['Inference-Header-Content-Length: 2'])], status: 415 },
  {
    name: 'a model that is not there',
    parts: [post('/v1/models/nobody:predict', '{"instances":[]}')],
    status: 404,
    says: /nobody/,
  },
  {
    name: 'a version that is not there',
    parts: [post('/v2/models/loans/versions/9.9.9/infer', WELL_FORMED)],
    status: 404,
    says: /9\.9\.9/,
  },
  { name: 'a path that is not there', parts: [post('/v3/models/loans/infer', '{}')], status: 404 },
  { name: 'a path that leaves', parts: [post('/v2/models/../../etc/passwd/infer', '{}')], status: 404 },
  {
    name: 'a name that is not percent-encoded',
    parts: [post('/v2/models/%zz/infer', '{}')],
    status: 400,
    says: /percent/,
  },
  { name: 'GET where POST is due', parts: [`GET ${INFER} HTTP/1.1${crlf}Host: fleet${crlf}${crlf}`], status: 405 },
  { name: 'feedback that is no JSON', parts: [post('/v1/models/loans:feedback', '{')], status: 400 },
  {
    name: 'a body that is not gzip',
    parts: [post(INFER, WELL_FORMED, ['Content-Encoding: gzip'])],
    status: 400,
    says: /gzip/,
  },
  {
    name: 'a gzip body that is cut off',
    parts: [post(INFER, gzipSync(WELL_FORMED).subarray(0, 60), ['Content-Encoding: gzip'])],
    status: 400,
    says: /gzip/,
  },
  {
    name: 'an encoding that is not served',
    parts: [post(INFER, WELL_FORMED, ['Content-Encoding: br'])],
    status: 415,
    says: /br/,
  },
  {
    name: 'a gzip bomb',
    parts: [post(INFER, gzipSync(Buffer.alloc(80 * 2 ** 20)), ['Content-Encoding: gzip'])],
    status: 413,
  },
];

const raw = (...lines: readonly string[]): string => lines.join(crlf) + crlf + crlf;
const framing: readonly MalformedRequest[] = [
  {
    name: 'two hosts',
    parts: [
      raw(`POST ${INFER} HTTP/1.1`, 'Host: fleet', 'Host: another', `Content-Length: ${WELL_FORMED.length}`),
      WELL_FORMED,
    ],
    status: 400,
    says: /2 Host headers/,
  },
  {
    name: 'a length larger than the limit',
    parts: [raw(`POST ${INFER} HTTP/1.1`, 'Host: fleet', 'Content-Length: 99999999999')],
    status: 413,
  },
  {
    name: 'a length that is not a number',
    parts: [raw(`POST ${INFER} HTTP/1.1`, 'Host: fleet', 'Content-Length: ten')],
    status: 400,
  },
  {
    name: 'a negative length',
    parts: [raw(`POST ${INFER} HTTP/1.1`, 'Host: fleet', 'Content-Length: -1')],
    status: 400,
  },
  {
    name: 'a length with a sign',
    parts: [raw(`POST ${INFER} HTTP/1.1`, 'Host: fleet', 'Content-Length: +2') + '{}'],
    status: 400,
  },
  {
    name: 'two lengths that differ',
    parts: [raw(`POST ${INFER} HTTP/1.1`, 'Host: fleet', 'Content-Length: 2', 'Content-Length: 3') + '{}'],
    status: 400,
  },
  {
    name: 'a length and chunks',
    parts: [
      raw(`POST ${INFER} HTTP/1.1`, 'Host: fleet', 'Content-Length: 5', 'Transfer-Encoding: chunked') +
        `0${crlf}${crlf}`,
    ],
    status: 400,
  },
  {
    name: 'an encoding that hides chunks',
    parts: [raw(`POST ${INFER} HTTP/1.1`, 'Host: fleet', 'Transfer-Encoding: xchunked') + '{}'],
    status: 400,
  },
  {
    name: 'a space before the colon of a length',
    parts: [raw(`POST ${INFER} HTTP/1.1`, 'Host: fleet', 'Content-Length : 2') + '{}'],
    status: 400,
  },
  {
    name: 'a header that goes on in the next line',
    parts: [raw(`POST ${INFER} HTTP/1.1`, 'Host: fleet', 'X-A: b', ' Content-Length: 2') + '{}'],
    status: 400,
  },
  { name: 'bare line feeds', parts: [`POST ${INFER} HTTP/1.1\nHost: fleet\nContent-Length: 2\n\n{}`], status: 400 },
  {
    name: 'a NUL in a header',
    parts: [raw(`POST ${INFER} HTTP/1.1`, 'Host: fleet', 'X-A: b\0c', 'Content-Length: 2') + '{}'],
    status: 400,
  },
  {
    name: 'a bad chunk size',
    parts: [
      raw(`POST ${INFER} HTTP/1.1`, 'Host: fleet', 'Transfer-Encoding: chunked') + `zz${crlf}{}${crlf}0${crlf}${crlf}`,
    ],
    status: 400,
  },
  {
    name: 'a chunk longer than its size',
    parts: [
      raw(`POST ${INFER} HTTP/1.1`, 'Host: fleet', 'Transfer-Encoding: chunked') + `1${crlf}{}${crlf}0${crlf}${crlf}`,
    ],
    status: 400,
  },
  { name: 'no host', parts: [raw(`POST ${INFER} HTTP/1.1`, 'Content-Length: 2') + '{}'], status: 400 },
  {
    name: 'an expectation that nobody can meet',
    parts: [post(INFER, WELL_FORMED, ['Expect: a miracle'])],
    status: 417,
    says: /a miracle cannot be met/,
  },
  { name: 'a version of HTTP that does not exist', parts: [raw(`POST ${INFER} HTTP/9.9`, 'Host: fleet')], status: 400 },
  { name: 'a method that does not exist', parts: [raw('SMUGGLE / HTTP/1.1', 'Host: fleet')], status: 400 },
  { name: 'no HTTP at all', parts: [`\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${crlf}${crlf}`], status: 400 },
  {
    name: 'headers without end',
    parts: [`POST ${INFER} HTTP/1.1${crlf}Host: fleet${crlf}X-A: ${'a'.repeat(40_000)}${crlf}`],
    status: 431,
  },
  {
    name: 'ten thousand headers',
    parts: [raw(`POST ${INFER} HTTP/1.1`, 'Host: fleet', ...Array.from({ length: 10_000 }, (_, k) => `X-${k}: 1`))],
    status: 431,
  },
];

/** The bodies of these would be refused as well: the error must be about their frame. */
const aboutFraming = framing.map((request) => (request.status === 400 ? { says: /HTTP\/1\.1/, ...request } : request));

/** Every one of them. */
export const MALFORMED: readonly MalformedRequest[] = [...json, ...tensors, ...records, ...aboutFraming];
