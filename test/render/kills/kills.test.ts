import assert from 'node:assert/strict';
import { chmod, copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
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
  'as soon as it runs': null,
  'while it is connected': 'Browser.getVersion',
  'before its first context': 'Target.createBrowserContext',
  'while a page is made': 'Target.createTarget',
  'before a page goes anywhere': 'Fetch.enable',
  'while a page loads': 'Page.navigate',
  'while an action is taken': 'document.documentElement.scrollHeight)"',
  'while a page is pictured': 'Page.captureScreenshot',
  'while a page is read': 'Page.createIsolatedWorld',
  'while a page is printed': 'Page.printToPDF',
  'while what was printed is read': 'IO.read',
};
/** The same for the process that owns the browser, which tells nobody that it ends. */
const OWNER_STAGES = {
  'as soon as it runs': null,
  'while a page loads': 'Page.navigate',
  'while a page is printed': 'Page.printToPDF',
};

describe('a browser that is killed', { skip: noBrowser }, () => {
  let directory: string;
  let site: Site;
  before(async () => {
    directory = await mkdtemp('/tmp/ollagraph-kills-');
    // The browser is of another user, who may not reach our own files.
    await chmod(directory, 0o755);
    await copyFile(process.execPath, join(directory, 'node'));
    await copyFile(new URL('killed-chromium.ts', import.meta.url), join(directory, 'killed-chromium.ts'));
    const program = '#!/bin/sh\nexec "${0%/*}/node" "${0%/*}/killed-chromium.ts" "$@"\n';
    await writeFile(join(directory, 'chromium'), program, { mode: 0o755 });
    site = await startSite({}, { fallback: page('There', 'A page that says what there is to be read.') });
  });
  after(async () => {
    await site[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  interface Run {
    plan: KillPlan;
    /** The paths of pages that are rendered beside each other, and of those that follow. */
    turns: string[][];
  }

  /** Renders pages. Returns what came of each, and how often a browser was started and killed. */
  async function run({ plan, turns }: Run) {
    const kills = join(directory, 'kills');
    await writeFile(join(directory, 'plan.json'), JSON.stringify({ ...plan, chromium: BROWSER }));
    await writeFile(kills, '');
    await chmod(kills, 0o666);
    await using rig = startRenderer(join(directory, 'chromium'));
    const outcomes: Outcome[] = [];
    for (const paths of turns)
      outcomes.push(...(await Promise.all(paths.map(async (path) => await rig.render(site.url(path))))));
    return { outcomes, starts: rig.starts, kills: (await readFile(kills, 'utf8')).length };
  }

  const KILLS = [
    ...Object.entries(STAGES).map(([stage, at]) => ({ victim: 'chromium', stage, at }) as const),
    ...Object.entries(OWNER_STAGES).map(([stage, at]) => ({ victim: 'owner', stage, at }) as const),
  ];
  for (const { victim, stage, at } of KILLS)
    test(`${victim} killed ${stage}: no page fails, and none lacks a file`, async () => {
      const plan = { victim, at, times: 1 };
      assert.deepEqual(await run({ plan, turns: [['/1']] }), { outcomes: [FILES], starts: 2, kills: 1 });
    });

  test('chromium killed while a page is closed: the next page finds another', async () => {
    const plan: KillPlan = { victim: 'chromium', at: 'Target.disposeBrowserContext', times: 1 };
    const { outcomes, kills } = await run({ plan, turns: [['/1'], ['/2']] });
    assert.equal(kills, 1);
    assert.deepEqual(outcomes, [FILES, FILES]);
  });

  test('a page that kills each browser fails, and no page beside it', async () => {
    const plan: KillPlan = { victim: 'chromium', at: '/killer', times: 9 };
    const { outcomes, kills } = await run({ plan, turns: [['/killer', '/1'], ['/2']] });
    assert.deepEqual(outcomes, ['render_failed', FILES, FILES]);
    assert.equal(kills, 2);
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
