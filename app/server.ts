import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { createNodeMiddleware } from 'probot';
import type { ApplicationFunction, Probot } from 'probot';
import { createGate } from './gate.ts';
import type { Behind } from './gate.ts';

export const webhookPath = '/api/github/webhooks';

export interface AppParts {
  readonly probot: Probot;
  readonly handlers: ApplicationFunction;
  /** The dashboard and whatever else is looked at in a browser. */
  readonly routes?: Hono;
  /** Why the App cannot work now; undefined when it can. Told by `/readyz`. */
  readonly unready: () => string | undefined;
  /** Ends what goes on behind the webhooks, within the limit. */
  readonly stop: (limitMs: number) => Promise<void>;
}

export interface RunningApp {
  /** Where it listens. */
  readonly url: string;
  readonly port: number;
  /** Answers what came in, ends the work behind it, and resolves. Calling it again waits for the same end. */
  stop(): Promise<void>;
}

/** GitHub gives up on a webhook after ten seconds; a body that takes longer than this to arrive is not from there. */
const requestLimitMs = 30_000;
const drainLimitMs = 10_000;

/**
 * Starts the App on a port of its own.
 *
 * @throws when the port is taken, the webhook secret is empty, or Probot refuses its credentials
 */
export async function startApp(
  config: { readonly host: string; readonly port: number; readonly webhookSecret: string },
  parts: AppParts,
): Promise<RunningApp> {
  const middleware = await createNodeMiddleware(parts.handlers, { probot: parts.probot, webhooksPath: webhookPath });
  const webhooks = createGate({ secret: config.webhookSecret }, async (request, response) =>
    middleware(request, response),
  );
  const pages = getRequestListener(routesOf(parts).fetch);
  const server = createServer((request, response) => {
    const handle: Behind = pathOf(request) === webhookPath ? webhooks : pages;
    handle(request, response).catch((error: unknown) => fail(parts, response, error));
  });
  server.requestTimeout = requestLimitMs;
  const port = await listen(server, config.host, config.port);
  let stopping: Promise<void> | undefined;
  return {
    url: `http://${config.host}:${port}`,
    port,
    stop() {
      stopping ??= stop(server, parts);
      return stopping;
    },
  };
}

function routesOf(parts: AppParts): Hono {
  const routes = new Hono();
  routes.get('/healthz', (context) => context.text('ok\n'));
  routes.get('/readyz', (context) => {
    const reason = parts.unready();
    return reason === undefined ? context.text('ready\n') : context.text(`${reason}\n`, 503);
  });
  if (parts.routes !== undefined) routes.route('/', parts.routes);
  return routes;
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? '';
}

function fail(parts: AppParts, response: ServerResponse, error: unknown): void {
  // A caller that went away in the middle of its own request is no failure of ours.
  if (response.socket?.destroyed !== true) parts.probot.log.error({ err: error }, 'A request failed');
  if (response.headersSent) response.destroy();
  else
    response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' }).end('Slipway failed; its log says why\n');
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(new Error(`Listening on ${host}:${port} failed`, { cause })));
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

async function stop(server: Server, parts: AppParts): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  await parts.stop(drainLimitMs);
  // What still holds a connection now is a browser that listens for live values.
  server.closeAllConnections();
  await closed;
}
