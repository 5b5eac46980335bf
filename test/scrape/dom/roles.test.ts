import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extract } from '../../../src/scrape/extract.ts';

async function read(html: string) {
  const page = {
    url: 'https://example.com/',
    status: 200,
    contentType: 'text/html',
    body: Buffer.from(html),
  };
  return extract(page, {
    formats: ['markdown', 'text'],
    only_main_content: false,
    include_selectors: [],
    exclude_selectors: [],
  });
}

test('what is a table by its roles is a table', async () => {
  const table =
    '<div role="grid"><div role="rowgroup"><div role="row"><span role="columnheader">Day</span>' +
    '<span role="columnheader">Tide</span></div></div><div role="rowgroup"><x-row role="row">' +
    '<span role="rowheader">Mon</span><span role="gridcell">high</span></x-row></div></div>';
  const { markdown, text } = await read(table);
  assert.equal(markdown, '| Day | Tide |\n| --- | --- |\n| Mon | high |');
  assert.equal(text, 'Day\tTide\nMon\thigh');
});

test('what is a list by its roles is a list', async () => {
  const { markdown } = await read(
    '<div role="list"><div role="listitem">Fog</div><div><div role="listitem"><p>Rain</p></div></div></div>',
  );
  assert.equal(markdown, '- Fog\n- Rain');
});

test('roles without what they count in, and on elements with a meaning, change nothing', async () => {
  const { markdown } = await read(
    '<p>a <span role="cell">b</span></p><div role="row">c</div><h2 role="listitem">d</h2>',
  );
  assert.equal(markdown, 'a b\n\nc\n\n## d');
});
