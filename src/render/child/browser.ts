import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { PROGRAMS, type BrowserSettings } from '../messages.ts';

/** V8's heap in one tab. A page that needs more crashes its tab. */
const TAB_HEAP_MB = 512;

/**
 * Flags that keep every connection of the browser within the forward proxy. For each, a test fails
 * without it.
 */
export function guards(proxyUrl: string): string[] {
  return [
    `--proxy-server=${proxyUrl}`,
    // By default loopback addresses go past a proxy.
    '--proxy-bypass-list=<-loopback>',
    // WebRTC may only use what the proxy carries, which is no UDP. The headless shell has its own
    // flag.
    '--webrtc-ip-handling-policy=disable_non_proxied_udp',
    '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
    // What would go past the proxy finds no host.
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  ];
}

/**
 * Starts the browser in its own sandbox, or connects to one that runs elsewhere. The browser is
 * driven through a pipe: when this process ends, so does the browser.
 */
export async function openBrowser(
  { browser, directory }: BrowserSettings,
  flags: string[],
): Promise<Browser> {
  if ('url' in browser) return await chromium.connectOverCDP(browser.url, { timeout: 15_000 });
  return await chromium.launch({
    executablePath: browser.path,
    chromiumSandbox: true,
    args: [`--js-flags=--max-old-space-size=${TAB_HEAP_MB}`, ...flags],
    artifactsDir: join(directory, 'artifacts'),
    env: {
      PATH: PROGRAMS,
      LANG: 'C.UTF-8',
      HOME: directory,
      TMPDIR: directory,
      XDG_CONFIG_HOME: directory,
      XDG_CACHE_HOME: directory,
    },
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    timeout: 20_000,
  });
}

const NO_SANDBOX =
  'Chromium has no sandbox here, and does not run without: the system, or the container, must allow ' +
  'unprivileged user namespaces. See /docs/manual/rendering, or set BROWSER_URL';
const MAX_REASON = 1000;

/** The address of a browser elsewhere may hold a password or a token, in any of its parts. */
const ADDRESS = /\b(?:wss?|https?):\/\/\S+/g;

/**
 * Why a browser did not start, in a few lines: its own output without the driver's call log, and
 * without its address.
 */
export function whyNotStarted(error: unknown): string {
  const told = error instanceof Error ? error.message : String(error);
  const message = told.replace(ADDRESS, 'its address');
  if (/No usable sandbox|sandboxing failed/.test(message)) return NO_SANDBOX;
  const written = message.split('\n').flatMap((line) => line.split('[err] ').slice(1));
  return [message.split('\n', 1)[0], ...written].join('\n').slice(0, MAX_REASON);
}
