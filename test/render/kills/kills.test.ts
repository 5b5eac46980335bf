import assert from 'node:assert/strict';
import { chmod, copyFile, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { PageFaultError } from '../../../src/render/browser-process.ts';
import type { RenderRequest } from '../../../src/render/messages.ts';
import { Renderer } from '../../../src/render/renderer.ts';
import { BROWSER, noBrowser } from '../../support/browser/browser.ts';
import { page, startSite, type Site } from '../../support/site.ts';
import type { KillPlan } from './killed-chromium.ts';

const SHOT = { full_page: true, format: 'png', quality: null } as const;
const FILES = ['screenshot-1.png', 'screenshot.png', 'page.pdf'];

const REQUEST: Omit<RenderRequest, 'url'> = {
  headers: {},
  cookies: [],
  keepsCookies: false,
  userAgent: 'Reader/1.0',
  skipTlsVerification: false,
  timeoutMs: 60_000,
  via: null,
  payer: 'acct_1',
  asks: false,
  options: {
    wait_for: null,
    viewport: { width: 800, height: 600 },
    mobile: false,
    locale: null,
    timezone: null,
    block: [],
    actions: [
      { type: 'scroll', to: 'bottom' },
      { type: 'screenshot', ...SHOT },
    ],
    scroll_to_end: false,
    screenshot: SHOT,
    pdf: true,
  },
};

/** What the driver sends to the browser at each stage of its life, and of a page's. */
const STAGES = {
  'while it is connected': 'Browser.getVersion',
  'before its first context': 'Target.createBrowserContext',
  'while a page is made': 'Target.createTarget',
  'before a page goes anywhere': 'Fetch.enable',
  'while a page loads': 'Page.navigate',
  'while an action is taken': 'top: view.scrollHeight',
  'while a page is pictured': 'Page.captureScreenshot',
  'while a page is read': 'Page.createIsolatedWorld',
  'while a page is printed': 'Page.printToPDF',
  'while what was printed is read': 'IO.read',
};
/** The same for the process that owns the browser, which tells nobody that it ends. */
const OWNER_STAGES = {
  'while a page loads': 'Page.navigate',
  'while a page is printed': 'Page.printToPDF',
};

const KILLS = [
  ...Object.entries(STAGES).map(([stage, at]) => ({ victim: 'chromium', stage, at }) as const),
  ...Object.entries(OWNER_STAGES).map(([stage, at]) => ({ victim: 'owner', stage, at }) as const),
];

describe('a browser that is killed', { skip: noBrowser }, () => {
  let directory: string;
  let site: Site;
  before(async () => {
    directory = await mkdtemp('/tmp/ollagraph-kills-');
    // The browser is of another user, who may not reach our own files.
    await chmod(directory, 0o755);
    await copyFile(process.execPath, join(directory, 'node'));
    await copyFile(new URL('killed-chromium.ts', import.meta.url), join(directory, 'killed-chromium.ts'));
    const script = '#!/bin/sh\nexec "${0%/*}/node" "${0%/*}/killed-chromium.ts" "$@"\n';
    await writeFile(join(directory, 'chromium'), script, { mode: 0o755 });
    site = await startSite({}, { fallback: page('There', 'A page that says what there is to be read.') });
  });
  after(async () => {
    await site[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  const program = () => join(directory, 'chromium');

  /** What is killed from now on. Counts anew. */
  async function arm(plan: Omit<KillPlan, 'chromium'>): Promise<void> {
    await writeFile(join(directory, 'kills'), '');
    await chmod(join(directory, 'kills'), 0o666);
    await writeFile(join(directory, 'next.json'), JSON.stringify({ ...plan, chromium: BROWSER }));
    // A browser reads it at any time.
    await rename(join(directory, 'next.json'), join(directory, 'plan.json'));
  }
  const kills = async () => (await readFile(join(directory, 'kills'), 'utf8')).length;

  describe('before it has a page', () => {
    for (const victim of ['chromium', 'owner'] as const)
      test(`${victim} killed as soon as it runs: another is started`, async () => {
        await arm({ victim, at: null, times: 1 });
        await using rig = startRenderer(program());
        assert.deepEqual(await rig.render(site.url('/1')), FILES);
        assert.deepEqual({ starts: rig.starts, kills: await kills() }, { starts: 2, kills: 1 });
      });
  });

  describe('at a stage', () => {
    // The browser that takes the place of a killed one is the next to be killed.
    let rig: ReturnType<typeof startRenderer>;
    before(() => (rig = startRenderer(program())));
    after(async () => await rig[Symbol.asyncDispose]());

    for (const { victim, stage, at } of KILLS)
      test(`${victim} killed ${stage}: no page fails, and none lacks a file`, async () => {
        const { starts } = rig;
        await arm({ victim, at, times: 1 });
        assert.deepEqual(await rig.render(site.url('/1')), FILES);
        assert.equal(await kills(), 1);
        assert.ok(rig.starts > starts);
      });
  });

  test('chromium killed while a page is closed: the next page finds another', async () => {
    await arm({ victim: 'chromium', at: 'Target.disposeBrowserContext', times: 1 });
    await using rig = startRenderer(program());
    for (const path of ['/1', '/2']) assert.deepEqual(await rig.render(site.url(path)), FILES);
    assert.equal(await kills(), 1);
  });

  test('a page that kills each browser fails, and no page beside it', async () => {
    await arm({ victim: 'chromium', at: '/killer', times: 9 });
    await using rig = startRenderer(program());
    const beside = ['/killer', '/1'].map(async (path) => await rig.render(site.url(path)));
    assert.deepEqual(await Promise.all(beside), ['render_failed', FILES]);
    assert.deepEqual(await rig.render(site.url('/2')), FILES);
    assert.equal(await kills(), 2);
  });
});

test('a program that is no browser is started twice for the pages that wait for it', async () => {
  await using rig = startRenderer('/bin/false');
  const pages = async () =>
    await Promise.all(['/1', '/2'].map(async (path) => await rig.render(`http://127.0.0.1${path}`)));
  assert.deepEqual(await pages(), ['render_failed', 'render_failed']);
  assert.equal(rig.starts, 2);
  assert.deepEqual(await pages(), ['render_failed', 'render_failed']);
  assert.equal(rig.starts, 4);
});

test('where no process can be made the page fails, and nothing is left', async (t) => {
  const temporary = await mkdtemp('/tmp/ollagraph-none-');
  const own = { execPath: process.execPath, TMPDIR: process.env.TMPDIR };
  t.after(async () => {
    process.execPath = own.execPath;
    if (own.TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = own.TMPDIR;
    await rm(temporary, { recursive: true });
  });
  process.execPath = join(temporary, 'gone');
  process.env.TMPDIR = temporary;
  {
    await using rig = startRenderer('/bin/false');
    assert.equal(await rig.render('http://127.0.0.1/'), 'render_failed');
  }
  assert.deepEqual(await readdir(temporary), []);
});

/** The names of the files made of a page, or why it failed. */
type Outcome = string[] | string;

/** A renderer with a program as its browser. It counts how often that is started. */
function startRenderer(path: string) {
  let starts = 0;
  const renderer = new Renderer({
    settings: { browser: { path }, allowTargets: ['127.0.0.0/8'], dnsServers: [] },
    log: { info: () => void starts++, warn: () => {} },
  });
  const caller = { signal: new AbortController().signal, mayVisit: async () => true };
  return {
    get starts() {
      return starts;
    },
    async render(url: string): Promise<Outcome> {
      try {
        const { files } = await renderer.render({ ...REQUEST, url }, caller);
        return files.made.map(({ name }) => name);
      } catch (error) {
        if (error instanceof PageFaultError) return error.fault;
        throw error;
      }
    },
    [Symbol.asyncDispose]: async () => await renderer[Symbol.asyncDispose](),
  };
}
