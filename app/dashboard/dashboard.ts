import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Context, Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { textOf } from './markup.ts';
import { type Assets, linksOf, type Page, pageOf } from './page.ts';
import { figureSvg } from '../drawings/draw-figure.ts';
import { figureNamed } from '../drawings/figure-images.ts';
import { figurePng } from '../drawings/figure-png.ts';
import { errorRoom } from './rooms/error-room.ts';
import { fleetRoom } from './rooms/fleet-room.ts';
import { filtered, ledgerExport, type LedgerFilter, ledgerRoom } from './rooms/ledger-room.ts';
import { modelRoom } from './rooms/model-room.ts';
import { proposalRoom } from './rooms/proposal-room.ts';
import { proposalsRoom } from './rooms/proposals-room.ts';
import type { Change, DashboardSource } from './views.ts';

export interface DashboardOptions {
  readonly source: DashboardSource;
  /** Where people reach the dashboard: `http://127.0.0.1:3000`. Requests under another host name are refused. */
  readonly publicUrl: string;
  /** Where pull requests and commits are looked at: `https://github.com`. */
  readonly githubUrl: string;
  /** Told of every error that a visitor saw as a page. */
  readonly onError?: (error: unknown, reference: string) => void;
  /** Ends every event stream, at the latest when the program stops. */
  readonly signal?: AbortSignal;
}

/** A page that takes longer to gather than this has failed. */
const GATHER_LIMIT_MS = 10_000;
const HEARTBEAT_MS = 15_000;
/** As nginx logs it; nobody reads this answer. */
const CLIENT_CLOSED = 499;
/** Changes that come closer than this are told as one. */
const CHANGE_PAUSE_MS = 500;
const MOST_STREAMS = 100;
const DAY_SECONDS = 86_400;
const YEAR_SECONDS = 365 * DAY_SECONDS;

const FIGURE_FILE = /^(.{1,120})-(light|dark)\.(svg|png)$/;
const REPORT_DIGEST = /^[0-9a-f]{64}$/;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Nothing but our own style sheet, script and pictures; nobody may frame the pages. */
const CONTENT_POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/** A drawing carries its own style, and is an image on other people's pages. */
const DRAWING_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

interface Asset {
  readonly type: string;
  readonly body: string;
  readonly digest: string;
}

const assetOf = (file: string, type: string): Asset => {
  const body = readFileSync(new URL(`assets/${file}`, import.meta.url), 'utf8');
  return { type, body, digest: digestOf(body) };
};

const digestOf = (body: string | Uint8Array): string => createHash('sha256').update(body).digest('hex').slice(0, 16);

const ASSETS: ReadonlyMap<string, Asset> = new Map([
  ['style.css', assetOf('style.css', 'text/css; charset=utf-8')],
  ['live.browser.js', assetOf('live.browser.js', 'text/javascript; charset=utf-8')],
  ['icon.svg', assetOf('icon.svg', 'image/svg+xml')],
]);

/** The digest in the address lets a browser keep a file for ever and still see a new one at once. */
const assetAddress = (file: string): string => `/assets/${file}?v=${ASSETS.get(file)?.digest ?? ''}`;

const ASSET_ADDRESSES: Assets = {
  style: assetAddress('style.css'),
  script: assetAddress('live.browser.js'),
  icon: assetAddress('icon.svg'),
};

/**
 * The dashboard's routes, to be mounted beside the webhook's: it only reads. Every page is a pure function of what the
 * source says; this file is the edge that asks it, and sends bytes.
 */
export function createDashboard({
  source,
  publicUrl,
  githubUrl,
  onError = () => undefined,
  signal,
}: DashboardOptions): Hono {
  const app = new Hono();
  const links = linksOf(githubUrl);
  const hosts = new Set([new URL(publicUrl).host]);
  let streams = 0;

  const gathering = (context: Context): AbortSignal =>
    AbortSignal.any([
      context.req.raw.signal,
      AbortSignal.timeout(GATHER_LIMIT_MS),
      ...(signal === undefined ? [] : [signal]),
    ]);

  const notFound = (context: Context, what: string): Response =>
    sendPage(context, errorRoom({ title: 'There is no such page.', says: what }), 404);

  app.use(async (context, next) => {
    if (!knownHost(context.req.header('host'), hosts)) {
      return sendPage(
        context,
        errorRoom({ title: 'This dashboard answers under another name.', says: `Ask for it at ${publicUrl}.` }),
        421,
      );
    }
    await next();
    context.header('x-content-type-options', 'nosniff');
    context.header('referrer-policy', 'no-referrer');
    return undefined;
  });

  app.get('/', (context) => context.redirect('/fleet'));
  app.get('/fleet', async (context) => sendPage(context, fleetRoom(await source.fleet(gathering(context)), links)));

  app.get('/models/:model', async (context) => {
    const name = context.req.param('model');
    const view = await source.model(name, gathering(context));
    return view === undefined
      ? notFound(context, `No model of this fleet or repository is named “${name}”.`)
      : sendPage(context, modelRoom(view, links));
  });

  app.get('/proposals', async (context) =>
    sendPage(context, proposalsRoom(await source.proposals(gathering(context)), new Date().toISOString())),
  );
  app.get('/proposals/:owner/:repo/:number{[0-9]{1,9}}', async (context) => {
    const { owner, repo, number } = context.req.param();
    const view = await source.proposal(owner, repo, Number(number), gathering(context));
    return view === undefined
      ? notFound(context, `Slipway knows no proposal #${number} of ${owner}/${repo}.`)
      : sendPage(context, proposalRoom(view, links));
  });

  app.get('/ledger', async (context) =>
    sendPage(context, ledgerRoom(await source.ledger(gathering(context)), filterOf(context), links)),
  );
  app.get('/ledger/export.jsonl', async (context) => {
    const { lines } = await source.ledger(gathering(context));
    return send(context, ledgerExport(filtered(lines, filterOf(context))), {
      'content-type': 'application/jsonl; charset=utf-8',
      'content-disposition': 'attachment; filename="ledger.jsonl"',
      'cache-control': 'no-cache',
    });
  });

  app.get('/figures/:digest/:check/:file', async (context) => {
    const { digest, check, file } = context.req.param();
    const [, id, mode, type] = FIGURE_FILE.exec(file) ?? [];
    const theme = mode === 'dark' ? 'dark' : 'light';
    if (id === undefined || !REPORT_DIGEST.test(digest)) {
      return notFound(
        context,
        'Figures are named roc-light.svg, roc-dark.svg and so on, under a report’s digest and a check.',
      );
    }
    const report = await source.report(`sha256:${digest}`, gathering(context));
    const figure = report === undefined ? undefined : figureNamed(report, check, id);
    if (figure === undefined) return notFound(context, `There is no figure “${id}” of ${check} for report ${digest}.`);
    const headers = {
      'content-type': type === 'png' ? 'image/png' : 'image/svg+xml; charset=utf-8',
      // The report under a digest never changes; how it is drawn may, with the next version of this program.
      'cache-control': `public, max-age=${DAY_SECONDS}`,
      'content-security-policy': DRAWING_POLICY,
      'cross-origin-resource-policy': 'cross-origin',
    };
    return send(context, type === 'png' ? await figurePng(figure, theme) : figureSvg(figure, theme), headers);
  });

  app.get('/assets/:file', (context) => {
    const asset = ASSETS.get(context.req.param('file'));
    if (asset === undefined)
      return notFound(context, `There is no such file here; there are ${[...ASSETS.keys()].join(', ')}.`);
    const named = context.req.query('v') === asset.digest;
    return send(context, asset.body, {
      'content-type': asset.type,
      'cache-control': named ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache',
    });
  });

  app.get('/events', (context) => {
    if (context.req.method === 'HEAD') return context.body(null, 200, { 'content-type': 'text/event-stream' });
    if (streams >= MOST_STREAMS) {
      context.header('retry-after', '30');
      return context.text('Too many pages are open; this one stays as it is.\n', 503);
    }
    context.header('x-accel-buffering', 'no');
    return streamSSE(context, async (stream) => {
      streams += 1;
      const ended = new AbortController();
      stream.onAbort(() => ended.abort());
      const over = AbortSignal.any([ended.signal, ...(signal === undefined ? [] : [signal])]);
      const changes = changesOf(source, over);
      try {
        await stream.write(': the page is live\n\n');
        for await (const change of changes) {
          await (change === undefined
            ? stream.write(': still there\n\n')
            : stream.writeSSE({ event: 'change', data: JSON.stringify({ rooms: change }) }));
        }
      } finally {
        ended.abort();
        streams -= 1;
      }
    });
  });

  app.notFound((context) => notFound(context, `Nothing is kept at ${new URL(context.req.url).pathname}.`));
  app.onError((error, context) => {
    // Who asked has gone, and what was being gathered was called off with them: nothing failed.
    if (context.req.raw.signal.aborted) return new Response(null, { status: CLIENT_CLOSED });
    const reference = crypto.randomUUID();
    onError(error, reference);
    const says = 'What this page is drawn from could not be gathered. Models go on answering; try again in a moment.';
    return sendPage(context, errorRoom({ title: 'This page could not be drawn.', says, reference }), 500);
  });
  return app;
}

/** A page under a foreign name is read by whoever owns that name (DNS rebinding), so only known names are answered. */
const knownHost = (host: string | undefined, hosts: ReadonlySet<string>): boolean =>
  host === undefined || hosts.has(host) || LOOPBACK.has(host.replace(/:\d+$/, ''));

const filterOf = (context: Context): LedgerFilter => {
  const [model, kind] = [context.req.query('model'), context.req.query('kind')];
  return {
    ...(model === undefined || model === '' ? {} : { model }),
    ...(kind === undefined || kind === '' ? {} : { kind }),
  };
};

function sendPage(context: Context, page: Page, status: 200 | 404 | 421 | 500 = 200): Response {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    'content-security-policy': CONTENT_POLICY,
  };
  return send(context, textOf(pageOf(page, ASSET_ADDRESSES)), headers, status);
}

/** With an entity tag, so that looking again at what has not changed costs a few bytes. */
function send(
  context: Context,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
  status: 200 | 404 | 421 | 500 = 200,
): Response {
  const etag = `"${digestOf(body)}"`;
  const asked = (context.req.header('if-none-match') ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (status === 200 && asked.includes(etag)) return context.body(null, 304, { ...headers, etag });
  return context.body(
    body,
    status,
    status === 200 ? { ...headers, etag } : { ...headers, 'cache-control': 'no-store' },
  );
}

/**
 * Rooms that changed, gathered over a pause; undefined when nothing did for a while. Listens from the call on, so that no
 * change between the page and its stream is lost, and until the signal ends it.
 */
function changesOf(
  source: DashboardSource,
  signal: AbortSignal,
): AsyncGenerator<readonly Change['room'][] | undefined> {
  const rooms = new Set<Change['room']>();
  let wake = (): void => undefined;
  const unsubscribe = source.subscribe(({ room }) => {
    rooms.add(room);
    wake();
  });
  if (signal.aborted) unsubscribe();
  else signal.addEventListener('abort', unsubscribe, { once: true });
  const waited = (ms: number, untilChange: boolean): Promise<void> =>
    new Promise((done) => {
      const timer = setTimeout(finish, ms);
      function finish(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        done();
      }
      signal.addEventListener('abort', finish, { once: true });
      wake = untilChange ? finish : () => undefined;
    });
  async function* changes(): AsyncGenerator<readonly Change['room'][] | undefined> {
    while (!signal.aborted) {
      if (rooms.size === 0) await waited(HEARTBEAT_MS, true);
      if (signal.aborted) return;
      const changed = [...rooms];
      rooms.clear();
      yield changed.length === 0 ? undefined : changed;
      if (changed.length > 0) await waited(CHANGE_PAUSE_MS, false);
    }
  }
  return changes();
}
