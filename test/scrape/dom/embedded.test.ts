import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { extract } from '../../../src/scrape/extract.ts';
import type { ExtractOptions } from '../../../src/scrape/types.ts';

const OPTIONS: ExtractOptions = {
  formats: ['markdown', 'images'],
  only_main_content: true,
  include_selectors: [],
  exclude_selectors: [],
};

const read = (html: string, options: Partial<ExtractOptions> = {}) =>
  extract(
    { url: 'https://example.com/', status: 200, contentType: 'text/html', body: Buffer.from(html) },
    { ...OPTIONS, ...options },
  );

async function markdown(html: string): Promise<string | undefined> {
  return (await read(`<body>${html}`)).markdown;
}

suite('what a page embeds', () => {
  test('a component shows its shadow tree, with what is slotted into it', async () => {
    const shadow =
      '<template shadowrootmode="open"><style>p{}</style><h2><slot name="title">None</slot></h2>' +
      '<p>In the shadow.</p><slot></slot><slot name="more"><p>By default.</p></slot></template>';
    const light = '<span slot="title">River</span><p>In the light.</p><p slot="none">Nowhere.</p>';
    assert.equal(
      await markdown(`<x-card>${shadow}${light}</x-card><template><p>No</p></template>`),
      '## River\n\nIn the shadow.\n\nIn the light.\n\nBy default.',
    );
  });

  test('components within components are shown from the inside out', async () => {
    const inner = '<x-in><template shadowrootmode="closed"><b><slot></slot></b></template>Deep</x-in>';
    assert.equal(
      await markdown(
        `<x-out><template shadowrootmode="open"><p><slot></slot></p></template>${inner}</x-out>`,
      ),
      '**Deep**',
    );
  });

  test('a frame shows the document that its tag holds', async () => {
    assert.equal(
      await markdown(
        '<p>Fog.</p><iframe srcdoc="&lt;p&gt;Rain &amp;amp; &lt;b&gt;wind&lt;/b&gt;.&lt;/p&gt;"></iframe>',
      ),
      'Fog.\n\nRain & **wind**.',
    );
    assert.equal(
      await markdown('<p>Fog.</p><iframe width="1" height="1" srcdoc="&lt;p&gt;Pixel&lt;/p&gt;"></iframe>'),
      'Fog.',
    );
  });

  test('components of AMP are the media that they stand for', async () => {
    const html =
      '<p>Fog.</p><amp-img src="/a.jpg" alt="Bay" width="64" height="32"><noscript><img src="/a.jpg"></noscript></amp-img>' +
      '<amp-iframe src="/map" title="Map"></amp-iframe>';
    const page = await read(html, { only_main_content: false });
    assert.equal(
      page.markdown,
      'Fog.\n\n![Bay](https://example.com/a.jpg)\n\n[Map](https://example.com/map)',
    );
    assert.deepEqual(page.images, [{ url: 'https://example.com/a.jpg', alt: 'Bay', width: 64, height: 32 }]);
  });

  test('fields know the page as it was sent', async () => {
    const fields = { picture: { css: 'amp-img', attr: 'src' } };
    const { data } = await read('<amp-img src="/a.jpg"></amp-img>', { formats: ['data'], fields });
    assert.deepEqual(data?.data, { picture: '/a.jpg' });
  });

  test('frames without end are read up to a bound', async () => {
    const frame = '<iframe srcdoc="&lt;p&gt;Rain&lt;/p&gt;"></iframe>';
    const page = await read(frame.repeat(5000), { only_main_content: false });
    assert.equal(page.markdown!.match(/Rain/g)?.length, 50);
    const shadows = '<x-a><template shadowrootmode="open"><slot></slot>'.repeat(5000);
    assert.ok((await read(`${shadows}deep`)).markdown !== undefined);
  });
});
