import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { AddressBudget, createAddressBudgetMemory, createEgress, type Egress } from '../../egress/index.ts';
import { clearUp, killAll } from '../leftovers.ts';
import type { BrowserSettings, FromBrowser, RenderRequest, ToBrowser } from '../messages.ts';
import { guards, openBrowser, whyNotStarted } from './browser.ts';
import { descendants, memoryOfChildren } from './memory.ts';
import { Contexts } from './contexts.ts';
import { goLast, letChildrenGoLast } from './priority.ts';
import { RenderError, renderPage } from './page/render-page.ts';
import { findWayOut, type WayOut } from './way-out.ts';

/**
 * The entry of the process that owns a browser and its forward proxy. It holds no secret. When the
 * service ends, however it ends, this process ends the browser and removes its files. When this
 * process ends, the browser's pipe closes, and the browser ends too.
 */

/** How long a browser may take to end before it is killed. */
const END_LIMIT_MS = 3000;

/**
 * A browser opens six connections to a host. So many hosts' worth, and four times as many for one
 * account, may be open to one address.
 */
const CONNECTIONS_PER_ADDRESS = 6 * 8;

const stops = new Map<number, AbortController>();
const asked = new Map<number, (allowed: boolean) => void>();
let opening: Promise<Browser> | null = null;
let browser: Browser | null = null;
let contexts: Contexts | null = null;
let wayOut: WayOut | null = null;
let directory: string | null = null;
let questions = 0;
let ending: Promise<void> | null = null;

goLast();
// A terminal and a platform signal every process; this one ends with its parent.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => void (ending ??= end()));
process.on('message', (message: ToBrowser) => {
  if (message.type === 'start') void start(message.settings);
  else if (message.type === 'render') void render(message.id, message.request);
  else if (message.type === 'stop') stops.get(message.id)?.abort();
  else asked.get(message.question)?.(message.allowed);
});

async function start(settings: BrowserSettings): Promise<void> {
  directory = settings.directory;
  try {
    // Once all code is loaded: the other user may not be able to read the program's folder.
    if (settings.user) becomeUser(settings.user);
    wayOut = await openWithWayOut(settings, egressOf(settings));
    browser = await opening!;
    browser.on('disconnected', () => void (ending ??= end()));
    await letChildrenGoLast();
    const isLocal = 'path' in settings.browser;
    contexts = new Contexts(browser, {
      proxyServer: isLocal || !wayOut.guarded ? null : wayOut.proxy.url,
      webRtc: isLocal,
      onBroken: () => void (ending ??= end()),
    });
    send({ type: 'ready', guarded: wayOut.guarded });
  } catch (error) {
    send({ type: 'failed_to_start', reason: whyNotStarted(error) });
  }
}

function egressOf({ allowTargets, dnsServers }: BrowserSettings): Egress {
  const pageBudget = new AddressBudget({
    memory: createAddressBudgetMemory(1),
    thread: 0,
    concurrency: CONNECTIONS_PER_ADDRESS,
  });
  return createEgress({ allowTargets, allowWebhooks: [], dnsServers, pageBudget });
}

/** Opens the browser. One on this machine is told its way out as it starts. */
async function openWithWayOut(settings: BrowserSettings, egress: Egress): Promise<WayOut> {
  if ('url' in settings.browser) {
    opening = openBrowser(settings, []);
    return await findWayOut(await opening, egress, settings.browser);
  }
  const proxy = await egress.startForwardProxy();
  opening = openBrowser(settings, guards(proxy.url));
  return { proxy, guarded: true };
}

function becomeUser({ uid, gid }: { uid: number; gid: number }): void {
  process.setgroups!([gid]);
  process.setgid!(gid);
  process.setuid!(uid);
}

async function render(id: number, request: RenderRequest): Promise<void> {
  const stop = new AbortController();
  stops.set(id, stop);
  try {
    const mayVisit = askFor(id, request);
    const tools = { contexts: contexts!, ...wayOut!, signal: stop.signal, mayVisit };
    const page = await renderPage(request, tools);
    // Files that a lost browser did not make are made by the next one.
    if (page.files.faults.length > 0 && !browser!.isConnected()) return await (ending ??= end());
    send({ type: 'rendered', id, page, residentBytes: memoryOfChildren() });
  } catch (error) {
    if (!browser!.isConnected()) return await (ending ??= end());
    const fault = error instanceof RenderError ? error.fault : 'render_failed';
    const cause = error instanceof RenderError ? (error.cause ?? error) : error;
    send({ type: 'failed', id, fault, cause: cause instanceof Error ? cause.message : String(cause) });
  } finally {
    stops.delete(id);
  }
}

/** Asks the service whether a page may go on to an address. */
function askFor(page: number, { asks }: RenderRequest): (url: string) => Promise<boolean> {
  return async (url) => {
    if (!asks) return true;
    const question = ++questions;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    asked.set(question, resolve);
    send({ type: 'ask', id: page, question, url });
    try {
      return await promise;
    } finally {
      asked.delete(question);
    }
  };
}

/** Nobody listens once the service has ended. */
function send(message: FromBrowser): void {
  if (process.connected) process.send!(message, () => {});
}

/**
 * Ends the browser, removes what it has written, and exits. Call it once. A browser that is about
 * to start is waited for: it would write after the rest is removed.
 */
async function end(): Promise<void> {
  const closed = opening?.then(async (opened) => await opened.close()).catch(() => {});
  await Promise.race([closed, sleep(END_LIMIT_MS)]);
  killAll(await descendants());
  if (directory !== null) await clearUp(directory);
  process.exit();
}
