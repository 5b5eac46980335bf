import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extract } from '../../../src/scrape/extract.ts';

async function markdownOf(feed: string, contentType = 'application/xml'): Promise<string> {
  const page = await extract(
    { url: 'https://example.com/dir/feed', status: 200, contentType, body: Buffer.from(feed) },
    { formats: ['markdown'], only_main_content: true, include_selectors: [], exclude_selectors: [] },
  );
  return page.markdown!;
}

const atom = (entry: string): Promise<string> =>
  markdownOf(`<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry>${entry}</entry></feed>`);
const rss = (item: string): Promise<string> =>
  markdownOf(`<rss version="2.0"><channel><title>T</title><item>${item}</item></channel></rss>`);

test('a feed whose elements have a prefix is a feed, whatever its type', async () => {
  const entry = '<a:title>E</a:title><a:link href="/1"/><a:summary>S</a:summary>';
  const feed = `<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>T</a:title><a:entry>${entry}</a:entry></a:feed>`;
  for (const type of ['application/atom+xml', 'text/html', 'text/plain'])
    assert.equal(await markdownOf(feed, type), '# T\n\n## [E](https://example.com/1)\n\nS');
  const rdf =
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:r="http://purl.org/rss/1.0/">' +
    '<r:channel><r:title>T</r:title></r:channel>' +
    '<r:item><r:title>E</r:title><r:link>https://a.test/1</r:link></r:item></rdf:RDF>';
  assert.equal(await markdownOf(rdf), '# T\n\n## [E](https://a.test/1)');
});

test('RDF that is no feed is XML', async () => {
  const rdf =
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><a:name>Tide</a:name></rdf:RDF>';
  assert.equal(await markdownOf(rdf), `\`\`\`xml\n${rdf}\n\`\`\``);
});

test('content of Atom is what its type says, and may stand elsewhere', async () => {
  const title = '<title>E</title>';
  assert.equal(
    await atom(`${title}<content src="/1.html" type="text/html"/><summary>S</summary>`),
    '# T\n\n## E\n\nS\n\n<https://example.com/1.html>',
  );
  assert.equal(
    await atom(`${title}<content type="image/png">aGVsbG8=</content><summary>S</summary>`),
    '# T\n\n## E\n\nS',
  );
  assert.equal(
    await atom(`${title}<content type="text/plain">a &lt;b&gt;\nc</content>`),
    '# T\n\n## E\n\na \\<b>\\\nc',
  );
  assert.equal(
    await atom(`${title}<content type="text/html">&lt;b&gt;a&lt;/b&gt;</content>`),
    '# T\n\n## E\n\n**a**',
  );
});

test('elements within the content keep their attributes', async () => {
  const content = '<div><img src="i.png" alt="Map"/><ol start="3"><li>x</li></ol><p hidden="">y</p></div>';
  assert.equal(
    await atom(`<title>E</title><content type="xhtml">${content}</content>`),
    '# T\n\n## E\n\n![Map](https://example.com/dir/i.png)\n\n3. x',
  );
});

test('all authors are named, and no contributor', async () => {
  const people =
    '<contributor><name>C</name></contributor><author><name>A</name><email>a@b.test</email></author>' +
    '<author><name>B</name></author>';
  assert.equal(await atom(`<title>E</title>${people}`), '# T\n\n## E\n\nA, B');
  assert.equal(
    await rss('<title>E</title><dc:creator>A</dc:creator><dc:creator>B</dc:creator><author>x@y (A)</author>'),
    '# T\n\n## E\n\nA, B',
  );
});

test('an id that is no permalink is no link', async () => {
  assert.equal(await rss('<title>E</title><guid isPermaLink="false">https://a.test/1</guid>'), '# T\n\n## E');
  assert.equal(await rss('<title>E</title><guid>https://a.test/1</guid>'), '# T\n\n## [E](https://a.test/1)');
});

test('what a podcast or a video says of itself stands where there is no summary', async () => {
  const podcast = '<title>E</title><itunes:author>H</itunes:author><itunes:summary>N</itunes:summary>';
  assert.equal(await rss(podcast), '# T\n\n## E\n\nH\n\nN');
  assert.equal(await rss(`${podcast}<description>D</description>`), '# T\n\n## E\n\nH\n\nD');
  assert.equal(
    await atom(
      '<title>E</title><media:group><media:description>One &amp;\ntwo</media:description></media:group>',
    ),
    '# T\n\n## E\n\nOne &\\\ntwo',
  );
});
