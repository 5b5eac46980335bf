import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from 'playwright-core';
import { atEnd } from '../../runner/at-end.ts';
import { missing } from '../programs/programs.ts';

export const CHROMIUM = '/usr/bin/chromium';
/** Chromium without a window of any kind, which has flags and faults of its own. */
export const SHELL = '/usr/bin/chromium-headless-shell';
/**
 * The browser that the service would find here: the headless shell, which takes a third of the
 * processor time, or else Chromium.
 */
export const BROWSER = existsSync(SHELL) ? SHELL : CHROMIUM;
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const PATIENCE_MS = 20_000;

/** Why tests in a browser cannot run here, or false. */
export const noBrowser: string | false = missing('Chromium');
export const noShell: string | false = missing('chromium-headless-shell');

export interface TestBrowser extends AsyncDisposable {
  /**
   * Opens a window with its own storage. Its pages' requests and errors are added to `requests` and
   * `complaints`.
   */
  open(options?: BrowserContextOptions): Promise<Page>;
  requests: URL[];
  /** Script errors and violations of the content security policy. */
  complaints: string[];
}

let launched: Promise<Browser> | undefined;

/** The headless Chromium of this process, which ends after the last test file. */
async function launch(): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'ollagraph-browser-'));
  atEnd.defer(() => rm(profile, { recursive: true, force: true }));
  return atEnd.adopt(
    await chromium.launch({ executablePath: BROWSER, args: ARGUMENTS, artifactsDir: profile }),
    (browser) => browser.close(),
  );
}

/** Windows of a headless Chromium, which all files of a folder share. */
export async function startBrowser(): Promise<TestBrowser> {
  const browser = await (launched ??= launch());
  const contexts: BrowserContext[] = [];
  const requests: URL[] = [];
  const complaints: string[] = [];
  return {
    requests,
    complaints,
    async open(options = {}) {
      const context = await browser.newContext(options);
      contexts.push(context);
      context.setDefaultTimeout(PATIENCE_MS);
      const page = await context.newPage();
      page.on('request', (request) => requests.push(new URL(request.url())));
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error' && !/status of 4\d\d/.test(message.text()))
          complaints.push(message.text());
      });
      return page;
    },
    async [Symbol.asyncDispose]() {
      for (const context of contexts) await context.close();
    },
  };
}

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string; failureSummary: string }[];
}

let axe: Promise<string> | undefined;

/**
 * Fails when axe-core finds a serious or critical violation on the page, of `rules` alone when
 * given.
 */
export async function assertAccessible(page: Page, rules?: string[]): Promise<void> {
  axe ??= readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  if (!(await page.evaluate<boolean>('"axe" in window'))) await page.evaluate(await axe);
  const options = JSON.stringify({ resultTypes: ['violations'], ...(rules ? { runOnly: rules } : {}) });
  const { violations } = await page.evaluate<{ violations: Violation[] }>(`axe.run(${options})`);
  const grave = violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
  const said = grave.map(
    (v) => `${v.id}: ${v.nodes.map((n) => `${n.html}\n    ${n.failureSummary}`).join('\n  ')}`,
  );
  assert.deepEqual(said, [], `${page.url()} is not accessible`);
}
