import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BROWSER_FILE, openBrowser } from '../dashboard/browser.ts';
import { blockedReport, passingReport } from '../dashboard/sample-views.ts';
import { reportHtml } from './report-html.ts';

describe.skipIf(!existsSync(BROWSER_FILE))('a report’s page in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  it.each([
    [1440, 'light'],
    [1440, 'dark'],
    [390, 'light'],
  ] as const)(
    'at %d px, %s, stands without scripts and requests, and does not scroll sideways',
    async (width, colorScheme) => {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, javaScriptEnabled: false });
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      await page.setContent(reportHtml([blockedReport, { ...passingReport, model: 'wine' }]));
      const box = await page.locator('html').boundingBox();
      expect(box?.width).toBe(width);
      expect(await page.locator('svg.c:visible').count()).toBeGreaterThan(10);
      expect(asked.filter((url) => url.startsWith('http'))).toEqual([]);
      await page.close();
    },
  );
});
