import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { BROWSER, noBrowser } from '../support/browser/browser.ts';
import { missing } from '../support/programs/programs.ts';
import { shareTestService } from '../support/shared-service.ts';
import { gate, page, startSite } from '../support/site.ts';

const run = promisify(execFile);

test(
  "Firecrawl's Python client scrapes, batches, crawls and reads errors",
  { skip: missing('firecrawl-py') },
  async () => {
    await using service = await shareTestService({ CHROMIUM_PATH: BROWSER });
    await using site = await startSite({
      '/': page('Home', '<a href="/one">One</a> <a href="/two">Two</a>'),
      '/one': page('One', 'The first page.'),
      '/two': page('Two', 'The second page.'),
      '/held': gate(page('Held', 'Nobody gets this page.')).route,
    });
    const browser = noBrowser === false ? { BROWSER: '1' } : {};
    const { origin } = service.api;
    const env = { ...process.env, ...browser, SERVICE: origin, KEY: service.account.key, SITE: site.origin };
    const { stdout } = await run('python3', [join(import.meta.dirname, 'client.py')], { env });
    const seen = JSON.parse(stdout);
    assert.match(seen.markdown, /One/);
    assert.deepEqual(seen.links, [site.url('/one'), site.url('/two')]);
    assert.equal(seen.title, 'Home');
    assert.deepEqual(seen.batch, ['completed', 2, ['One', 'Two']]);
    assert.deepEqual(seen.crawl, ['completed', 2, 2]);
    assert.deepEqual([seen.errors, seen.cancelled], [[], true]);
    assert.equal(seen.credits, (await service.api('GET', '/v1/me')).json.credits);
    assert.match(seen.refused, /not public/);
    if (noBrowser !== false) return;
    const [whole, [step]] = seen.picture;
    assert.match(whole, /\/files\/0-screenshot\.png$/);
    assert.match(step, /\/files\/0-screenshot-1\.png$/);
  },
);

test(
  "LangChain's loader scrapes, crawls and maps, and reads errors",
  { skip: missing('langchain-firecrawl') },
  async () => {
    await using service = await shareTestService();
    await using site = await startSite({
      '/': page('Home', '<a href="/one">One</a> <a href="/two">Two</a>'),
      '/one': page('One', 'The first page.'),
      '/two': page('Two', 'The second page.'),
    });
    const env = { FIRECRAWL_API_URL: service.api.origin, FIRECRAWL_API_KEY: service.account.key };
    const { stdout } = await run('python3', [join(import.meta.dirname, 'loader.py')], {
      env: { ...process.env, ...env, SITE: site.origin },
    });
    const { scraped, crawled, mapped, failed, refused } = JSON.parse(stdout);
    assert.match(scraped[0].content, /The first page\./);
    const { title, source_url, status_code } = scraped[0].metadata;
    assert.deepEqual([title, source_url, status_code], ['One', site.url('/one'), 200]);
    const titles = crawled.map(({ metadata }: { metadata: { title: string } }) => metadata.title);
    assert.deepEqual(titles.toSorted(), ['Home', 'One', 'Two']);
    assert.deepEqual(
      mapped.map(({ content, metadata }: (typeof scraped)[0]) => [content, metadata.title]),
      [
        [site.url('/'), 'Home'],
        [site.url('/one'), 'One'],
        [site.url('/two'), 'Two'],
      ],
    );
    assert.match(failed, /not public/);
    assert.match(refused, /not served here/);
  },
);
