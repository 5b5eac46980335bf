import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { extract } from '../../../src/scrape/extract.ts';
import type { ExtractOptions } from '../../../src/scrape/types.ts';

async function markdown(html: string, only_main_content = false): Promise<string> {
  const options: ExtractOptions = {
    formats: ['markdown'],
    only_main_content,
    include_selectors: [],
    exclude_selectors: [],
  };
  const body = Buffer.from(`<body>${html}`);
  const page = { url: 'https://example.com/', status: 200, contentType: 'text/html', body };
  return (await extract(page, options)).markdown!;
}

suite('objects', () => {
  test('what stands for an object is shown where browsers cannot show it', async () => {
    assert.equal(
      await markdown('<object data="a.swf" type="application/x-shockwave-flash"><p>Words</p></object>'),
      'Words',
    );
    assert.equal(await markdown('<applet code="A.class">Words</applet>'), 'Words');
    assert.equal(
      await markdown('<object data="a.pdf"><p>The <a href="a.pdf">file</a></p></object>'),
      'The [file](https://example.com/a.pdf)',
    );
    assert.equal(await markdown('<object data="a.swf"></object><p>x</p>'), 'x');
  });

  test('pictures, players and pages in objects are such', async () => {
    assert.equal(
      await markdown('<p>a <object data="a.svg" type="image/svg+xml">Winds by month</object></p>'),
      'a ![Winds by month](https://example.com/a.svg)',
    );
    assert.equal(await markdown('<embed src="a.mp4">'), '[Video](https://example.com/a.mp4)');
    assert.equal(
      await markdown('<object data="a.pdf"></object>'),
      '[Embedded page](https://example.com/a.pdf)',
    );
    assert.equal(
      await markdown('<object data="a.html"><object data="b.png" type="image/png"></object></object>'),
      '![](https://example.com/b.png)',
    );
    assert.equal(
      await markdown(
        '<object><param name="movie" value="x"><embed src="https://v.test/v/1" type="application/x-shockwave-flash"></object>',
      ),
      '[Embedded page](https://v.test/v/1)',
    );
    assert.equal(await markdown('<embed src="a.html" width="1" height="1"><p>x</p>'), 'x');
  });

  test('objects in objects, however deep, take no time', async () => {
    const html = '<object>'.repeat(400) + '<i></i>'.repeat(100_000) + 'end';
    const before = process.cpuUsage().user;
    assert.equal(await markdown(html), 'end');
    assert.ok(process.cpuUsage().user - before < 10_000_000);
  });
});

const item = (level: number, marker: string, text: string): string =>
  `<p class=MsoListParagraph style='text-indent:-18pt;mso-list:l0 level${level} lfo1'><![if !supportLists]>` +
  `<span style='font-family:Symbol'><span style='mso-list:Ignore'>${marker}<span>&nbsp; </span></span></span>` +
  `<![endif]>${text}</p>\n`;

suite('lists of word processors', () => {
  test('paragraphs of Word that are items are lists, nested by their levels', async () => {
    const list = item(1, '·', 'One') + item(2, '1.', 'Deep') + item(2, '2.', 'Deeper') + item(1, '·', 'Two');
    assert.equal(
      await markdown(`<div><p>Before</p>${list}<p style='mso-list:none'>After</p></div>`),
      'Before\n\n- One\n  1. Deep\n  2. Deeper\n- Two\n\nAfter',
    );
    assert.equal(await markdown(item(1, '(7)', 'A') + item(1, '(8)', 'B')), '7. A\n8. B');
  });

  test('flat lists of Google Docs nest by their classes', async () => {
    const html =
      '<ul class="c1 lst-kix_ab12-0 start"><li>One</li></ul><ul class="lst-kix_ab12-1 start"><li>Deep</li></ul>' +
      '<ul class="lst-kix_ab12-0"><li>Two</li></ul><ol class="lst-kix_x-0" start="4"><li>Four</li></ol>';
    assert.equal(await markdown(`<div>${html}</div>`), '- One\n  - Deep\n- Two\n\n4. Four');
  });
});

const note = (id: string, kind: string, text: string): string =>
  `<label for="${id}" class="margin-toggle">&#8853;</label>` +
  `<input type="checkbox" id="${id}" class="margin-toggle"/><span class="${kind}">${text}</span>`;

suite('notes in the margin', () => {
  test('they are footnotes behind the paragraph that refers to them', async () => {
    assert.equal(
      await markdown(
        `<div><p>One${note('a', 'sidenote', 'First <i>note</i>.')} two${note('b', 'marginnote', 'Second.')}.</p><p>Next</p></div>`,
      ),
      'One[^sn1] two[^sn2].\n\n[^sn1]: First *note*.\n\n[^sn2]: Second.\n\nNext',
    );
    assert.equal(
      await markdown(`<ul><li>One${note('a', 'sidenote', 'Note.')}</li></ul>`),
      '- One[^sn1]\n\n  [^sn1]: Note.',
    );
  });

  test('a check box with a label and other words beside it is none', async () => {
    assert.equal(await markdown(`<p>One ${note('a', 'hint', 'two')}</p>`), 'One ⊕two');
  });

  test('they are content where their paragraph is', async () => {
    const words = 'The wind came over the ridge and took the boats of the valley out to the lake. '.repeat(4);
    const html = `<article><h1>Winds</h1><p>${words}${note('a', 'sidenote', 'They were small.')}</p><p>${words}</p></article>`;
    assert.match(await markdown(html, true), /\[\^sn1\]\n\n\[\^sn1\]: They were small\./);
  });
});

suite('what a script shows', () => {
  test('a dialog that is closed and a popover are hidden', async () => {
    assert.equal(
      await markdown('<p>x</p><dialog>No</dialog><div popover>No</div><dialog open>Yes</dialog>'),
      'x\n\nYes',
    );
  });

  test('a picture for browsers without scripts is shown where no other one shows the same', async () => {
    const html =
      '<p>Words that are seen.</p><div><noscript><img src="a.png" alt="A"></noscript></div>' +
      '<div><img data-src="b.png" alt="B"></div><noscript><img src="b-small.png" alt="B"></noscript>' +
      '<noscript><img src="https://t.test/p?id=1" alt=""></noscript>' +
      '<noscript><img src="https://t.test/q" alt="q" width="1" height="1"></noscript>' +
      '<noscript>Turn it on. <img src="c.png" alt="C"></noscript>';
    assert.equal(
      await markdown(html),
      'Words that are seen.\n\n![A](https://example.com/a.png)\n\n![B](https://example.com/b.png)',
    );
  });
});

test('line breaks of the source stay where the element says that it shows them', async () => {
  for (const shows of ['style="color: red; white-space: pre-line"', 'class="mt-1 whitespace-pre-wrap"'])
    assert.equal(
      await markdown(`<div ${shows}>One\ntwo\n\n<b>three\nfour</b></div>`),
      'One\\\ntwo\n\n**three\\\nfour**',
    );
  assert.equal(await markdown('<p style="white-space: normal">One\ntwo</p>'), 'One two');
  const reset =
    '<div style="white-space:pre"><p style="white-space:normal">One\ntwo</p><pre>a\n b</pre></div>';
  assert.equal(await markdown(reset), 'One two\n\n```\na\n b\n```');
});
