import { status as codes } from '@grpc/grpc-js';
import { Refusal } from '../protocol/refusal.ts';
import { isBearer } from './caller.ts';
import { type InferMessage, bodyOfMessage, messageOfAnswer, messageOfBody, requestOfMessage } from './grpc-messages.ts';
import { newIdentifier } from './identifier.ts';
import type { RouteContext } from './routes.ts';
import { serveCall } from './serve-call.ts';

/**
 * Answers a ModelInferRequest with a ModelInferResponse. `told` is filled with the metadata of the answer, `x-slipway-id` in any case. Rejects with a
 * Refusal.
 */
export async function inferMessage(
  message: InferMessage,
  headers: Readonly<Record<string, string>>,
  { settings, serving }: RouteContext,
  told: Record<string, string>,
): Promise<ReturnType<typeof messageOfAnswer>> {
  const { callerToken } = settings;
  if (callerToken !== undefined && !isBearer(headers['authorization'], callerToken))
    throw new Refusal(401, 'a caller token is needed: authorization: Bearer …');
  const at = Date.now();
  const id = newIdentifier(at);
  told['x-slipway-id'] = id;
  const body = bodyOfMessage(message);
  const { model_name: model, model_version: version } = message;
  const versionPath = version === '' ? '' : `/versions/${encodeURIComponent(version)}`;
  const reply = await serveCall(
    {
      protocol: 'v2',
      model,
      version: version === '' ? undefined : version,
      id,
      path: `/v2/models/${encodeURIComponent(model)}${versionPath}/infer`,
      body,
      parsed: { protocol: 'v2', request: requestOfMessage(message, body) },
      headers,
      at,
      startedAt: performance.now(),
      relayed: false,
      transport: 'grpc',
    },
    serving,
  );
  told['x-slipway-revision'] = reply.revision;
  told['x-slipway-model-version'] = reply.version;
  return reply.answer === undefined ? messageOfBody(reply.body()) : messageOfAnswer(reply.answer);
}

/** What went wrong, in gRPC's words. */
export function statusOf(error: unknown): { readonly code: codes; readonly details: string } {
  return {
    code: error instanceof Refusal ? CODES[error.status] : codes.INTERNAL,
    details: error instanceof Error ? error.message : String(error),
  };
}

/** As Triton maps its errors; a full queue is UNAVAILABLE, so that clients ask again. */
const CODES: Readonly<Record<Refusal['status'], codes>> = {
  400: codes.INVALID_ARGUMENT,
  401: codes.UNAUTHENTICATED,
  403: codes.PERMISSION_DENIED,
  404: codes.NOT_FOUND,
  405: codes.UNIMPLEMENTED,
  409: codes.ABORTED,
  410: codes.NOT_FOUND,
  413: codes.RESOURCE_EXHAUSTED,
  415: codes.INVALID_ARGUMENT,
  422: codes.INVALID_ARGUMENT,
  429: codes.UNAVAILABLE,
  500: codes.INTERNAL,
  503: codes.UNAVAILABLE,
};
