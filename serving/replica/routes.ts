import type { IncomingMessage, ServerResponse } from 'node:http';
import { timingSafeEqual } from 'node:crypto';
import { Refusal } from '../protocol/refusal.ts';
import type { Call } from './call.ts';
import { readBody, readRequestBody, send, sendAnswer, sendJson, sendRefusal } from './http.ts';
import { newIdentifier } from './identifier.ts';
import type { Question, ReplicaSettings, Told } from './messages.ts';
import { type Serving, serveCall, servedVersions } from './serve-call.ts';
import { stableArm } from './assign.ts';
import type { Arm, Table } from './table.ts';

/** What the routes of a replica touch. */
export interface RouteContext {
  readonly settings: ReplicaSettings;
  readonly serving: Serving;
  readonly tables: () => ReadonlyMap<string, Table>;
  readonly ask: (question: Question) => Promise<Told>;
  /** Whether the next answer on a connection should be its last. */
  readonly draining: () => boolean;
}

/** Extensions of the protocol, by Triton's names, that are whole here. */
const EXTENSIONS = ['binary_tensor_data', 'classification'];

const MODEL_PATH = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(?:\/(infer|ready|config|stats))?$/;
const RECORDS_PATH = /^\/v1\/models\/([^/:]+)(?:\/versions\/([^/:]+))?:(predict|feedback|explain|retrain)$/;
const PREDICTION_PATH = /^\/v1\/predictions\/([^/]+)$/;

/** Answers one HTTP request; whatever goes wrong becomes an answer. */
export async function route(request: IncomingMessage, response: ServerResponse, context: RouteContext): Promise<void> {
  if (context.draining()) response.setHeader('connection', 'close');
  const [path = '/'] = (request.url ?? '/').split('?', 1);
  try {
    const records = RECORDS_PATH.exec(path);
    const model = records === null ? MODEL_PATH.exec(path) : null;
    if (model?.[3] === 'infer') await serve(request, response, context, 'v2', path, model);
    else if (records?.[3] === 'predict') await serve(request, response, context, 'v1', path, records);
    else if (records !== null) await otherRecords(request, response, context, records);
    else if (model !== null) describeModel(request, response, context, model);
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
  requireCaller(request, context.settings, false);
  const at = Date.now();
  const given = request.headers['x-slipway-id'];
  // Only another process of this fleet, which comes over the Unix socket and so has no address, may name a request.
  const relayed = request.socket.remoteAddress === undefined;
  const id = typeof given === 'string' && relayed ? given : newIdentifier(at);
  try {
    const body = await readRequestBody(request);
    const call: Call = {
      protocol,
      model: decoded(model),
      version: version === undefined ? undefined : decoded(version),
      id,
      path,
      body,
      headers: request.headers,
      at,
      startedAt: performance.now(),
      relayed,
    };
    const reply = await serveCall(call, context.serving);
    await sendAnswer(request, response, reply.body, {
      'x-slipway-id': id,
      'x-slipway-revision': reply.revision,
      'x-slipway-model-version': reply.version,
    });
  } catch (error) {
    sendRefusal(response, error, { 'x-slipway-id': id });
  }
}

function describeModel(
  request: IncomingMessage,
  response: ServerResponse,
  context: RouteContext,
  [, name = '', version, what]: RegExpExecArray,
): void {
  requireMethod(request, 'GET');
  const model = decoded(name);
  const table = context.tables().get(model);
  if (table === undefined) throw new Refusal(404, `Request for unknown model: '${model}' is not found`);
  const arm =
    version === undefined
      ? stableArm(table.arms)
      : table.arms.find((candidate) => candidate.version === decoded(version) && candidate.available);
  if (version !== undefined && !table.arms.some((candidate) => candidate.version === decoded(version)))
    throw new Refusal(
      404,
      `Request for unknown model: '${model}' version ${version} is not found; served: ${servedVersions(table).join(', ') || 'none'}`,
    );
  if (what === 'config' || what === 'stats') throw new Refusal(404, `${what} of a model is not served yet`);
  if (arm === undefined) throw new Refusal(503, `model '${model}' is not ready`, { retryAfterSeconds: 1 });
  if (what === 'ready') sendJson(response, 200, JSON.stringify({ name: model, ready: true }));
  else sendJson(response, 200, metadataOf(model, arm, table));
}

function metadataOf(model: string, arm: Arm, table: Table): string {
  const versions = [...new Set(servedVersions(table))];
  const { loaded } = arm;
  if (loaded === undefined)
    throw new Refusal(
      503,
      `version ${arm.version} of model '${model}' runs in another process; its metadata are not here`,
    );
  return JSON.stringify({
    name: model,
    versions,
    platform: 'onnxruntime_onnx',
    inputs: loaded.session.inputs,
    outputs: loaded.session.outputs,
    properties: { revision: arm.revision, version: arm.version },
  });
}

async function otherRecords(
  request: IncomingMessage,
  response: ServerResponse,
  context: RouteContext,
  [, name = '', , what]: RegExpExecArray,
): Promise<void> {
  requireMethod(request, 'POST');
  if (what !== 'feedback') throw new Refusal(404, `:${what} is not served yet`);
  requireCaller(request, context.settings, true);
  const model = decoded(name);
  if (!context.tables().has(model)) throw new Refusal(404, `Request for unknown model: '${model}' is not found`);
  tell(response, await context.ask({ kind: 'feedback', model, body: (await readBody(request)).toString() }));
}

async function other(
  request: IncomingMessage,
  response: ServerResponse,
  context: RouteContext,
  path: string,
): Promise<void> {
  const prediction = PREDICTION_PATH.exec(path);
  if (prediction !== null) {
    requireMethod(request, 'GET');
    requireCaller(request, context.settings, true);
    tell(response, await context.ask({ kind: 'prediction', id: decoded(prediction[1] ?? '') }));
    return;
  }
  if (path.startsWith('/v2/repository/'))
    throw path.endsWith('load')
      ? new Refusal(403, 'git decides which models run: loading and unloading by hand is switched off')
      : new Refusal(404, `${path} is not served yet`);
  switch (path) {
    case '/v2':
    case '/v2/':
      requireMethod(request, 'GET');
      sendJson(
        response,
        200,
        JSON.stringify({ name: 'slipway', version: context.settings.serverVersion, extensions: EXTENSIONS }),
      );
      return;
    case '/v2/health/live':
      requireMethod(request, 'GET');
      sendJson(response, 200, '{"live":true}');
      return;
    case '/v2/health/ready': {
      requireMethod(request, 'GET');
      const waiting = [...context.tables()]
        .filter(([, { arms }]) => stableArm(arms) === undefined)
        .map(([model]) => model);
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

function tell(response: ServerResponse, { status, contentType, body }: Told): void {
  send(response, status, contentType, body);
}

function requireMethod(request: IncomingMessage, method: 'GET' | 'POST'): void {
  const allowed = request.method === method || (method === 'GET' && request.method === 'HEAD');
  if (!allowed) throw new Refusal(405, `${request.method} is not allowed here, use ${method}`);
}

/** What reads or judges recorded predictions needs a token as soon as others than this machine may call. */
function requireCaller(request: IncomingMessage, settings: ReplicaSettings, guarded: boolean): void {
  if (request.socket.remoteAddress === undefined) return;
  const { callerToken, loopback } = settings;
  if (callerToken === undefined) {
    if (guarded && !loopback)
      throw new Refusal(403, 'beyond this machine this needs a caller token, and the fleet was started without one');
    return;
  }
  if (!isBearer(request.headers.authorization, callerToken))
    throw new Refusal(401, 'a caller token is needed: Authorization: Bearer …');
}

/** Compares in constant time. */
export function isBearer(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header ?? '');
  const expected = Buffer.from(`Bearer ${token}`);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Refusal(400, `the path holds ${JSON.stringify(part)}, which is not percent-encoded text`);
  }
}
