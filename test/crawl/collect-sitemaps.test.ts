import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { collectSitemapUrls, type CollectOptions } from '../../src/crawl/collect-sitemaps.ts';
import { inChunks, index, urlset } from './sitemap-files.ts';

interface Walk {
  urls: string[];
  fetched: string[];
}

function onExample(url: string): boolean {
  return url.startsWith('https://example.com/');
}

function belowExample(url: string): boolean {
  return new URL(url).hostname.endsWith('.example.com');
}

const walk = async (files: Record<string, string>, options: Partial<CollectOptions> = {}): Promise<Walk> => {
  const { urls, fetched } = await collect(files, options);
  return { urls, fetched };
};

async function collect(
  files: Record<string, string>,
  options: Partial<CollectOptions>,
): Promise<Walk & { complete: boolean }> {
  const fetched: string[] = [];
  const fetch: CollectOptions['fetch'] = async (url, read) => {
    fetched.push(url.replace('https://example.com', ''));
    const file = files[url.replace('https://example.com', '')];
    if (file === undefined) throw new Error('connection refused');
    await read(inChunks(Buffer.from(file)));
  };
  const all = {
    roots: ['https://example.com/s.xml'],
    fetch,
    maxSitemaps: 10,
    maxUrls: 100,
    inScope: onExample,
    ...options,
  };
  const { pages, complete } = await collectSitemapUrls(all);
  return { urls: pages.map((url) => url.replace('https://example.com', '')), complete, fetched };
}

const at = (path: string): string => `https://example.com${path}`;

describe('collecting the URLs of sitemaps', () => {
  it('goes through indexes breadth first', async () => {
    const files = {
      '/s.xml': index(at('/i.xml'), at('/2.xml')),
      '/i.xml': index(at('/1.xml')),
      '/1.xml': urlset(at('/a'), at('/b')),
      '/2.xml': urlset(at('/c'), at('/a')),
    };
    const { urls, fetched } = await walk(files);
    assert.deepEqual(fetched, ['/s.xml', '/i.xml', '/2.xml', '/1.xml']);
    assert.deepEqual(urls, ['/c', '/a', '/b']);
  });

  it('says whether that is all, whichever limit is reached', async () => {
    const files = {
      '/s.xml': index(at('/1.xml'), at('/2.xml')),
      '/1.xml': urlset(at('/a'), at('/b')),
      '/2.xml': urlset(at('/c')),
    };
    assert.equal((await collect(files, {})).complete, true);
    for (const limit of [{ maxUrls: 2 }, { maxSitemaps: 2 }, { maxCharacters: 5 }])
      assert.equal((await collect(files, limit)).complete, false, JSON.stringify(limit));
    assert.equal((await collect(files, { maxSitemaps: 3 })).complete, true);
  });

  it('fetches each sitemap once, cycles or not', async () => {
    const files = {
      '/s.xml': index(at('/s.xml'), at('/t.xml'), at('/t.xml')),
      '/t.xml': index(at('/s.xml'), at('/t.xml')),
    };
    assert.deepEqual((await walk(files)).fetched, ['/s.xml', '/t.xml']);
    const roots = [at('/s.xml'), 'https://EXAMPLE.com/s.xml', 'no URL'];
    assert.deepEqual((await walk(files, { roots })).fetched, ['/s.xml', '/t.xml']);
  });

  it('skips sitemaps that fail, but for what came of them before', async () => {
    const files = {
      '/s.xml': index(at('/gone.xml'), at('/cut.xml'), at('/1.xml')),
      '/1.xml': urlset(at('/a')),
    };
    assert.deepEqual(await walk(files), {
      urls: ['/a'],
      fetched: ['/s.xml', '/gone.xml', '/cut.xml', '/1.xml'],
    });
    const cut = async function* () {
      yield Buffer.from(urlset(...Array.from({ length: 5000 }, (_, n) => at(`/${n}`))));
      throw new Error('connection reset');
    };
    const reading: CollectOptions['fetch'] = async (_, read) => await read(cut());
    // The fetch may fail before what has come is read.
    const failing: CollectOptions['fetch'] = async (_, read) =>
      await Promise.all([read(cut()), Promise.reject(new Error('reset'))]);
    for (const fetch of [reading, failing])
      assert.equal((await walk(files, { fetch, maxUrls: 9999 })).urls.length, 5000);
  });

  it('takes no more characters than may be', async () => {
    const files = {
      '/s.xml': index(at('/1.xml'), at('/2.xml')),
      '/1.xml': urlset(...Array.from('abcdef', (c) => at(`/${c}`))),
    };
    const { urls, fetched } = await walk(files, { maxCharacters: 3 * at('/a').length });
    assert.deepEqual({ urls, fetched }, { urls: ['/a', '/b', '/c'], fetched: ['/s.xml', '/1.xml'] });
  });

  it('drops pages out of scope', async () => {
    const files = { '/s.xml': urlset('https://other.example/x', at('/a')) };
    assert.deepEqual((await walk(files)).urls, ['/a']);
  });

  it('fetches the sitemaps that an index names on its own host, or on the same site', async () => {
    const files = {
      '/s.xml': index('https://cdn.example.com/1.xml', 'https://evil.example/2.xml', at('/3.xml')),
    };
    assert.deepEqual((await walk(files)).fetched, ['/s.xml', '/3.xml']);
    assert.deepEqual((await walk(files, { sameSite: belowExample })).fetched, [
      '/s.xml',
      'https://cdn.example.com/1.xml',
      '/3.xml',
    ]);
  });

  it('fetches roots on any host', async () => {
    assert.deepEqual((await walk({}, { roots: ['https://cdn.example/s.xml'] })).fetched, [
      'https://cdn.example/s.xml',
    ]);
  });

  it('stops at maxSitemaps', async () => {
    const files: Record<string, string> = {
      '/s.xml': index(...Array.from({ length: 50 }, (_, number) => at(`/${number}.xml`))),
    };
    assert.deepEqual((await walk(files, { maxSitemaps: 3 })).fetched, ['/s.xml', '/0.xml', '/1.xml']);
    const endless = (number: number): string => index(at(`/${number + 1}.xml`));
    const chain = Object.fromEntries(
      Array.from({ length: 50 }, (_, number) => [`/${number}.xml`, endless(number)]),
    );
    assert.equal((await walk(chain, { roots: [at('/0.xml')], maxSitemaps: 20 })).fetched.length, 20);
    assert.deepEqual((await walk(files, { maxSitemaps: 0 })).fetched, []);
  });

  it('stops at maxUrls without fetching more', async () => {
    const files = {
      '/s.xml': index(at('/1.xml'), at('/2.xml')),
      '/1.xml': urlset(at('/a'), at('/b'), at('/c')),
      '/2.xml': urlset(at('/d')),
    };
    const two = await walk(files, { maxUrls: 2 });
    assert.deepEqual(two, { urls: ['/a', '/b'], fetched: ['/s.xml', '/1.xml'] });
    assert.deepEqual((await walk(files, { maxUrls: 3 })).fetched, ['/s.xml', '/1.xml']);
    assert.deepEqual((await walk(files, { maxUrls: 0 })).fetched, []);
  });
});
