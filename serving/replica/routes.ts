import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Explainer } from '../explain/explainer.ts';
import { parseJson } from '../protocol/lossless.ts';
import { EXTENSIONS, SERVER_NAME } from '../protocol/model-description.ts';
import { Refusal } from '../protocol/refusal.ts';
import { type Call, callOf } from './call.ts';
import { requireCaller } from './caller.ts';
import { jsonTextOf, readBody, readRequestBody, send, sendAnswer, sendJson, sendRefusal } from './http.ts';
import { newIdentifier } from './identifier.ts';
import type { LoadedRevision } from './load-revision.ts';
import type { Question, ReplicaSettings, Told } from './messages.ts';
import { descriptionOf, isReady, waitingModels } from './describe-model.ts';
import { type Serving, serveCall } from './serve-call.ts';
import type { Table } from './table.ts';

export const LOADING_BY_HAND = 'git decides which models run: loading and unloading by hand is switched off';

/** What the routes of a replica touch. */
export interface RouteContext {
  readonly settings: ReplicaSettings;
  readonly serving: Serving;
  readonly tables: () => ReadonlyMap<string, Table>;
  readonly ask: (question: Question) => Promise<Told>;
  /** A revision that this process has loaded, whether or not an arm runs it. */
  readonly loaded: (model: string, revision: string) => LoadedRevision | undefined;
  readonly explainer: () => Promise<Explainer>;
  /** Whether another process of this fleet is at the other end. */
  readonly isRelay: (socket: Socket) => boolean;
  /** Whether the next answer on a connection should be its last. */
  readonly draining: () => boolean;
  /** Counts what is under way that no HTTP response stands for. */
  readonly track: <T>(work: Promise<T>) => Promise<T>;
}

const MODEL_PATH = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(?:\/(infer|ready|config|stats))?$/;
const RECORDS_PATH = /^\/v1\/models\/([^/:]+)(?:\/versions\/([^/:]+))?:(predict|feedback|explain|retrain)$/;
const REPOSITORY_PATH = /^\/v2\/repository(?:\/[^/]+)?\/(?:index|models\/[^/]+\/(?:load|unload))$/;
const CONTROL_PATH = /\/models\/([^/]+)\/(load|unload)$/;
const PREDICTION_PATH = /^\/v1\/predictions\/([^/:]+)(:explain)?$/;

/** Answers one HTTP request; whatever goes wrong becomes an answer. */
export async function route(request: IncomingMessage, response: ServerResponse, context: RouteContext): Promise<void> {
  if (context.draining()) response.setHeader('connection', 'close');
  const path = pathOf(request.url);
  try {
    // The server's own refusal has no body, and clients of the protocol fail confusingly at one.
    if (request.headers.host === undefined && request.httpVersion === '1.1')
      throw new Refusal(400, 'the request has no Host header, which HTTP/1.1 demands');
    const hosts = request.headersDistinct['host']?.length ?? 0;
    if (hosts > 1) throw new Refusal(400, `the request has ${hosts} Host headers, expected one`);
    if (path === '/v2/models/stats') {
      requireMethod(request, 'GET');
      tell(response, await context.ask({ kind: 'statistics' }));
      return;
    }
    const records = RECORDS_PATH.exec(path);
    const model = records === null ? MODEL_PATH.exec(path) : null;
    if (model?.[3] === 'infer') await serve(request, response, context, 'v2', path, model);
    else if (records?.[3] === 'predict') await serve(request, response, context, 'v1', path, records);
    else if (records !== null) await otherRecords(request, response, context, path, records);
    else if (model !== null) await describeModel(request, response, context, model);
    else await other(request, response, context, path);
  } catch (error) {
    if (!response.headersSent) sendRefusal(response, error);
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  context: RouteContext,
  protocol: Call['protocol'],
  path: string,
  [, model = '', version]: RegExpExecArray,
): Promise<void> {
  requireMethod(request, 'POST');
  requireCaller(request.headers.authorization, context.isRelay(request.socket), context.settings, false);
  const at = Date.now();
  const given = request.headers['x-slipway-id'];
  // Only another process of this fleet may name a request.
  const relayed = context.isRelay(request.socket);
  const id = typeof given === 'string' && relayed ? given : newIdentifier(at);
  try {
    const body = await readRequestBody(request);
    const head = { protocol, path, model: decoded(model), headers: request.headers };
    const call = callOf(
      { ...head, version: version === undefined ? undefined : decoded(version) },
      body,
      id,
      at,
      relayed,
    );
    const reply = await serveCall(call, context.serving);
    await sendAnswer(request, response, reply.body(), {
      'x-slipway-id': id,
      'x-slipway-revision': reply.revision,
      'x-slipway-model-version': reply.version,
    });
  } catch (error) {
    sendRefusal(response, error, { 'x-slipway-id': id });
  }
}

async function describeModel(
  request: IncomingMessage,
  response: ServerResponse,
  context: RouteContext,
  [, name = '', given, what]: RegExpExecArray,
): Promise<void> {
  requireMethod(request, 'GET');
  const model = decoded(name);
  const version = given === undefined ? undefined : decoded(given);
  if (what === 'stats') {
    const question = { kind: 'statistics', model, ...(version === undefined ? {} : { version }) } as const;
    tell(response, await context.ask(question));
    return;
  }
  if (what === 'ready') {
    isReady(context.tables(), model, version);
    sendJson(response, 200, JSON.stringify({ name: model, ready: true }));
    return;
  }
  if (context.tables().get(model)?.isAsleep === true) await context.serving.awaken(model);
  const kind = what === 'config' ? 'config' : 'metadata';
  sendJson(response, 200, JSON.stringify(await descriptionOf(context.tables(), model, version, kind)));
}

async function otherRecords(
  request: IncomingMessage,
  response: ServerResponse,
  context: RouteContext,
  path: string,
  [, name = '', version, what]: RegExpExecArray,
): Promise<void> {
  requireMethod(request, 'POST');
  if (what === 'explain') {
    const { answerExplain } = await import('../explain/explain-routes.ts');
    const asked = { path, model: decoded(name), version: version === undefined ? undefined : decoded(version) };
    await answerExplain(request, response, context, asked);
    return;
  }
  requireCaller(request.headers.authorization, context.isRelay(request.socket), context.settings, true);
  const model = decoded(name);
  if (!context.tables().has(model)) throw new Refusal(404, `Request for unknown model: '${model}' is not found`);
  const kind = what === 'retrain' ? 'retrain' : 'feedback';
  tell(response, await context.ask({ kind, model, body: jsonTextOf(await readBody(request)) }));
}

async function other(
  request: IncomingMessage,
  response: ServerResponse,
  context: RouteContext,
  path: string,
): Promise<void> {
  const prediction = PREDICTION_PATH.exec(path);
  if (prediction?.[2] !== undefined) {
    if (request.method !== 'POST') requireMethod(request, 'GET');
    const { answerExplainPrediction } = await import('../explain/explain-routes.ts');
    await answerExplainPrediction(request, response, context, { path, id: decoded(prediction[1] ?? '') });
    return;
  }
  if (prediction !== null) {
    requireMethod(request, 'GET');
    requireCaller(request.headers.authorization, context.isRelay(request.socket), context.settings, true);
    tell(response, await context.ask({ kind: 'prediction', id: decoded(prediction[1] ?? '') }));
    return;
  }
  if (REPOSITORY_PATH.test(path)) {
    requireMethod(request, 'POST');
    await repository(request, response, context, path);
    return;
  }
  switch (path) {
    case '/v2':
    case '/v2/':
      requireMethod(request, 'GET');
      sendJson(
        response,
        200,
        JSON.stringify({ name: SERVER_NAME, version: context.settings.serverVersion, extensions: EXTENSIONS }),
      );
      return;
    case '/v2/health/live':
      requireMethod(request, 'GET');
      sendJson(response, 200, '{"live":true}');
      return;
    case '/v2/health/ready': {
      requireMethod(request, 'GET');
      const waiting = waitingModels(context.tables());
      if (waiting.length > 0) throw new Refusal(503, `not ready: ${waiting.join(', ')}`, { retryAfterSeconds: 1 });
      sendJson(response, 200, '{"ready":true}');
      return;
    }
    case '/metrics':
      requireMethod(request, 'GET');
      tell(response, await context.ask({ kind: 'metrics' }));
      return;
    default:
      throw new Refusal(404, `there is nothing at ${path}; see /v2, /v2/models/{model} and /v1/models/{model}:predict`);
  }
}

/** The index; loading and unloading where callers may, since else git decides which models run. */
async function repository(
  request: IncomingMessage,
  response: ServerResponse,
  context: RouteContext,
  path: string,
): Promise<void> {
  const control = CONTROL_PATH.exec(path);
  if (control !== null && context.settings.modelControl !== true) throw new Refusal(403, LOADING_BY_HAND);
  const isRelayed = context.isRelay(request.socket);
  if (control !== null) requireCaller(request.headers.authorization, isRelayed, context.settings, true);
  const text = jsonTextOf(await readBody(request));
  if (control !== null) {
    const action = control[2] === 'load' ? 'load' : 'unload';
    tell(response, await context.ask({ kind: 'control', action, model: decoded(control[1] ?? ''), body: text }));
    return;
  }
  const body: unknown = text.trim() === '' ? {} : parseJson(text, 'the request body');
  const onlyReady = typeof body === 'object' && body !== null && 'ready' in body && body.ready === true;
  tell(response, await context.ask({ kind: 'index', onlyReady }));
}

function tell(response: ServerResponse, { status, contentType, body }: Told): void {
  send(response, status, contentType, body);
}

function requireMethod(request: IncomingMessage, method: 'GET' | 'POST'): void {
  const allowed = request.method === method || (method === 'GET' && request.method === 'HEAD');
  const allow = method === 'GET' ? 'GET, HEAD' : method;
  if (!allowed) throw new Refusal(405, `${request.method} is not allowed here, use ${method}`, { allow });
}

const ABSOLUTE = /^https?:\/\/[^/?]*/i;

/** Without its query; proxies may name the server as well (RFC 9112, 3.2.2). */
function pathOf(url = '/'): string {
  const [target = ''] = url.split('?', 1);
  return target.startsWith('/') ? target : target.replace(ABSOLUTE, '') || '/';
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Refusal(400, `the path holds ${JSON.stringify(part)}, which is not percent-encoded text`);
  }
}
