import type { Call, Reply } from '../replica/call.ts';
import type { Table } from '../replica/table.ts';
import { type MessageHeaders, refusalOf } from './message-call.ts';

/** A CloudEvent in binary mode: attributes as headers, data as the message. */
export interface PredictionEvent {
  readonly model: string;
  readonly headers: MessageHeaders;
  readonly data: Buffer;
}

/** KServe's types, which consumers of its logger know (https://github.com/kserve/kserve, pkg/logger). */
const REQUEST = 'org.kubeflow.serving.inference.request';
const RESPONSE = 'org.kubeflow.serving.inference.response';

export type Ending =
  | { readonly kind: 'answered'; readonly reply: Reply }
  | { readonly kind: 'failed'; readonly error: unknown };

/**
 * What was asked and what was answered, as two events with the request's id. A body that may hold private columns, or is longer than `maxBytes`, is left
 * out, and the attribute `omitted` says why. The attributes and types are those of KServe's logger, and ours beside them.
 */
export function eventsOf(
  call: Call,
  ending: Ending,
  table: Table | undefined,
  limits: { readonly maxBytes: number; readonly timeMs: number },
): readonly [PredictionEvent, PredictionEvent] {
  const status = ending.kind === 'answered' ? 200 : refusalOf(ending.error).status;
  const about = {
    'ce-specversion': '1.0',
    'ce-id': call.id,
    'ce-source': `/slipway/models/${encodeURIComponent(call.model)}`,
    'ce-inferenceservicename': call.model,
    'ce-component': 'predictor',
    ...(ending.kind === 'answered'
      ? { 'ce-modelversion': ending.reply.version, 'ce-revision': ending.reply.revision }
      : {}),
    ...(typeof call.headers['traceparent'] === 'string' ? { 'ce-traceparent': call.headers['traceparent'] } : {}),
  };
  const isPrivate = mayHoldPrivateColumns(table);
  const event = (type: string, timeMs: number, more: MessageHeaders, body: () => Body): PredictionEvent => {
    const headers = { ...about, 'ce-type': type, 'ce-time': new Date(timeMs).toISOString(), ...more };
    if (isPrivate) return { model: call.model, headers: { ...headers, 'ce-omitted': 'private' }, data: NOTHING };
    const { data, jsonBytes } = body();
    if (data.length > limits.maxBytes)
      return { model: call.model, headers: { ...headers, 'ce-omitted': `${data.length} bytes` }, data: NOTHING };
    return {
      model: call.model,
      headers: {
        ...headers,
        ...(jsonBytes === undefined
          ? { 'ce-datacontenttype': 'application/json' }
          : { 'ce-datacontenttype': 'application/octet-stream', 'ce-inferenceheadercontentlength': String(jsonBytes) }),
      },
      data,
    };
  };
  return [
    event(REQUEST, call.at, {}, () =>
      bodyOf(call.body.text, call.body.tail === undefined ? undefined : [call.body.tail]),
    ),
    event(RESPONSE, limits.timeMs, { 'ce-status': String(status) }, () => answerOf(ending)),
  ];
}

interface Body {
  readonly data: Buffer;
  /** How much of it is JSON, where tensors follow. */
  readonly jsonBytes?: number;
}

function bodyOf(text: string, tail: readonly Uint8Array[] | undefined): Body {
  const json = Buffer.from(text);
  return tail === undefined ? { data: json } : { data: Buffer.concat([json, ...tail]), jsonBytes: json.length };
}

function answerOf(ending: Ending): Body {
  if (ending.kind === 'failed') return bodyOf(JSON.stringify({ error: refusalOf(ending.error).message }), undefined);
  const { text, tail } = ending.reply.body();
  return bodyOf(text, tail);
}

/** What this process neither runs nor was told of, it does not know: then nothing is told. */
function mayHoldPrivateColumns(table: Table | undefined): boolean {
  return table === undefined || table.arms.some(({ withholds }) => withholds);
}

const NOTHING = Buffer.alloc(0);
