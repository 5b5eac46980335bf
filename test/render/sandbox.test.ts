import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tryBrowser } from '../../src/render/renderer.ts';
import { CHROMIUM, noBrowser } from '../support/browser/browser.ts';

/** Runs what follows where no further user namespace can be made, as in many containers. */
const CONFINED = `#!/bin/sh
exec unshare --user --map-current-user --keep-caps sh -c '
  echo 0 > /proc/sys/user/max_user_namespaces
  exec setpriv --ambient-caps -all --inh-caps -all ${CHROMIUM} "$@"' sh "$@"
`;
const probe = ['--user', '--map-current-user', '--keep-caps', 'setpriv', '--ambient-caps', '-all', 'true'];
const cannotConfine =
  spawnSync('unshare', probe).status === 0 ? false : 'unshare makes no user namespace here';

test(
  'a browser that has no sandbox does not start, and says what is missing',
  { skip: noBrowser || cannotConfine },
  async () => {
    const directory = await mkdtemp('/tmp/ollagraph-confined-');
    const path = join(directory, 'chromium');
    await writeFile(path, CONFINED);
    await Promise.all([directory, path].map(async (name) => await chmod(name, 0o755)));
    try {
      await assert.rejects(
        tryBrowser({ browser: { path }, allowTargets: [], dnsServers: [] }),
        (error: Error) => {
          assert.match(error.message, /has no sandbox here.*unprivileged user namespaces/);
          return true;
        },
      );
    } finally {
      await rm(directory, { recursive: true });
    }
  },
);

test('a program that is no browser says itself what is wrong', { skip: noBrowser }, async () => {
  const started = tryBrowser({ browser: { path: '/bin/ls' }, allowTargets: [], dnsServers: [] });
  await assert.rejects(started, (error: Error) => {
    assert.match(error.message, /unrecognized option/);
    assert.doesNotMatch(error.message, /Call log/);
    return true;
  });
});
