import assert from 'node:assert/strict';
import { test } from 'node:test';
import render from 'dom-serializer';
import { parseHtml } from '../../../src/scrape/dom/index.ts';
import { placeStreamed } from '../../../src/scrape/dom/scripted/streamed.ts';

const PAGES: [what: string, html: string, placed: string][] = [
  [
    'what stood in a place gives way to its part',
    '<main><!--$?--><template id="B:0"></template><p>Loading</p><!--/$--><p>End</p></main><div hidden id="S:0"><b>It</b></div>',
    '<main><!--$?--><b>It</b><!--/$--><p>End</p></main><div hidden id="S:0"></div>',
  ],
  [
    'a part has a place for another',
    '<p><!--$?--><template id="B:0"></template>…<!--/$--></p><div hidden id="S:0">One <template id="P:1"></template>!</div><div hidden id="S:1">two</div>',
    '<p><!--$?-->One two!<!--/$--></p><div hidden id="S:0"></div><div hidden id="S:1"></div>',
  ],
  [
    'places within what stands there go with it',
    '<p><!--$?--><template id="B:a"></template><!--$-->x<!--/$-->y<!--/$-->z</p><i hidden id="S:a">It</i>',
    '<p><!--$?-->It<!--/$-->z</p><i hidden id="S:a"></i>',
  ],
  [
    'a part without a place stays, and so does one that holds its own',
    '<div hidden id="S:1">It</div><div hidden id="S:2"><template id="B:2"></template></div>',
    '<div hidden id="S:1">It</div><div hidden id="S:2"><template id="B:2"></template></div>',
  ],
];

for (const [what, html, placed] of PAGES)
  test(`streamed: ${what}`, () => {
    const document = parseHtml(html);
    placeStreamed(document);
    assert.equal(render(document, { decodeEntities: false, emptyAttrs: false }), placed);
  });
