import { randomUUID } from 'node:crypto';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { QUEUE, type RequestCounts } from './request-reply.ts';
import { subjectsOf } from './subjects.ts';

const NAME = 'slipway';
const DESCRIPTION = 'Machine-learning models by the Open Inference Protocol (V2)';
/** The version of this protocol over messages, not of the program. */
const VERSION = '1.0.0';

/** What a service is at the moment it is asked. */
export interface ServiceView {
  readonly models: readonly string[];
  readonly counts: RequestCounts;
}

/**
 * Registers a replica as a NATS micro service, so that `nats micro ls`, `info` and `stats` know it
 * (https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-32.md). The library for it has no release yet.
 */
export function openService(connection: NatsConnection, view: () => ServiceView): readonly Subscription[] {
  const identity = { name: NAME, id: randomUUID().replaceAll('-', ''), version: VERSION, metadata: {} };
  const started = new Date().toISOString();
  const replies: Readonly<Record<Verb, () => unknown>> = {
    PING: () => ({ type: 'io.nats.micro.v1.ping_response', ...identity }),
    INFO: () => ({
      type: 'io.nats.micro.v1.info_response',
      ...identity,
      description: DESCRIPTION,
      endpoints: endpointsOf(view()),
    }),
    STATS: () => ({
      type: 'io.nats.micro.v1.stats_response',
      ...identity,
      started,
      endpoints: [statsOf(view())],
    }),
  };
  return (['PING', 'INFO', 'STATS'] as const).flatMap((verb) =>
    [`$SRV.${verb}`, `$SRV.${verb}.${NAME}`, `$SRV.${verb}.${NAME}.${identity.id}`].map((subject) =>
      connection.subscribe(subject, { callback: (error, message) => answer(error, message, replies[verb]) }),
    ),
  );
}

type Verb = 'PING' | 'INFO' | 'STATS';

function answer(error: Error | null, message: Msg, reply: () => unknown): void {
  if (error === null) message.respond(JSON.stringify(reply()));
  else console.error(`NATS: ${error.message}`);
}

function endpointsOf({ models }: ServiceView): readonly unknown[] {
  return models.flatMap((model) =>
    subjectsOf('infer', model).map((subject, index) => ({
      name: index === 0 ? model : `${model}-version`,
      subject,
      queue_group: QUEUE,
      metadata: { model },
    })),
  );
}

/** All models together: their own counts are the fleet's, under /metrics. */
function statsOf({ counts }: ServiceView): unknown {
  const { requests, errors, processingMs } = counts;
  return {
    name: 'infer',
    subject: 'slipway.infer.>',
    queue_group: QUEUE,
    num_requests: requests,
    num_errors: errors,
    last_error: '',
    processing_time: Math.round(processingMs * NANOS_A_MS),
    average_processing_time: requests === 0 ? 0 : Math.round((processingMs / requests) * NANOS_A_MS),
  };
}

const NANOS_A_MS = 1_000_000;
