// SPDX-License-Identifier: GPL-3.0-or-later
// A browser on a lead: takes one order a line as JSON, does it, and answers
// with a line. test_page.py holds the lead.
import readline from 'node:readline';
import { chromium } from 'playwright-core';

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
let page = null, told = [];

const orders = {
  async open({ url, width = 1280, height = 860, scheme = 'light', scale = 1 }) {
    await page?.context().close();
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, deviceScaleFactor: scale, reducedMotion: 'reduce' });
    context.setDefaultTimeout(60000);
    page = await context.newPage();
    told = [];
    page.on('console', message => ['error', 'warning'].includes(message.type()) && told.push(message.text()));
    page.on('pageerror', error => told.push(String(error)));
    page.on('request', request => request.url().startsWith(url) || told.push(`asked for ${request.url()}`));
    await page.addInitScript(() => {
      window.violations = [];
      document.addEventListener('securitypolicyviolation', event => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
    });
    await page.goto(url);
    await page.waitForSelector('.rows .row .name:not(:empty)');
  },
  evaluate: ({ code }) => page.evaluate(code),
  // Not waitForFunction(): it needs eval(), which the page's policy forbids.
  async wait({ code, timeout = 60000 }) {
    for (const until = Date.now() + timeout; !await page.evaluate(code);) {
      if (Date.now() > until) throw new Error('it did not come true');
      await page.waitForTimeout(50);
    }
  },
  click: async ({ selector }) => { await page.click(selector); },
  type: async ({ selector, text }) => { await page.fill(selector, text); },
  press: async ({ key }) => { await page.keyboard.press(key); },
  picture: async ({ path }) => { await page.screenshot({ path }); },
  troubles: async () => [...told, ...await page.evaluate(() => window.violations)],
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { order, ...how } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ value: await orders[order](how) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error.message ?? error) }));
  }
}
await browser.close();
