import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBrowser } from './browser.ts';
import { serveSample } from './serve-sample.ts';

/**
 * Takes pictures of every room, light, dark and at phone width, from sample views: to look at them beside the design.
 * `node app/dashboard/look.ts [FOLDER] [ROOM…]`; Chromium at /usr/bin/chromium.
 */
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
const sample = await serveSample();
const browser = await openBrowser();
try {
  for (const [room, path] of Object.entries(ROOMS)) {
    if (only.length > 0 && !only.includes(room)) continue;
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const [name, width] of Object.entries(WIDTHS)) {
        const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
        await page.goto(`${sample.url}${path}`);
        const file = join(folder, `${room}-${name}-${colorScheme}.png`);
        await page.screenshot({ path: file, fullPage: true });
        process.stdout.write(`${file}\n`);
        await page.close();
      }
    }
  }
} finally {
  await browser.close();
  await sample.close();
}
