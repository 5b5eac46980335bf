import assert from 'node:assert/strict';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createApi } from '../support/api.ts';
import { CHROMIUM, noBrowser } from '../support/browser/browser.ts';
import { createTestDatabase } from '../support/database.ts';
import { testRun } from '../support/environment.ts';
import { startProcess } from '../support/process.ts';
import { page, startSite } from '../support/site.ts';

const KEY = 'ok_long_paths_0123456789abcdef';

test(
  'pages are rendered where the folder for temporary files has a long path',
  { skip: noBrowser },
  async () => {
    await using database = await createTestDatabase();
    await using site = await startSite({ '/': page('Home', 'Hello from a rendered page.') });
    const folder = join(testRun().directory, 'l'.repeat(90));
    await mkdir(folder);
    await chmod(folder, 0o1777);
    await using service = startProcess({
      DATABASE_URL: database.url,
      OLLAGRAPH_API_KEY: KEY,
      ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
      CHROMIUM_PATH: CHROMIUM,
      TMPDIR: folder,
    });
    const api = createApi(`http://127.0.0.1:${await service.ready()}`, KEY);
    const job = await api.queue('/v1/scrape/async', { url: site.url('/'), render: true });
    const { result } = await api.finished(job);
    assert.equal(result.error, null);
    assert.equal(result.rendered, true);
  },
);
