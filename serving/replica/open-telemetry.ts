import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { Refusal } from '../protocol/refusal.ts';
import type { Call, Reply } from './call.ts';
import type { CallTrace, TracesSettings, Tracing } from './call-trace.ts';

/**
 * Spans of requests, sent as OTLP: the request; in it each arm that was asked; in that, where this process ran the model, the wait in the queue and the run.
 * A candidate in another process continues the trace. This file alone loads OpenTelemetry's SDK, and is loaded only where an exporter is configured.
 *
 * Names follow the semantic conventions (https://opentelemetry.io/docs/specs/semconv/http/http-spans/), ours begin with `slipway.`.
 */
export function openTelemetry(settings: TracesSettings, version: string): Tracing {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      ...settings.resource,
      'service.name': settings.serviceName,
      'service.version': version,
      'service.instance.id': String(process.pid),
    }),
    sampler: samplerOf(settings),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), ...settings.batch })],
  });
  const tracer = provider.getTracer('slipway', version);
  return {
    begin: (call) => beginCall(tracer, call),
    close: () => provider.shutdown(),
  };
}

function samplerOf({ sampler, isParentBased, ratio }: TracesSettings): Sampler {
  const root = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: () => new TraceIdRatioBasedSampler(ratio),
  }[sampler]();
  return isParentBased ? new ParentBasedSampler({ root }) : root;
}

const propagator = new W3CTraceContextPropagator();
const READ = {
  get: (headers: Call['headers'], name: string) => headers[name],
  keys: (headers: Call['headers']) => Object.keys(headers),
};
const WRITE = {
  set: (headers: Record<string, string>, name: string, value: string) => {
    headers[name] = value;
  },
};

function beginCall(tracer: Tracer, call: Call): CallTrace | undefined {
  const parent = propagator.extract(ROOT_CONTEXT, call.headers, READ);
  const span = tracer.startSpan(
    nameOf(call),
    { kind: SpanKind.SERVER, startTime: epochOf(call.startedAt), attributes: requestAttributesOf(call) },
    parent,
  );
  if (!span.isRecording()) return undefined;
  const context = trace.setSpan(ROOT_CONTEXT, span);
  return {
    attempt: (asked, arm, ask) => attempt(tracer, context, asked, arm, ask),
    answered({ revision, version }) {
      span.setAttributes({
        ...statusAttributesOf(call, STATUS_OK),
        'slipway.model.version': version,
        'slipway.revision': revision,
      });
      span.end();
    },
    failed(error) {
      const status = statusOf(error);
      span.setAttributes(statusAttributesOf(call, status));
      // A caller's mistake is no error of the server's span.
      if (status >= SERVER_ERRORS) failSpan(span, error, status);
      span.end();
    },
  };
}

async function attempt(
  tracer: Tracer,
  context: Context,
  call: Call,
  { revision, version, isRemote, isFallback }: Parameters<CallTrace['attempt']>[1],
  ask: (call: Call) => Promise<Reply>,
): Promise<Reply> {
  const span = tracer.startSpan(
    isRemote ? `remote ${call.model}` : `run ${call.model}`,
    {
      kind: isRemote ? SpanKind.CLIENT : SpanKind.INTERNAL,
      attributes: {
        'slipway.model.name': call.model,
        'slipway.model.version': version,
        'slipway.revision': revision,
        'slipway.fallback': isFallback,
      },
    },
    context,
  );
  const within = trace.setSpan(ROOT_CONTEXT, span);
  try {
    return await ask(
      isRemote
        ? { ...call, headers: { ...call.headers, ...headersOf(within) } }
        : { ...call, timed: (timing) => traceRun(tracer, within, timing) },
    );
  } catch (error) {
    failSpan(span, error, statusOf(error));
    throw error;
  } finally {
    span.end();
  }
}

/** The queue and the run, as the batcher measured them. */
function traceRun(tracer: Tracer, context: Context, { queueMs, ran }: Parameters<NonNullable<Call['timed']>>[0]): void {
  if (ran === undefined) return;
  const { computeMs, endedAt } = ran;
  const began = endedAt - computeMs;
  const queue = tracer.startSpan('queue', { startTime: epochOf(began - queueMs) }, context);
  queue.end(epochOf(began));
  const compute = tracer.startSpan('compute', { startTime: epochOf(began) }, context);
  compute.end(epochOf(endedAt));
}

function headersOf(context: Context): Record<string, string> {
  const headers: Record<string, string> = {};
  propagator.inject(context, headers, WRITE);
  return headers;
}

function nameOf({ transport, protocol }: Call): string {
  if (transport === 'grpc') return 'inference.GRPCInferenceService/ModelInfer';
  return protocol === 'v1' ? 'POST /v1/models/{model}:predict' : 'POST /v2/models/{model}/infer';
}

function requestAttributesOf(call: Call): Attributes {
  const own = { 'slipway.model.name': call.model, 'slipway.request.id': call.id };
  if (call.transport === 'grpc')
    return { ...own, 'rpc.system.name': 'grpc', 'rpc.method': 'inference.GRPCInferenceService/ModelInfer' };
  return {
    ...own,
    'http.request.method': 'POST',
    'http.route': call.protocol === 'v1' ? '/v1/models/{model}:predict' : '/v2/models/{model}/infer',
    'url.path': call.path,
    'url.scheme': 'http',
  };
}

function statusAttributesOf({ transport }: Call, status: number): Attributes {
  return transport === 'grpc' ? {} : { 'http.response.status_code': status };
}

function failSpan(span: Span, error: unknown, status: number): void {
  const message = error instanceof Error ? error.message : String(error);
  span.setAttribute('error.type', String(status));
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

const STATUS_OK = 200;
const SERVER_ERRORS = 500;

function statusOf(error: unknown): number {
  return error instanceof Refusal ? error.status : SERVER_ERRORS;
}

/** Of `performance.now()`, in milliseconds since the epoch. */
function epochOf(at: number): number {
  return performance.timeOrigin + at;
}
