// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures of the page, to be looked at: shots.mjs URL FOLDER [ZONE]
import { chromium } from 'playwright-core';

const [url, folder, zone] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const sizes = { desktop: [1280, 860], phone: [360, 760] };
for (const [name, [width, height]] of Object.entries(sizes)) {
  for (const scheme of ['light', 'dark']) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme, deviceScaleFactor: name === 'phone' ? 2 : 1 });
    page.on('console', message => console.log(name, scheme, message.type(), message.text()));
    page.on('pageerror', error => console.log(name, scheme, 'error', error.message));
    await page.goto(url);
    await page.waitForSelector('.rows .row .name:not(:empty)', { timeout: 10000 }).catch(() => console.log('no rows'));
    await page.waitForTimeout(1500);
    await page.screenshot({ path: `${folder}/${name}-${scheme}.png` });
    if (zone) {
      await page.goto(`${url}#${zone}`);
      await page.reload();
      await page.waitForSelector('#panel h2');
      await page.waitForTimeout(500);
      await page.screenshot({ path: `${folder}/${name}-${scheme}-zone.png` });
    }
    await page.close();
  }
}
await browser.close();
