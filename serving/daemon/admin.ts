import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { type IncomingMessage, type RequestListener, type ServerResponse, createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { parseJson } from '../protocol/lossless.ts';
import { Refusal } from '../protocol/refusal.ts';
import { readBody, send, sendJson, sendRefusal } from '../replica/http.ts';
import type { ArmStats } from '../fleet.ts';
import { statsOf } from '../replica/counters.ts';
import type { TlsOrder } from '../replica/messages.ts';
import { isBearer } from '../replica/caller.ts';
import { answerQuestion } from './answer-question.ts';
import { type CertificateFiles, CertificateKeeper } from './certificate.ts';
import type { Changed, FleetDaemon } from './fleet-daemon.ts';
import { handleOf, openPort } from './port.ts';
import { parseLease, parseModelPut, parseRevisionTarget } from './targets.ts';

/** The admin API: what the control plane says to a fleet, and asks of it. Paths and bodies: docs/serving.md. */
export interface AdminOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string | undefined;
  /** It speaks TLS with these; undefined: it does not. */
  readonly tls: CertificateFiles | undefined;
  readonly artifactLimitBytes: number;
  /** A listening socket that outlived another daemon. */
  readonly held?: unknown;
  /** Asks for a restart without a dropped connection. */
  readonly restart: () => void;
}

export interface Admin {
  readonly port: number;
  /** The listening socket, for somebody to hold. */
  readonly handle: unknown;
  /** Takes no more connections: they wait on the port for whoever listens next. */
  leave(): void;
  /** Listens again, if it has left. */
  comeBack(held: unknown): Promise<void>;
  close(): Promise<void>;
}

export async function startAdmin(daemon: FleetDaemon, options: AdminOptions): Promise<Admin> {
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response, daemon, options).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sendRefusal(response, error);
    });
  };
  const { server, certificate } =
    options.tls === undefined
      ? { server: createServer(listener), certificate: undefined }
      : await secureServer(options.tls, listener);
  const place = { host: options.host, port: options.port, what: 'admin' };
  const port = await openPort(server, place, options.held);
  return {
    port,
    handle: handleOf(server),
    leave: () => void server.close(),
    async comeBack(held) {
      if (!server.listening) await openPort(server, place, held);
    },
    close: () =>
      new Promise((resolve) => {
        certificate?.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function secureServer(files: CertificateFiles, listener: RequestListener) {
  const contextOf = ({ cert, key }: TlsOrder) => ({ cert, key, minVersion: 'TLSv1.2' as const });
  const certificate = await CertificateKeeper.open(files, (order) => server.setSecureContext(contextOf(order)));
  const server = createSecureServer(contextOf(certificate.order), listener);
  return { server, certificate };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly daemon: FleetDaemon;
  readonly options: AdminOptions;
  readonly url: URL;
  /** The pattern's groups, decoded. */
  readonly parts: readonly string[];
}

type Route = readonly [method: string, pattern: RegExp, handle: (exchange: Exchange) => Promise<void>];

const ROUTES: readonly Route[] = [
  ['GET', /^\/fleet$/, getFleet],
  ['PUT', /^\/fleet\/artifacts\/([0-9a-f]{64})$/, putArtifact],
  ['HEAD', /^\/fleet\/artifacts\/([0-9a-f]{64})$/, headArtifact],
  ['PUT', /^\/fleet\/models\/([^/]+)\/revisions\/([^/]+)$/, putRevision],
  ['PUT', /^\/fleet\/models\/([^/]+)$/, putModel],
  ['DELETE', /^\/fleet\/models\/([^/]+)$/, deleteModel],
  ['POST', /^\/fleet\/models\/([^/]+)\/lease$/, postLease],
  ['GET', /^\/fleet\/models\/([^/]+)\/stats$/, getStats],
  ['GET', /^\/fleet\/models\/([^/]+)\/predictions$/, getPredictions],
  ['GET', /^\/fleet\/predictions\/([^/]+)$/, getPrediction],
  ['POST', /^\/fleet\/restart$/, postRestart],
  ['GET', /^\/metrics$/, getMetrics],
];

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  daemon: FleetDaemon,
  options: AdminOptions,
): Promise<void> {
  authorise(request, options);
  const url = new URL(request.url ?? '/', 'http://fleet');
  const matching = ROUTES.filter(([, pattern]) => pattern.test(url.pathname));
  const route = matching.find(([method]) => method === request.method);
  if (route === undefined)
    throw matching.length === 0
      ? new Refusal(404, `there is nothing at ${url.pathname}`)
      : new Refusal(
          405,
          `${request.method} is not allowed here, use ${matching.map(([method]) => method).join(' or ')}`,
        );
  const [, pattern, handle] = route;
  const parts = (pattern.exec(url.pathname) ?? []).slice(1).map(decodeURIComponent);
  await handle({ request, response, daemon, options, url, parts });
}

/**
 * The token, where there is one. Without one the API stands open on loopback: there a browser's page must not get in, which betrays itself by an
 * Origin or by a Host that it made its own name server point here.
 */
function authorise({ headers }: IncomingMessage, { token }: AdminOptions): void {
  if (token !== undefined) {
    if (!isBearer(headers.authorization, token))
      throw new Refusal(401, 'the admin token is needed: Authorization: Bearer …');
    return;
  }
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  if (headers.origin !== undefined || !(host === 'localhost' || host === '[::1]' || /^127(?:\.\d+){3}$/.test(host)))
    throw new Refusal(403, 'without an admin token only programs on this machine may ask, by its loopback address');
}

async function bodyOf({ request }: Exchange): Promise<unknown> {
  return parseJson((await readBody(request)).toString(), 'the request body');
}

async function getFleet({ response, daemon }: Exchange): Promise<void> {
  sendJson(response, 200, JSON.stringify(daemon.observe()));
}

async function putArtifact({ request, response, daemon, options, parts: [sha256 = ''] }: Exchange): Promise<void> {
  const put = await daemon.store.putArtifact(sha256, request, options.artifactLimitBytes);
  if (put.kind === 'refused') throw new Refusal(422, `artifact ${sha256}: ${put.reason}`);
  sendJson(response, 200, JSON.stringify({ sha256 }));
}

async function headArtifact({ response, daemon, parts: [sha256 = ''] }: Exchange): Promise<void> {
  response.writeHead((await daemon.store.hasArtifact(sha256)) ? 200 : 404);
  response.end();
}

async function putRevision(exchange: Exchange): Promise<void> {
  const [model = '', revision = ''] = exchange.parts;
  const target = parseRevisionTarget(await bodyOf(exchange), modelName(model), revision);
  sendChanged(exchange, await exchange.daemon.putRevision(target));
}

async function putModel(exchange: Exchange): Promise<void> {
  const [model = ''] = exchange.parts;
  const { generation, target } = parseModelPut(await bodyOf(exchange));
  sendChanged(exchange, await exchange.daemon.putModel(modelName(model), generation, target));
}

async function deleteModel(exchange: Exchange): Promise<void> {
  const [model = ''] = exchange.parts;
  const generation = Number(exchange.url.searchParams.get('generation') ?? Number.NaN);
  if (!Number.isInteger(generation)) throw new Refusal(400, 'say which generation is meant: ?generation=N');
  sendChanged(exchange, await exchange.daemon.retireModel(modelName(model), generation));
}

async function postLease(exchange: Exchange): Promise<void> {
  const [model = ''] = exchange.parts;
  const { generation, seconds } = parseLease(await bodyOf(exchange));
  sendChanged(exchange, await exchange.daemon.renewLease(modelName(model), generation, seconds));
}

/** Under way when it answers; `GET /fleet` is answered by another process when it is done. */
async function postRestart({ response, options }: Exchange): Promise<void> {
  sendJson(response, 202, '{"restarting":true}');
  options.restart();
}

/** With `feedback-since=` an instant: also what labels say of each arm's answers since then. */
async function getStats({ response, daemon, url, parts: [name = ''] }: Exchange): Promise<void> {
  const model = daemon.modelOf(name);
  if (model?.target === undefined) throw new Refusal(404, `no model "${name}" here`);
  const { epoch, arms } = await daemon.counted.arms();
  const since = url.searchParams.get('feedback-since');
  const feedback = since === null ? {} : await daemon.feedback.since(name, instantOf(since, 0, 'feedback-since'));
  const stats = arms
    .filter((counts) => counts.model === name)
    .map((counts): ArmStats => {
      const told = feedback[counts.revision];
      return { ...statsOf(counts, [epoch]), ...(told === undefined ? {} : { feedback: told }) };
    });
  sendJson(response, 200, JSON.stringify({ model: name, generation: model.generation, arms: stats }));
}

async function getMetrics({ response, daemon }: Exchange): Promise<void> {
  const { status, contentType, body } = await answerQuestion(daemon, { kind: 'metrics' });
  send(response, status, contentType, body);
}

/** Parquet, or with `format=json` `{"rows": […]}`; how many in `x-slipway-rows`. `failures=true` adds what was refused or failed. */
async function getPredictions({ response, daemon, url, parts: [model = ''] }: Exchange): Promise<void> {
  const { searchParams } = url;
  const format = searchParams.get('format') === 'json' ? 'json' : 'parquet';
  const arm = searchParams.get('arm');
  const limit = Number(searchParams.get('limit') ?? DEFAULT_ROWS);
  if (!(Number.isInteger(limit) && limit > 0)) throw new Refusal(400, 'limit must be an integer from 1');
  const { file, rows } = await daemon.readLog(
    {
      model: modelName(model),
      fromMs: instantOf(searchParams.get('from'), 0, 'from'),
      toMs: instantOf(searchParams.get('to'), Date.now() + 1, 'to'),
      limit,
      failures: searchParams.get('failures') === 'true',
      ...(arm === null ? {} : { arm }),
    },
    format,
  );
  try {
    const { size } = await stat(file);
    response.writeHead(200, {
      'content-type': format === 'json' ? 'application/json' : 'application/vnd.apache.parquet',
      'content-length': size,
      'x-slipway-rows': String(rows),
    });
    await pipeline(createReadStream(file), response);
  } finally {
    await rm(file, { force: true });
  }
}

const DEFAULT_ROWS = 10_000;

function instantOf(text: string | null, otherwise: number, name: string): number {
  if (text === null) return otherwise;
  const instant = Date.parse(text);
  if (Number.isNaN(instant)) throw new Refusal(400, `${name} must be an ISO date-time, found ${JSON.stringify(text)}`);
  return instant;
}

async function getPrediction({ response, daemon, parts: [id = ''] }: Exchange): Promise<void> {
  const { status, contentType, body } = await answerQuestion(daemon, { kind: 'prediction', id });
  send(response, status, contentType, body);
}

function sendChanged({ response, daemon, parts: [model = ''] }: Exchange, changed: Changed): void {
  switch (changed.kind) {
    case 'changed':
      sendJson(response, 200, JSON.stringify({ generation: changed.generation }));
      return;
    case 'conflict': {
      const { generation } = changed;
      const there = daemon.observe().models.find((each) => each.model === model);
      const error = `somebody else was first: generation ${generation} is there`;
      sendJson(response, 409, JSON.stringify({ error, generation, model: there }));
      return;
    }
    case 'refused':
      throw new Refusal(422, changed.reason);
  }
}

function modelName(name: string): string {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name))
    throw new Refusal(
      400,
      `"${name}" is no model's name: a lowercase letter, then up to 39 letters, digits and hyphens`,
    );
  return name;
}
