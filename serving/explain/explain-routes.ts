import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Call, type Reply, callOf } from '../replica/call.ts';
import { requireCaller } from '../replica/caller.ts';
import { jsonTextOf, readBody, sendAnswer, sendRefusal } from '../replica/http.ts';
import { newIdentifier } from '../replica/identifier.ts';
import type { RouteContext } from '../replica/routes.ts';
import { type Explaining, explainCall, explainPrediction } from './explain-call.ts';
import { parseExplainPrediction, parseExplainRequest } from './explain-request.ts';

/** Some rows of columns; the largest lists that a model takes as records fit. */
const MOST_BODY_BYTES = 8 * 2 ** 20;

/** `POST /v1/models/{model}[/versions/{version}]:explain`. */
export async function answerExplain(
  request: IncomingMessage,
  response: ServerResponse,
  context: RouteContext,
  asked: { readonly path: string; readonly model: string; readonly version: string | undefined },
): Promise<void> {
  await answered(request, response, context, asked, (call, explaining) =>
    explainCall(call, parseExplainRequest(call.body.text), explaining),
  );
}

/** `GET` and `POST /v1/predictions/{id}:explain`. */
export async function answerExplainPrediction(
  request: IncomingMessage,
  response: ServerResponse,
  context: RouteContext,
  { path, id }: { readonly path: string; readonly id: string },
): Promise<void> {
  const { searchParams } = new URL(request.url ?? '/', 'http://replica');
  await answered(request, response, context, { path, model: '', version: undefined }, (call, explaining) => {
    const wish = parseExplainPrediction(searchParams, call.body.text);
    // Whoever else answers it is asked by POST.
    const { ofClass, ...rest } = wish;
    const text = JSON.stringify({ ...rest, ...(ofClass === undefined ? {} : { class: ofClass }) });
    return explainPrediction({ ...call, body: { text } }, id, wish, explaining);
  });
}

async function answered(
  request: IncomingMessage,
  response: ServerResponse,
  context: RouteContext,
  { path, model, version }: { readonly path: string; readonly model: string; readonly version: string | undefined },
  explain: (call: Call, explaining: Explaining) => Promise<Reply>,
): Promise<void> {
  const relayed = context.isRelay(request.socket);
  requireCaller(request.headers.authorization, relayed, context.settings, true);
  const at = Date.now();
  const given = request.headers['x-slipway-id'];
  const id = typeof given === 'string' && relayed ? given : newIdentifier(at);
  const gone = new AbortController();
  const leave = (): void => gone.abort(new Error('the caller has gone'));
  response.once('close', leave);
  try {
    const body = { text: jsonTextOf(await readBody(request, MOST_BODY_BYTES)) };
    const head = { protocol: 'v1', model, version, path, headers: request.headers } as const;
    const reply = await explain(callOf(head, body, id, at, relayed), {
      explainer: await context.explainer(),
      table: async (name) => {
        const table = context.serving.table(name);
        return table?.isAsleep === true ? context.serving.awaken(name) : table;
      },
      loaded: context.loaded,
      lookUp: (prediction) => context.ask({ kind: 'prediction', id: prediction }),
      signal: gone.signal,
    });
    await sendAnswer(request, response, reply.body(), {
      'x-slipway-id': id,
      'x-slipway-revision': reply.revision,
      'x-slipway-model-version': reply.version,
    });
  } catch (error) {
    if (!gone.signal.aborted) sendRefusal(response, error, { 'x-slipway-id': id });
  } finally {
    response.removeListener('close', leave);
  }
}
