import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BROWSER, noBrowser, startBrowser } from '../support/browser/browser.ts';
import { look, signIn } from '../support/browser/console.ts';
import { createBrowserSession } from '../support/browser/session.ts';
import { startTestService } from '../support/service.ts';
import { page as webPage, startSite } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

test("a page's files are shown with it, to its account alone", { skip: noBrowser }, async () => {
  await using service = await startTestService({ CHROMIUM_PATH: BROWSER });
  await using site = await startSite({ '/': webPage('Home', 'A page with words enough to be read.') });
  const id = await service.api.queue('/v1/scrape/async', {
    url: site.url('/'),
    render: true,
    timeout_ms: 60_000,
    screenshot: true,
    pdf: true,
  });
  await service.api.finished(id);

  await using browser = await startBrowser();
  const page = await browser.open();
  await signIn(page, service);
  await page.goto(`${service.api.origin}/console/jobs/${id}`);
  const picture = page.getByRole('link', { name: '0-screenshot.png' }).locator('img');
  await picture.waitFor();
  await eventually(
    async () => (await page.evaluate('document.querySelector(".files img").naturalWidth')) === 1280,
  );
  await look(page, 'files');
  assert.deepEqual(browser.complaints, []);
  const href = await page.getByRole('link', { name: '0-page.pdf' }).getAttribute('href');
  assert.equal(href, `/console/jobs/${id}/files/0-page.pdf`);

  const stranger = createBrowserSession(service.api.origin);
  assert.equal((await stranger.get(href)).status, 303);
  await stranger.signIn('/console', (await service.createAccount()).key);
  assert.equal((await stranger.get(href)).status, 404);
});
