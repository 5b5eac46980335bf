import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { chromium, type Browser } from 'playwright-core';
import { Contexts, type ContextSettings, type FreshContext } from '../../src/render/child/contexts.ts';
import { BROWSER, noBrowser } from '../support/browser/browser.ts';
import { eventually } from '../support/wait.ts';

const SETTINGS: ContextSettings = {
  userAgent: 'Reader/1.0',
  skipTlsVerification: false,
  options: { viewport: { width: 800, height: 600 }, mobile: false, locale: null, timezone: null },
};
const OTHER: ContextSettings = { ...SETTINGS, userAgent: 'Reader/2.0' };

describe('contexts of a browser', { skip: noBrowser }, () => {
  let directory: string;
  let browser: Browser;
  let contexts: Contexts;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ollagraph-contexts-'));
    const args = ['--no-sandbox', '--disable-gpu'];
    browser = await chromium.launch({ executablePath: BROWSER, args, artifactsDir: directory });
    contexts = new Contexts(browser, {
      proxyServer: null,
      webRtc: true,
      onBroken: () => assert.fail('the browser closes its contexts'),
    });
  });
  after(async () => {
    await browser.close();
    await rm(directory, { recursive: true, force: true });
  });

  const count = async (expected: number) => await eventually(() => browser.contexts().length === expected);

  /** Takes a context, and holds it until it is let go. */
  async function hold(settings: ContextSettings): Promise<{ fresh: FreshContext; end: () => Promise<void> }> {
    const { promise, resolve } = Promise.withResolvers<FreshContext>();
    const end = Promise.withResolvers<void>();
    const held = contexts.with(settings, async (fresh) => {
      resolve(fresh);
      await end.promise;
    });
    return {
      fresh: await promise,
      end: async () => {
        end.resolve();
        await held;
      },
    };
  }

  test('beside several pages the next context is made, for a page that is rendered likewise', async () => {
    const first = await hold(SETTINGS);
    const second = await hold(SETTINGS);
    contexts.prepare(SETTINGS);
    await count(3);
    const third = await hold(SETTINGS);
    assert.equal(browser.contexts().length, 3, 'it takes the one that was made');
    assert.equal(await third.fresh.page.evaluate<string>('navigator.userAgent'), 'Reader/1.0');

    contexts.prepare(SETTINGS);
    await count(4);
    const fourth = await hold(OTHER);
    assert.equal(await fourth.fresh.page.evaluate<string>('navigator.userAgent'), 'Reader/2.0');
    await count(4);

    const all = [first, second, third, fourth];
    assert.equal(new Set(all.map(({ fresh }) => fresh.context)).size, 4, 'none is given out twice');
    contexts.prepare(SETTINGS);
    for (const { end } of all) await end();
    await count(0);
  });

  test('a page that fails has its context closed', async () => {
    await assert.rejects(
      contexts.with(SETTINGS, async () => await Promise.reject(new Error('no'))),
      /no/,
    );
    await count(0);
  });

  test('one that was lost before its page came is replaced', async () => {
    const beside = [await hold(SETTINGS), await hold(SETTINGS)];
    contexts.prepare(SETTINGS);
    await count(3);
    const spare = browser.contexts().at(-1)!;
    const [page] = await eventually(() => spare.pages().length === 1 && spare.pages());
    await page!.goto('chrome://crash').catch(() => {});
    await eventually(() => !browser.contexts().includes(spare));
    const fresh = await hold(SETTINGS);
    assert.equal(await fresh.fresh.page.evaluate<number>('1 + 1'), 2);
    for (const { end } of [...beside, fresh]) await end();
    await count(0);
  });
});
