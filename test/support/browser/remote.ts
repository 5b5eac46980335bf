import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { browserUser } from '../../../src/render/browser-user.ts';
import { CHROMIUM } from './browser.ts';

/**
 * Starts a browser that runs apart from the service, without any of its guards. The URL is that of
 * its DevTools.
 */
export async function startRemoteBrowser(
  chromium = CHROMIUM,
  flags: string[] = [],
): Promise<{ url: string } & AsyncDisposable> {
  const user = await browserUser();
  const directory = await mkdtemp('/tmp/ollagraph-remote-');
  if (user) await chown(directory, user.uid, user.gid);
  const own = ['--headless', '--disable-gpu', '--remote-debugging-port=0', `--user-data-dir=${directory}`];
  const child = spawn(chromium, [...own, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // The headless shell is started by a script, which does not hand signals on.
    detached: true,
    env: { PATH: '/usr/bin:/bin', HOME: directory },
    ...user,
  });
  const exited = once(child, 'exit');
  let url = '';
  for await (const line of createInterface({ input: child.stderr })) {
    url = /DevTools listening on (ws:\S+)/.exec(line)?.[1] ?? '';
    if (url !== '') break;
  }
  child.stderr.resume();
  return {
    url,
    async [Symbol.asyncDispose]() {
      process.kill(-child.pid!);
      await exited;
      await rm(directory, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
