import type { Call, Reply } from './call.ts';

/** Where spans go; there is none unless an exporter is configured (serving/config.ts: tracesSettings). */
export interface Tracing {
  /** The request has begun; undefined when nobody wants to hear of it. */
  begin(call: Call): CallTrace | undefined;
  /** What is left is sent, and nothing more. */
  close(): Promise<void>;
}

/** One request under way. */
export interface CallTrace {
  /** Asks an arm for the answer, with a context for the process that gives it. */
  attempt(
    call: Call,
    arm: {
      readonly revision: string;
      readonly version: string;
      readonly isRemote: boolean;
      readonly isFallback: boolean;
    },
    ask: (call: Call) => Promise<Reply>,
  ): Promise<Reply>;
  answered(reply: Reply): void;
  failed(error: unknown): void;
}

/** How tracing is asked for: the standard variables of OpenTelemetry that we read ourselves. The SDK reads those of its exporter and batches. */
export interface TracesSettings {
  readonly sampler: 'always_on' | 'always_off' | 'traceidratio';
  /** Whether a caller's decision goes before ours. */
  readonly isParentBased: boolean;
  readonly ratio: number;
  readonly serviceName: string;
  readonly resource: Readonly<Record<string, string>>;
  /** How spans are gathered before they are sent; what is left out is as the SDK has it. */
  readonly batch: Readonly<Partial<Record<(typeof BATCH)[number][1], number>>>;
}

const BATCH = [
  ['OTEL_BSP_SCHEDULE_DELAY', 'scheduledDelayMillis'],
  ['OTEL_BSP_EXPORT_TIMEOUT', 'exportTimeoutMillis'],
  ['OTEL_BSP_MAX_QUEUE_SIZE', 'maxQueueSize'],
  ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 'maxExportBatchSize'],
] as const;
const SAMPLERS = ['always_on', 'always_off', 'traceidratio'] as const;
const PROTOCOLS = ['http/json', 'http/protobuf'];

/**
 * Reads the settings from the environment; undefined: no exporter is configured. Throws where a variable holds what cannot be done.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export function tracesSettingsOf(
  environment: Readonly<Record<string, string | undefined>>,
): TracesSettings | undefined {
  const given = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name]);
  const endpoint = given('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') ?? given('OTEL_EXPORTER_OTLP_ENDPOINT');
  const exporter = given('OTEL_TRACES_EXPORTER') ?? 'otlp';
  if (endpoint === undefined || exporter === 'none' || given('OTEL_SDK_DISABLED')?.toLowerCase() === 'true')
    return undefined;
  if (exporter !== 'otlp') throw new Error(`OTEL_TRACES_EXPORTER must be otlp or none, found "${exporter}"`);
  const protocol = given('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? given('OTEL_EXPORTER_OTLP_PROTOCOL') ?? 'http/json';
  if (!PROTOCOLS.includes(protocol))
    throw new Error(`OTEL_EXPORTER_OTLP_PROTOCOL must be http/json, which is what is spoken, found "${protocol}"`);
  const word = given('OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on';
  const sampler = SAMPLERS.find((known) => known === word.replace(/^parentbased_/, ''));
  if (sampler === undefined)
    throw new Error(`OTEL_TRACES_SAMPLER must be ${SAMPLERS.join(', ')} or parentbased_… of these, found "${word}"`);
  const ratio = Number(given('OTEL_TRACES_SAMPLER_ARG') ?? '1');
  if (!(ratio >= 0 && ratio <= 1)) throw new Error('OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1');
  const resource = resourceOf(given('OTEL_RESOURCE_ATTRIBUTES') ?? '');
  const serviceName = given('OTEL_SERVICE_NAME') ?? resource['service.name'] ?? 'slipway';
  const batch = Object.fromEntries(
    BATCH.flatMap(([name, option]) => {
      const text = given(name);
      if (text === undefined) return [];
      const number = Number(text);
      if (!Number.isInteger(number) || number < 1)
        throw new Error(`${name} must be an integer from 1, found "${text}"`);
      return [[option, number]];
    }),
  );
  return { sampler, isParentBased: word.startsWith('parentbased_'), ratio, serviceName, resource, batch };
}

/** `key=value,key=value`, values percent-encoded. */
function resourceOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split(',').flatMap((pair) => {
      const [, key, value] = /^\s*([^=]+?)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
      return key === undefined || value === undefined ? [] : [[key, decodedOr(value)]];
    }),
  );
}

function decodedOr(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
