import { describe, expect, it } from 'vitest';
import { tracesSettingsOf } from './call-trace.ts';

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };

describe('tracing is asked for by the standard variables', () => {
  it.each([
    ['no endpoint', {}],
    ['an empty endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
    ['OTEL_SDK_DISABLED', { ...endpoint, OTEL_SDK_DISABLED: 'true' }],
    ['no exporter for traces', { ...endpoint, OTEL_TRACES_EXPORTER: 'none' }],
  ])('is off with %s', (_, environment) => {
    expect(tracesSettingsOf(environment)).toBeUndefined();
  });

  it('samples what callers sample, and every request of others, unless it is told otherwise', () => {
    expect(tracesSettingsOf(endpoint)).toEqual({
      sampler: 'always_on',
      isParentBased: true,
      ratio: 1,
      serviceName: 'slipway',
      resource: {},
      batch: {},
    });
    expect(
      tracesSettingsOf({
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces',
        OTEL_TRACES_SAMPLER: 'traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '0.25',
        OTEL_BSP_SCHEDULE_DELAY: '250',
        OTEL_RESOURCE_ATTRIBUTES: 'service.name=loans, deployment.environment.name=a%20b,odd',
      }),
    ).toEqual({
      sampler: 'traceidratio',
      isParentBased: false,
      ratio: 0.25,
      serviceName: 'loans',
      resource: { 'service.name': 'loans', 'deployment.environment.name': 'a b' },
      batch: { scheduledDelayMillis: 250 },
    });
  });

  it.each([
    ['OTEL_TRACES_SAMPLER', { OTEL_TRACES_SAMPLER: 'jaeger_remote' }],
    ['OTEL_TRACES_SAMPLER_ARG', { OTEL_TRACES_SAMPLER_ARG: '2' }],
    ['OTEL_BSP_SCHEDULE_DELAY', { OTEL_BSP_SCHEDULE_DELAY: '0' }],
    ['OTEL_TRACES_EXPORTER', { OTEL_TRACES_EXPORTER: 'zipkin' }],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }],
  ])('says that %s holds what cannot be done', (name, environment) => {
    expect(() => tracesSettingsOf({ ...endpoint, ...environment })).toThrow(name);
  });
});
