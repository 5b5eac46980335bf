import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { missing } from '../support/programs/programs.ts';
import { shareTestService } from '../support/shared-service.ts';
import { page, startSite } from '../support/site.ts';

interface Document {
  markdown: string;
  metadata: { title: string; statusCode: number };
}

test("Firecrawl's tools for models scrape, map and crawl", { skip: missing('firecrawl-mcp') }, async () => {
  await using service = await shareTestService();
  await using site = await startSite({
    '/': page('Home', '<a href="/one">One</a>'),
    '/one': page('One', 'The first page.'),
  });
  const client = new Client({ name: 'test', version: '1' });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => client.close());
  await client.connect(
    new StdioClientTransport({
      command: 'firecrawl-mcp',
      env: {
        PATH: process.env.PATH!,
        FIRECRAWL_API_URL: service.api.origin,
        FIRECRAWL_API_KEY: service.account.key,
      },
      stderr: 'ignore',
    }),
  );
  const use = async (name: string, args: Record<string, unknown>) => {
    const { isError, content } = await client.callTool({ name, arguments: args });
    const [{ text }] = content as [{ text: string }];
    assert.ok(!isError, text);
    return JSON.parse(text);
  };
  const scraped: Document = await use('firecrawl_scrape', { url: site.url('/one') });
  assert.match(scraped.markdown, /The first page\./);
  assert.deepEqual([scraped.metadata.title, scraped.metadata.statusCode], ['One', 200]);
  const { links } = await use('firecrawl_map', { url: site.url('/') });
  assert.deepEqual(links, [
    { url: site.url('/'), title: 'Home' },
    { url: site.url('/one'), title: 'One' },
  ]);
  const { id, status } = await use('firecrawl_crawl', { url: site.url('/'), limit: 2 });
  assert.equal(status, 'completed');
  const crawled = await use('firecrawl_check_crawl_status', { id });
  const titles = crawled.data.map(({ metadata }: Document) => metadata.title);
  assert.deepEqual(titles.toSorted(), ['Home', 'One']);
});
