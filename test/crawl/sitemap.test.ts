import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { parseSitemap, type Sitemap } from '../../src/crawl/sitemap.ts';
import { inChunks, urlset, XMLNS } from './sitemap-files.ts';

const URL_OF_SITEMAP = 'https://example.com/sitemap.xml';

/** All of a sitemap, which arrives in chunks of a length. */
async function parse(text: string | Buffer, length?: number): Promise<Omit<Sitemap, 'lastmod'>> {
  const parts = await Array.fromAsync(parseSitemap(inChunks(Buffer.from(text), length), URL_OF_SITEMAP));
  return { kind: parts.at(-1)?.kind ?? 'urlset', urls: parts.flatMap(({ urls }) => urls) };
}

async function locs(text: string | Buffer, length?: number): Promise<string[]> {
  return (await parse(text, length)).urls;
}

describe('a sitemap', () => {
  it('has urls', async () => {
    const text = `<?xml version="1.0"?>
      <urlset ${XMLNS}>
        <!-- <url><loc>https://example.com/comment</loc></url> -->
        <url><loc>https://example.com/a</loc><lastmod>2024-05-01</lastmod><priority>0.5</priority></url>
        <url>
          <lastmod> 2024-05-01T10:00:00+02:00 </lastmod>
          <loc>
            https://example.com/b
          </loc>
        </url>
        <url><loc>https://example.com/c</loc><lastmod/></url>
      </urlset>`;
    assert.deepEqual(await parse(text), {
      kind: 'urlset',
      urls: ['https://example.com/a', 'https://example.com/b', 'https://example.com/c'],
    });
  });

  it('may be an index', async () => {
    const text = `<sitemapindex ${XMLNS}><sitemap><loc>https://example.com/1.xml.gz</loc><lastmod>2024</lastmod></sitemap></sitemapindex>`;
    assert.deepEqual(await parse(text), {
      kind: 'index',
      urls: ['https://example.com/1.xml.gz'],
    });
  });

  it('has the locs of its own namespace only', async () => {
    const text = `<urlset ${XMLNS} xmlns:image="i" xmlns:video="v" xmlns:xhtml="h">
      <url>
        <image:loc>https://example.com/stray.png</image:loc>
        <image:image><image:loc>https://example.com/a.png</image:loc></image:image>
        <video:video><video:player_loc>https://example.com/v</video:player_loc><loc>https://example.com/deep</loc></video:video>
        <xhtml:link rel="alternate" hreflang="de" href="https://example.com/de"/>
        <loc>https://example.com/a</loc>
      </url>
      <loc>https://example.com/outside</loc>
    </urlset>`;
    assert.deepEqual(await locs(text), ['https://example.com/a']);
  });

  it('may use a prefix, or other case', async () => {
    const text =
      '<sm:urlset xmlns:sm="s"><sm:url><sm:loc>https://example.com/a</sm:loc></sm:url></sm:urlset>';
    assert.deepEqual(await locs(text), ['https://example.com/a']);
    assert.deepEqual(await locs('<URLSET><URL><LOC>https://example.com/a</LOC></URL></URLSET>'), [
      'https://example.com/a',
    ]);
  });

  it('decodes entities and CDATA', async () => {
    assert.deepEqual(await locs(urlset('https://example.com/?a=1&amp;b=2&#38;c=&#x33;')), [
      'https://example.com/?a=1&b=2&c=3',
    ]);
    assert.deepEqual(await locs(urlset('<![CDATA[https://example.com/?a=1&b=2]]>')), [
      'https://example.com/?a=1&b=2',
    ]);
    assert.deepEqual(await locs(urlset('https://example.com/<![CDATA[?a=1&b]]>=2')), [
      'https://example.com/?a=1&b=2',
    ]);
    assert.deepEqual(await locs(urlset('https://example.com/é')), ['https://example.com/%C3%A9']);
  });

  it('expands no entity that it declares', async () => {
    const text = `<!DOCTYPE u [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;">]>${urlset('https://example.com/&b;')}`;
    assert.ok((await locs(text)).every((loc) => !loc.includes('aaaaaaaa')));
  });

  it('resolves locs that are relative', async () => {
    const expected = ['a', 'maps/b'].map((path) => new URL(`/${path}`, 'https://example.com/').href);
    assert.deepEqual(await locs(urlset('/a', '/maps/b')), expected);
  });

  it('drops locs that are foreign, invalid or too long', async () => {
    const bad = [
      'ftp://example.com/',
      'mailto:a@b.example',
      '',
      ' ',
      'https://',
      `https://example.com/${'a'.repeat(2048)}`,
    ];
    assert.deepEqual(await locs(urlset(...bad, 'https://example.com/ok')), ['https://example.com/ok']);
  });

  it('takes the first loc of an entry', async () => {
    assert.deepEqual(await locs(urlset('https://example.com/a</loc><loc>https://example.com/b')), [
      'https://example.com/a',
    ]);
  });

  it('drops the entry that is cut off', async () => {
    const text = urlset('https://example.com/a', 'https://example.com/bcd');
    for (const end of ['bcd', '</loc></url></urlset>', '</url></urlset>']) {
      assert.deepEqual(await locs(text.slice(0, text.lastIndexOf(end) + 1)), ['https://example.com/a'], end);
    }
  });

  it('as text has one URL a line, with or without a last newline', async () => {
    const lines = Array.from({ length: 9000 }, (_, n) => `https://example.com/${n}`);
    assert.deepEqual(await locs(lines.join('\r\n')), lines);
    assert.deepEqual(await locs(`x\n\n${'y'.repeat(100_000)}\n${lines.join('\n')}\n`), lines);
  });

  it('is read from gzip, told by its octets', async () => {
    const text = urlset('https://example.com/a', 'https://example.com/b');
    assert.deepEqual(await locs(gzipSync(text)), ['https://example.com/a', 'https://example.com/b']);
    assert.deepEqual((await parse(gzipSync('https://example.com/a\n'))).kind, 'text');
    assert.deepEqual(await locs(Buffer.from([0x1f, 0x8b, 1, 2, 3])), []);
  });

  it('gives what there is of a gzip that is cut off', async () => {
    const urls = Array.from(
      { length: 20_000 },
      (_, number) => `https://example.com/${number}/${number * 7919}`,
    );
    const whole = gzipSync(urlset(...urls));
    const found = await locs(whole.subarray(0, whole.length / 2));
    assert.ok(found.length > 1000 && found.length < urls.length, `${found.length}`);
    assert.deepEqual(found, urls.slice(0, found.length));
  });

  it('is read up to 50 MiB, gzipped or not', async () => {
    const start = `<urlset><url><loc>https://example.com/a</loc></url>`;
    const padding = Buffer.alloc(50 * 1024 * 1024 - start.length - 60, ' ');
    const end = '<url><loc>https://example.com/b</loc></url>'.repeat(5);
    const whole = Buffer.concat([Buffer.from(start), padding, Buffer.from(end)]);
    for (const file of [whole, gzipSync(whole, { level: 1 })])
      assert.deepEqual(await locs(file), ['https://example.com/a', 'https://example.com/b']);
  });

  it('is read up to 50,000 URLs', async () => {
    const urls = Array.from({ length: 50_001 }, (_, number) => `https://example.com/${number}`);
    assert.deepEqual(await locs(urlset(...urls)), urls.slice(0, 50_000));
    assert.deepEqual(await locs(urls.join('\n')), urls.slice(0, 50_000));
  });

  it('may be in UTF-16, or begin with a byte order mark or blanks', async () => {
    const text = urlset('https://example.com/é');
    const utf16 = Buffer.from(`\uFEFF${text}`, 'utf16le');
    for (const body of [`\uFEFF${text}`, `\n  ${text}`, utf16, Buffer.from(utf16).swap16()]) {
      assert.deepEqual(await locs(body), ['https://example.com/%C3%A9']);
    }
  });

  it('may be in the encoding that it declares, or in UTF-16 without a mark', async () => {
    const text = urlset('https://example.com/é').replace(/<\?xml[^>]*\?>/, '');
    const declared = (label: string) => `<?xml version="1.0" encoding="${label}"?>${text}`;
    const utf16 = Buffer.from(declared('UTF-16'), 'utf16le');
    for (const body of [
      Buffer.from(declared('ISO-8859-1'), 'latin1'),
      utf16,
      Buffer.from(utf16).swap16(),
      declared('UTF-16'),
      declared('no-such-thing'),
    ])
      assert.deepEqual(await locs(body), ['https://example.com/%C3%A9']);
  });

  it('survives characters cut between chunks, and chunks of one byte', async () => {
    for (const [count, length] of [
      [500, 1],
      [9000, 99_991],
    ] as const) {
      const urls = Array.from(
        { length: count },
        (_, number) => `https://example.com/${'é€😀'.repeat(3)}${number}`,
      );
      const text = Buffer.from(urlset(...urls));
      for (const file of [text, gzipSync(text)])
        assert.deepEqual(
          await locs(file, length),
          urls.map((url) => new URL(url).href),
        );
    }
  });

  it('gives what it lists while it arrives', async () => {
    const urls = Array.from({ length: 9000 }, (_, number) => `https://example.com/${number}`);
    async function* body() {
      yield Buffer.from(urlset(...urls));
      assert.fail('nobody asks for more');
    }
    for await (const { urls: found } of parseSitemap(body(), URL_OF_SITEMAP)) {
      assert.ok(found.length > 100 && found.length < urls.length);
      assert.deepEqual(found, urls.slice(0, found.length));
      break;
    }
  });

  it('says when a page last changed, where that is a date', async () => {
    const dates = {
      a: ' 2026-01-31\n',
      b: '2026-01-31T10:00:00.5+01:00',
      c: '2026',
      d: 'yesterday',
      e: '',
      g: '2026-01-31 10:00:00',
      h: '2026-01-31T10:00:00',
    };
    const text = `<urlset ${XMLNS}>${Object.entries(dates)
      .map(([name, date]) => `<url><loc>https://example.com/${name}</loc><lastmod>${date}</lastmod></url>`)
      .join('')}<url><loc>https://example.com/f</loc></url></urlset>`;
    const parts = await Array.fromAsync(parseSitemap(inChunks(Buffer.from(text)), URL_OF_SITEMAP));
    assert.deepEqual(
      parts.flatMap(({ lastmod }) => [...lastmod]),
      [
        ['https://example.com/a', '2026-01-31'],
        ['https://example.com/b', '2026-01-31T10:00:00.5+01:00'],
        ['https://example.com/c', '2026'],
        ['https://example.com/g', '2026-01-31'],
        ['https://example.com/h', '2026-01-31'],
      ],
    );
  });

  it('may be text, one URL a line', async () => {
    const text =
      '\uFEFFhttps://example.com/a\r\n\r\n  https://example.com/b?x=1&y=2 \rnonsense\n/relative\nhttps://example.com/c';
    assert.deepEqual(await parse(text), {
      kind: 'text',
      urls: ['https://example.com/a', 'https://example.com/b?x=1&y=2', 'https://example.com/c'],
    });
  });

  it('may be an RSS feed', async () => {
    const text = `<rss version="2.0" xmlns:atom="a"><channel>
      <link>https://example.com/</link><atom:link href="https://example.com/feed"/>
      <item><title>A</title><link>https://example.com/a</link><atom:link href="https://example.com/x"/><pubDate>Wed, 01 May 2024 00:00:00 GMT</pubDate></item>
      <item><link>/b</link></item>
      </channel></rss>`;
    assert.deepEqual(await parse(text), {
      kind: 'urlset',
      urls: ['https://example.com/a', 'https://example.com/b'],
    });
    const rdf =
      '<rdf:RDF xmlns:rdf="r"><channel><link>https://example.com/</link></channel><item><link>https://example.com/a</link></item></rdf:RDF>';
    assert.deepEqual(await locs(rdf), ['https://example.com/a']);
  });

  it('may be an RSS feed whose items have an address for an id', async () => {
    const items =
      '<item><guid>https://example.com/a</guid></item><item><guid isPermaLink="false">https://example.com/b</guid></item>' +
      '<item><guid>id</guid></item><item><guid>https://example.com/d</guid><link>https://example.com/c</link></item>';
    assert.deepEqual(await locs(`<rss><channel>${items}</channel></rss>`), [
      'https://example.com/a',
      'https://example.com/c',
    ]);
  });

  it('may be an Atom feed', async () => {
    const text = `<feed xmlns="http://www.w3.org/2005/Atom"><link href="https://example.com/"/>
      <entry><link rel="edit" href="https://example.com/edit"/><link rel="alternate" href="https://example.com/a?x=1&amp;y=2"/><updated>2024-05-01</updated></entry>
      <entry><link href="b"/></entry><entry><link rel="self"/></entry></feed>`;
    assert.deepEqual((await parse(text)).urls, ['https://example.com/a?x=1&y=2', 'https://example.com/b']);
  });

  it('has no URLs where it is something else', async () => {
    const others = [
      '',
      '<',
      '<html><body><p>Not <br> found<a href="https://example.com/">',
      '{"a": 1}',
      'Not found',
      '<urlset',
      '\0\0',
    ];
    for (const other of others) assert.deepEqual(await locs(other), [], other);
  });

  it('may have large attributes, but no long names', async () => {
    const entry = '<url><loc>https://example.com/a</loc></url>';
    const image = `<x src="${'a'.repeat(60_000)}"/>`;
    assert.deepEqual(await locs(`<urlset>${image.repeat(5)}${entry}`), ['https://example.com/a']);
    assert.deepEqual(await locs(`<urlset>${entry}<${'a'.repeat(300)}/>${entry.replace('/a<', '/b<')}`), [
      'https://example.com/a',
    ]);
  });

  it('is given up where it nests too deep', async () => {
    const deep = `<urlset>${'<a>'.repeat(2_000_000)}`;
    assert.deepEqual(
      await locs(`${deep}${'</a>'.repeat(2_000_000)}<url><loc>https://example.com/a</loc></url></urlset>`),
      [],
    );
  });
});

it('what is never closed ends the reading, gzipped or not', async () => {
  const urls = Array.from({ length: 2000 }, (_, n) => `https://example.com/${n}`);
  const open = urlset(...urls).replace('</urlset>', `<![CDATA[${' €'.repeat(2_000_000)}`);
  const late = '<url><loc>https://example.com/late</loc></url>';
  for (const file of [Buffer.from(`${open}]]>${late}`), gzipSync(`${open}]]>${late}`)])
    assert.deepEqual(await locs(file), urls);
});

it('an attribute of millions of entities takes little memory', async () => {
  const script = `
    import { workerData, parentPort } from 'node:worker_threads';
    const { parseSitemap } = await import(workerData);
    async function* body() {
      yield Buffer.from('<urlset a="' + '&amp;'.repeat(6_000_000) + '"><url><loc>https://example.com/</loc></url></urlset>');
    }
    const found = await Array.fromAsync(parseSitemap(body(), 'https://example.com/sitemap.xml'));
    parentPort.postMessage(found.flatMap(({ urls }) => urls).length);
  `;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), {
    workerData: import.meta.resolve('../../src/crawl/sitemap.ts'),
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  });
  const urls = await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  assert.equal(urls, 0);
  await worker.terminate();
});
