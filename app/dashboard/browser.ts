import { type Browser, chromium } from 'playwright-core';

/** The browser that pages are looked at with; tests that need it are left out where it is absent. */
export const BROWSER_FILE = '/usr/bin/chromium';

/** As quiet as a browser can be made: no accounts, no updates, nothing but the page that is asked for. */
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

export const openBrowser = (): Promise<Browser> => chromium.launch({ executablePath: BROWSER_FILE, args: ARGUMENTS });
