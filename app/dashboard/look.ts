import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { chromium } from 'playwright-core';
import { createDashboard } from './dashboard.ts';
import { sampleSource } from './sample-views.ts';

/**
 * Takes pictures of every room, light, dark and at phone width, from sample views: to look at them beside the design.
 * `node app/dashboard/look.ts [FOLDER] [ROOM…]`; Chromium at /usr/bin/chromium.
 */
const BROWSER = '/usr/bin/chromium';
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const ROOMS: Readonly<Record<string, string>> = {
  fleet: '/fleet',
  model: '/models/income',
  proposals: '/proposals',
  proposal: '/proposals/acme/models/412',
  passing: '/proposals/acme/models/419',
  drifted: '/proposals/acme/models/420',
  running: '/proposals/acme/models/421',
  ledger: '/ledger',
  missing: '/models/nothing',
};

const WIDTHS = { wide: 1440, phone: 390 } as const;

const [folder = await mkdtemp(join(tmpdir(), 'slipway-look-')), ...only] = process.argv.slice(2);
const app = createDashboard({ source: sampleSource(), publicUrl: 'http://127.0.0.1', githubUrl: 'https://github.com' });
const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
await new Promise((done) => server.once('listening', done));
const address = server.address();
if (address === null || typeof address === 'string')
  throw new Error('The sample dashboard has no port to be looked at.');
const browser = await chromium.launch({ executablePath: BROWSER, args: ARGUMENTS });
try {
  for (const [room, path] of Object.entries(ROOMS)) {
    if (only.length > 0 && !only.includes(room)) continue;
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const [name, width] of Object.entries(WIDTHS)) {
        const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
        await page.goto(`http://127.0.0.1:${address.port}${path}`);
        const file = join(folder, `${room}-${name}-${colorScheme}.png`);
        await page.screenshot({ path: file, fullPage: true });
        process.stdout.write(`${file}\n`);
        await page.close();
      }
    }
  }
} finally {
  await browser.close();
  server.close();
}
