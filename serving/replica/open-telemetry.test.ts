import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Metadata, type ServiceClientConstructor, credentials, loadPackageDefinition, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loansFiles, loansRecord, loansRevision } from '../daemon/loans.fixture.ts';
import { type TestFleet, openTestFleet } from '../daemon/test-fleet.ts';

/** What a collector gets: OTLP as JSON, https://opentelemetry.io/docs/specs/otlp/#otlphttp. */
interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly status: { readonly code?: number };
}
interface OtlpAttributes {
  readonly attributes: OtlpSpan['attributes'];
}
interface Otlp {
  readonly resourceSpans: readonly {
    readonly resource: OtlpAttributes;
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

interface Received extends OtlpSpan {
  readonly process: unknown;
}

const KINDS = { internal: 1, server: 2, client: 3 } as const;
const received: Received[] = [];
let collector: Server;
let fleet: TestFleet;
const first = loansRevision('1.0.0', 'v1_champion');
const second = loansRevision('2.0.0', 'v2_better');

const attribute = ({ attributes }: OtlpAttributes, name: string): unknown =>
  Object.values(attributes.find(({ key }) => key === name)?.value ?? {})[0];

beforeAll(async () => {
  collector = createServer((request, response) => {
    text(request).then(
      (body) => {
        const { resourceSpans } = JSON.parse(body) as Otlp;
        for (const { resource, scopeSpans } of resourceSpans)
          for (const { spans } of scopeSpans)
            for (const span of spans) received.push({ ...span, process: attribute(resource, 'service.instance.id') });
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      },
      () => response.destroy(),
    );
  });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const { port } = collector.address() as AddressInfo;
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `http://127.0.0.1:${port}`);
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '50');
  fleet = await openTestFleet({ grpcPort: 0 });
  await fleet.bring(loansFiles(), first, second);
  await fleet.turn('loans', [
    { revision: first.revision, weight: 0 },
    { revision: second.revision, weight: 100, leased: true },
  ]);
  await fleet.ready('loans', first.revision);
  await fleet.ready('loans', second.revision);
});
afterAll(async () => {
  await fleet?.close();
  vi.unstubAllEnvs();
  collector.close();
  collector.closeAllConnections();
});

let count = 0;
const newTraceId = (): string => (count += 1).toString(16).padStart(32, 'a');
const CALLER = '00f067aa0ba902b7';

async function ask(traceId: string, flags = '01', record: unknown = loansRecord): Promise<number> {
  const response = await fleet.predict('loans', record, {
    traceparent: `00-${traceId}-${CALLER}-${flags}`,
    tracestate: 'vendor=kept',
  });
  await response.arrayBuffer();
  return response.status;
}

/** The spans of a trace once there are so many. */
async function spansOf(traceId: string, least: number): Promise<readonly Received[]> {
  const found = (): readonly Received[] => received.filter((span) => span.traceId === traceId);
  await fleet.until(`${least} spans of ${traceId}`, async () => found().length >= least);
  return found();
}

const named = (spans: readonly Received[], name: string, process?: unknown): Received => {
  const found = spans.filter((span) => span.name === name && (process === undefined || span.process === process));
  const [span] = found;
  if (span === undefined || found.length > 1) throw new Error(`${found.length} spans ${name}`);
  return span;
};

const PREDICT = 'POST /v1/models/{model}:predict';

describe('traces', () => {
  it("continue a caller's, with the request, the run, its wait and its computation", async () => {
    const traceId = newTraceId();
    expect(await ask(traceId)).toBe(200);
    const spans = await spansOf(traceId, 4);
    expect(spans.map(({ name }) => name).toSorted()).toEqual([PREDICT, 'compute', 'queue', 'run loans'].toSorted());
    const request = named(spans, PREDICT);
    const run = named(spans, 'run loans');
    const [queue, compute] = [named(spans, 'queue'), named(spans, 'compute')];
    expect(request).toMatchObject({ parentSpanId: CALLER, kind: KINDS.server, traceState: 'vendor=kept' });
    expect([run.parentSpanId, queue.parentSpanId, compute.parentSpanId]).toEqual([
      request.spanId,
      run.spanId,
      run.spanId,
    ]);
    expect(attribute(request, 'http.response.status_code')).toBe(200);
    expect(attribute(request, 'http.route')).toBe('/v1/models/{model}:predict');
    expect(attribute(request, 'slipway.revision')).toBe(first.revision);
    const times = [request.startTimeUnixNano, queue.startTimeUnixNano, queue.endTimeUnixNano].map(BigInt);
    expect(times).toEqual(times.toSorted((a, b) => (a < b ? -1 : 1)));
    expect(queue.endTimeUnixNano).toBe(compute.startTimeUnixNano);
    expect(BigInt(compute.endTimeUnixNano)).toBeLessThanOrEqual(BigInt(request.endTimeUnixNano));
  });

  it('go on in the process of a candidate', async () => {
    await fleet.renew('loans', 60);
    const traceId = newTraceId();
    expect(await ask(traceId)).toBe(200);
    const spans = await spansOf(traceId, 6);
    const remote = named(spans, 'remote loans');
    const request = spans.find(({ parentSpanId }) => parentSpanId === CALLER);
    const relayed = spans.find(({ parentSpanId }) => parentSpanId === remote.spanId);
    expect(request).toMatchObject({ name: PREDICT, process: remote.process });
    expect(remote).toMatchObject({ kind: KINDS.client, parentSpanId: request?.spanId });
    expect(relayed).toMatchObject({ name: PREDICT, kind: KINDS.server });
    expect(relayed?.process).not.toBe(request?.process);
    expect(named(spans, 'run loans')).toMatchObject({ parentSpanId: relayed?.spanId, process: relayed?.process });
    expect(attribute(remote, 'slipway.revision')).toBe(second.revision);
  });

  it("tell a caller's mistake without calling it the server's", async () => {
    const traceId = newTraceId();
    expect(await ask(traceId, '01', { ...loansRecord, age: 'old' })).toBe(400);
    const ofRequest = (): Received | undefined =>
      received.find((span) => span.traceId === traceId && span.parentSpanId === CALLER);
    await fleet.until('the request is told', async () => ofRequest() !== undefined);
    const told = ofRequest();
    if (told === undefined) throw new Error('no span of the request');
    expect(attribute(told, 'http.response.status_code')).toBe(400);
    expect(told.status.code ?? 0).toBe(0);
  });

  it('continue a caller of gRPC, by the conventions of gRPC', async () => {
    const proto = fileURLToPath(new URL('../protocol/inference.proto', import.meta.url));
    const loaded: unknown = loadPackageDefinition(loadSync(proto, { keepCase: true }))['inference'];
    const { GRPCInferenceService: Service } = loaded as Record<string, ServiceClientConstructor>;
    if (Service === undefined) throw new Error('the definition names no service');
    const client = new Service(fleet.grpc ?? '', credentials.createInsecure());
    const traceId = newTraceId();
    const metadata = new Metadata();
    metadata.set('traceparent', `00-${traceId}-${CALLER}-01`);
    // It names no input: what matters here is refused after the trace began.
    const refused = new Promise((resolve) => {
      client['ModelInfer']?.({ model_name: 'loans' }, metadata, { deadline: Date.now() + 30_000 }, resolve);
    });
    expect(await refused).toMatchObject({ code: status.INVALID_ARGUMENT });
    client.close();
    const ofRequest = (): Received | undefined =>
      received.find((span) => span.traceId === traceId && span.parentSpanId === CALLER);
    await fleet.until('the request is told', async () => ofRequest() !== undefined);
    const request = ofRequest();
    if (request === undefined) throw new Error('no span of the request');
    expect(request).toMatchObject({ name: 'inference.GRPCInferenceService/ModelInfer', kind: KINDS.server });
    expect(attribute(request, 'rpc.system.name')).toBe('grpc');
    expect(attribute(request, 'http.request.method')).toBeUndefined();
  });

  it('are not made where the caller decided against it', async () => {
    const [unwanted, wanted] = [newTraceId(), newTraceId()];
    expect(await ask(unwanted, '00')).toBe(200);
    expect(await ask(wanted)).toBe(200);
    await spansOf(wanted, 4);
    expect(received.filter(({ traceId }) => traceId === unwanted)).toEqual([]);
  });
});
