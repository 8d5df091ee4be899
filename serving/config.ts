import { type BucketAccess, bucketAccessOf } from './lake/log-settings.ts';
import { type TracesSettings, tracesSettingsOf } from './replica/call-trace.ts';
import { type MessagingSettings, messagingSettingsOf } from './messaging/messaging-settings.ts';

/**
 * What serving reads from the environment.
 *
 * SLIPWAY_ADMIN_TOKEN    what the admin API asks for; left out: nothing, which is refused beyond loopback
 * SLIPWAY_CALLER_TOKEN   what callers of the public port must show; left out: nothing
 * AWS_…                  the bucket of a prediction log in one: lake/log-settings.ts
 * NATS_URL, NATS_…        the bus on which models answer, too: messaging/messaging-settings.ts; left out: none
 * OTEL_…                 where traces go, and how many: replica/call-trace.ts; without an endpoint: nowhere
 */
export interface FleetTokens {
  readonly admin: string | undefined;
  readonly caller: string | undefined;
}

export function fleetTokens(): FleetTokens {
  return { admin: given('SLIPWAY_ADMIN_TOKEN'), caller: given('SLIPWAY_CALLER_TOKEN') };
}

/** Throws an error that names all that is wrong. */
export function messagingSettings(): MessagingSettings | undefined {
  return messagingSettingsOf(process.env);
}

/** What tracing is asked for, by OpenTelemetry's variables; undefined: none. Throws where one holds what cannot be done. */
export function tracesSettings(): TracesSettings | undefined {
  return tracesSettingsOf(process.env);
}

/** Throws where credentials are missing. */
export function bucketAccess(): BucketAccess {
  return bucketAccessOf(process.env);
}

function given(name: string): string | undefined {
  const value = process.env[name];
  return value === undefined || value === '' ? undefined : value;
}

/**
 * A replica's environment: no tokens, no telemetry of the runtime, and an allocator that gives memory back (60 loads of a 48 MB model
 * stay at 90 MB instead of 250), but not what the next request needs again: bodies of some 100 kB would each be mapped, filled with zeros and unmapped.
 */
export function replicaEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || /TOKEN|SECRET|PRIVATE_KEY|ACCESS_KEY|PASSWORD/i.test(name) ? [] : [[name, value] as const],
  );
  return { ...Object.fromEntries(kept), ORT_DISABLE_TELEMETRY: '1', ...ALLOCATOR };
}

/** Of glibc, in bytes: blocks up to 1 MB lie in the heap, of whose free end 4 MB are kept. */
const ALLOCATOR = {
  MALLOC_TRIM_THRESHOLD_: '0',
  MALLOC_MMAP_THRESHOLD_: String(2 ** 20),
  MALLOC_TOP_PAD_: String(4 * 2 ** 20),
} as const;

/** The environment of a daemon that is started with these tokens and no others. */
export function daemonEnvironment(tokens: FleetTokens): Record<string, string> {
  const bus = Object.entries(process.env).filter(([name]) => /^(?:NATS|AWS)_/.test(name));
  return {
    ...replicaEnvironment(),
    ...Object.fromEntries(bus.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))),
    ...(tokens.admin === undefined ? {} : { SLIPWAY_ADMIN_TOKEN: tokens.admin }),
    ...(tokens.caller === undefined ? {} : { SLIPWAY_CALLER_TOKEN: tokens.caller }),
  };
}
