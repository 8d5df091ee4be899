import { type BenchCase, expectationOf, httpRequest, httpRequests } from './bench-requests.ts';
import { columnsOf } from './contender-fleet.ts';
import type { Served } from './contender.ts';
import type { LoadRequest } from './load-job.ts';

type At = { readonly host: string; readonly port: number };

/** Of ten requests: five tensors as JSON, two records, two binary tensors, one that is malformed. */
const MIX = ['json', 'record', 'json', 'binary', 'json', 'record', 'malformed', 'json', 'json', 'binary'] as const;

/** What callers of all kinds send, in an order that mixes them. */
export function mixedRequests({ model, name, cases }: Served, at: At): readonly LoadRequest[] {
  const v2 = { ...at, path: `/v2/models/${name}/infer` };
  const json = httpRequests(model, cases, 'v2-json', v2);
  const binary = httpRequests(model, cases, 'v2-binary', v2);
  const records = cases.map((each) =>
    recordRequest(columnsOf(model.input), each, { ...at, path: `/v1/models/${name}:predict` }),
  );
  const malformed = malformedRequests(name, at);
  const kinds = { json, record: records, binary, malformed } as const;
  return cases.flatMap((_, index) =>
    MIX.flatMap((kind, place) => {
      const of = kinds[kind];
      return of[(index * MIX.length + place) % of.length] ?? [];
    }),
  );
}

/** The model's input as columns by name; the second probability is the score. */
function recordRequest(
  columns: readonly string[],
  each: BenchCase,
  target: Parameters<typeof httpRequest>[0],
): LoadRequest {
  const { data } = each.tensor;
  const entries = columns.map((column, index) => [column, Number(Number(data[index]).toPrecision(7))] as const);
  const body = Buffer.from(JSON.stringify({ instances: [Object.fromEntries(entries)] }));
  const bytes = httpRequest(target, each.id, { 'content-type': 'application/json' }, body);
  return { bytes, expects: expectationOf({ id: each.id, numbers: each.numbers.slice(1) }, 'v1') };
}

/** What is wrong in a way that one request can be, without the connection: each has its answer. */
function malformedRequests(name: string, at: At): readonly LoadRequest[] {
  const infer = `/v2/models/${name}/infer`;
  const input = (more: object): string =>
    JSON.stringify({
      inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 30], data: Array(30).fill(0), ...more }],
    });
  const wrong: readonly (readonly [path: string, body: string, status: number])[] = [
    [infer, '{"inputs": [', 400],
    [infer, '', 400],
    [infer, '[]', 400],
    [infer, input({ shape: [1, 31] }), 400],
    [infer, input({ shape: [1_000_000_000] }), 400],
    [infer, input({ shape: [-1, 30] }), 400],
    [infer, input({ datatype: 'FP31' }), 400],
    [infer, input({ datatype: 'INT64' }), 400],
    [infer, input({ data: Array(30).fill('one') }), 400],
    [infer, input({ name: 'future' }), 400],
    [infer, `${'['.repeat(5000)}${']'.repeat(5000)}`, 400],
    ['/v2/models/nobody/infer', input({}), 404],
    [`/v1/models/${name}:predict`, '{"instances": [{"c0": "thirty"}]}', 400],
    [`/v1/models/${name}:predict`, '{"instances": 5}', 400],
  ];
  return wrong.map(([path, body, status], index) => ({
    bytes: httpRequest({ ...at, path }, `wrong-${index}`, { 'content-type': 'application/json' }, Buffer.from(body)),
    expects: { kind: 'status', status },
  }));
}
