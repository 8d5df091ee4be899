import { existsSync } from 'node:fs';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BROWSER_FILE, openBrowser } from './browser.ts';
import { sampleFleet } from './sample-views.ts';
import { type ServedSample, serveSample } from './serve-sample.ts';

const ROOMS = [
  '/fleet',
  '/models/income',
  '/proposals',
  '/proposals/acme/models/412',
  '/proposals/acme/models/420',
  '/proposals/acme/models/421',
  '/ledger',
];
const THEMES = ['light', 'dark'] as const;
/** WCAG 2.2, text of normal size. */
const LEAST_CONTRAST = 4.5;

/**
 * Every visible text whose contrast with what lies behind it is too low. Drawn text has its colour in `fill`; text in a
 * tinted area counts against the page, since areas are faint by design.
 */
const LOW_CONTRAST = `(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, a = 1] = numbers(getComputedStyle(at).backgroundColor);
      if (a === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (!own || !element.checkVisibility() || element.closest('.unseen, .skip, option')) continue;
    const style = getComputedStyle(element);
    const front = light(numbers(element instanceof SVGElement ? style.fill : style.color));
    const back = light(behind(element));
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (ratio < ${LEAST_CONTRAST}) low.push(ratio.toFixed(2) + ' ' + element.textContent.trim().slice(0, 40));
  }
  return low;
})()`;

/** Elements that reach beyond the page and would make it scroll sideways. */
const TOO_WIDE = `(() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll('main *')]
    .filter((element) => element.getBoundingClientRect().right > width + 1)
    .map((element) => element.outerHTML.slice(0, 80));
})()`;

const DUPLICATE_IDS = `[...document.querySelectorAll('[id]')].map((e) => e.id).filter((id, index, all) => all.indexOf(id) !== index)`;
/** A picture that is no decoration says what it shows. */
const UNNAMED_PICTURES = `[...document.querySelectorAll('svg')].filter((svg) => svg.getAttribute('aria-hidden') !== 'true' && !svg.getAttribute('aria-label')).length`;
const OVERLAPPING_TEXT = `(() => {
  const overlapping = [];
  for (const svg of document.querySelectorAll('svg.c')) {
    if (!svg.checkVisibility()) continue;
    const texts = [...svg.querySelectorAll('text')].map((text) => ({ words: text.textContent, box: text.getBBox() }));
    for (const [index, one] of texts.entries())
      for (const other of texts.slice(index + 1))
        if (Math.min(one.box.x + one.box.width, other.box.x + other.box.width) - Math.max(one.box.x, other.box.x) > 2 &&
            Math.min(one.box.y + one.box.height, other.box.y + other.box.height) - Math.max(one.box.y, other.box.y) > 4)
          overlapping.push(one.words + ' | ' + other.words);
  }
  return overlapping;
})()`;

describe.skipIf(!existsSync(BROWSER_FILE))('the dashboard in a browser', () => {
  let sample: ServedSample;
  let browser: Browser;
  beforeAll(async () => {
    sample = await serveSample();
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await sample.close();
  });

  async function visiting<T>(
    path: string,
    options: BrowserContextOptions,
    look: (page: Page) => Promise<T>,
  ): Promise<T> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    try {
      const page = await context.newPage();
      await page.goto(`${sample.url}${path}`);
      return await look(page);
    } finally {
      await context.close();
    }
  }

  const PHONE = { viewport: { width: 390, height: 844 } };

  it.each(ROOMS)('shows %s without an error, also in its own content policy', async (path) => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(`${sample.url}${path}`);
    await page.getByText('live', { exact: true }).waitFor();
    await context.close();
    expect(errors).toEqual([]);
  });

  it.each(ROOMS)('does not scroll sideways on a phone: %s', async (path) => {
    expect(await visiting(path, PHONE, (page) => page.evaluate(TOO_WIDE))).toEqual([]);
  });

  it.each(ROOMS)('does not scroll sideways on a small screen: %s', async (path) => {
    const small = { viewport: { width: 1024, height: 700 } };
    expect(await visiting(path, small, (page) => page.evaluate(TOO_WIDE))).toEqual([]);
  });

  it.each(ROOMS.flatMap((path) => THEMES.map((theme) => [path, theme] as const)))(
    '%s can be read in the %s',
    async (path, colorScheme) => {
      expect(await visiting(path, { colorScheme }, (page) => page.evaluate(LOW_CONTRAST))).toEqual([]);
    },
  );

  it.each(ROOMS)('%s names its pictures, and each part once', async (path) => {
    await visiting(path, {}, async (page) => {
      expect(await page.evaluate(UNNAMED_PICTURES)).toBe(0);
      expect(await page.evaluate(DUPLICATE_IDS)).toEqual([]);
    });
  });

  it.each(ROOMS.flatMap((path) => [[path, {}] as const, [path, PHONE] as const]))(
    'no words of a drawing in %s lie over others',
    async (path, size) => {
      expect(await visiting(path, size, (page) => page.evaluate(OVERLAPPING_TEXT))).toEqual([]);
    },
  );

  it('sees what is wrong with a page that is wrong in every way', async () => {
    const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
    await page.setContent(`<main><p id="a" style="color:#aaa">pale</p><p id="a" style="width:900px">wide</p>
      <svg class="c" width="90" height="20"><text x="0" y="12">over</text><text x="4" y="12">other</text></svg></main>`);
    expect(await page.evaluate(LOW_CONTRAST)).toHaveLength(1);
    expect(await page.evaluate(TOO_WIDE)).toHaveLength(1);
    expect(await page.evaluate(DUPLICATE_IDS)).toEqual(['a']);
    expect(await page.evaluate(UNNAMED_PICTURES)).toBe(1);
    expect(await page.evaluate(OVERLAPPING_TEXT)).toEqual(['over | other']);
    await page.close();
  });

  it('is complete without JavaScript', async () => {
    const without = { javaScriptEnabled: false };
    await visiting('/fleet', without, async (page) => {
      expect(await page.locator('h1').innerText()).toBe('One model is failing: loan-default. Two more need a look.');
      expect(await page.locator('tbody tr').first().innerText()).toContain('41.2');
      expect(await page.getByText('Step 3: what it needs, and what it has').isVisible()).toBe(true);
    });
    await visiting('/ledger', without, async (page) => {
      await page.getByLabel('model').selectOption('wine');
      await page.getByRole('button', { name: 'Show' }).click();
      expect(await page.locator('h2').first().innerText()).toBe('Lines about wine');
      expect(await page.locator('tbody tr').count()).toBe(2);
    });
  });

  it('leads past the navigation by keyboard', async () => {
    await visiting('/fleet', {}, async (page) => {
      await page.keyboard.press('Tab');
      expect(await page.locator(':focus').innerText()).toBe('Skip to content');
      await page.keyboard.press('Enter');
      expect(await page.evaluate('document.activeElement.id')).toBe('main');
    });
  });

  it('sorts a table by keyboard, and says how', async () => {
    await visiting('/fleet', {}, async (page) => {
      const head = page.getByRole('columnheader', { name: 'requests/s' });
      await head.getByRole('button').focus();
      await page.keyboard.press('Enter');
      expect(await head.getAttribute('aria-sort')).toBe('ascending');
      expect(await page.locator('#models tbody tr').first().innerText()).toContain('diabetes');
      await page.keyboard.press('Enter');
      expect(await head.getAttribute('aria-sort')).toBe('descending');
      expect(await page.locator('#models tbody tr').first().innerText()).toContain('churn');
    });
  });

  it('puts a changed value in place and leaves the rest where it was', async () => {
    await visiting('/fleet', {}, async (page) => {
      await page.getByText('live', { exact: true }).waitFor();
      await page.evaluate(
        `document.querySelector('#models table').marked = true; document.querySelector('#alerts').marked = true`,
      );
      const models = sampleFleet.models.map((model) =>
        model.model === 'churn' ? { ...model, traffic: { seconds: 10, requests: 4420, errors: 0, p99Ms: 7.5 } } : model,
      );
      sample.source.change({ ...sampleFleet, models });
      await page.locator('[data-live="model/churn/rate"]', { hasText: '442' }).waitFor();
      expect(await page.locator('[data-live="model/churn/p99"]').innerText()).toBe('7.5');
      expect(
        await page.evaluate(
          `[document.querySelector('#models table').marked, document.querySelector('#alerts').marked]`,
        ),
      ).toEqual([true, true]);
    });
  });

  it('draws the page anew when a model comes or goes, keeping how it was sorted', async () => {
    await visiting('/fleet', {}, async (page) => {
      await page.getByText('live', { exact: true }).waitFor();
      await page.getByRole('columnheader', { name: 'model', exact: true }).getByRole('button').click();
      sample.source.change({
        ...sampleFleet,
        models: sampleFleet.models.filter(({ model }) => model !== 'loan-default'),
      });
      await page.getByRole('heading', { name: 'Two models need a look: wine and digits.' }).waitFor();
      expect(await page.locator('#models tbody tr').first().innerText()).toContain('biopsy');
      expect(await page.locator('[role=status]').innerText()).toBe('Two models need a look: wine and digits.');
    });
    sample.source.change(sampleFleet);
  });
});
