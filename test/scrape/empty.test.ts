import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extract } from '../../src/scrape/extract.ts';
import type { Format } from '../../src/scrape/types.ts';
import { writePdf } from '../support/pdf.ts';

async function emptyReason(
  body: string | Buffer,
  contentType = 'text/html',
  formats: Format[] = ['markdown'],
) {
  const page = { url: 'https://example.com/', status: 200, contentType, body: Buffer.from(body) };
  const options = { formats, only_main_content: true, include_selectors: [], exclude_selectors: [] };
  return (await extract(page, options)).empty;
}

const SCRIPT = '<script src="/main.js"></script>';

test('a page that only its script fills says so, whatever it notes beside it', async () => {
  for (const html of [
    `<title>App</title><body><div id="root"></div>${SCRIPT}`,
    `<head><script type="module" src="/a.js"></script></head><body><div id="app">Loading…</div>`,
    `<body><noscript>You need to enable JavaScript to run this app.</noscript><div id="root"></div>${SCRIPT}`,
    `<body><app-root></app-root><script>boot()</script>`,
    `<body><div></div>${SCRIPT}`,
    `<body onload="location = '/next'"></body>`,
    '<body><form method="post"><input type="hidden" name="a"></form><script>document.forms[0].submit()</script>',
  ])
    for (const format of ['markdown', 'text', 'html'] as const)
      assert.equal(await emptyReason(html, 'text/html', [format]), 'needs_javascript', html);
});

test('a page that shows something without its script does not need it', async () => {
  const words = 'A harbour report of some length, with words enough to be read. '.repeat(3);
  assert.equal(await emptyReason(`<body><div id="root"><p>${words}</p></div>${SCRIPT}`), null);
  assert.equal(await emptyReason(`<body><p>Short.</p>${SCRIPT}`), null);
  assert.equal(await emptyReason(`<body><img src="/a.png">${SCRIPT}`, 'text/html', ['text']), 'no_text');
});

test('an empty page without a script has no text, and so has an empty body', async () => {
  assert.equal(await emptyReason('<body><div> </div>'), 'no_text');
  assert.equal(
    await emptyReason('<body><div id="root"></div><script type="application/ld+json">{}</script>'),
    'no_text',
  );
  assert.equal(await emptyReason(''), 'no_text');
  assert.equal(await emptyReason('   ', 'text/plain', ['text']), 'no_text');
  assert.equal(await emptyReason('<body><p>Words', 'text/html', ['html']), null);
});

test('nothing is said where no text is asked for', async () => {
  assert.equal(
    await emptyReason(`<body><div id="root"></div>${SCRIPT}`, 'text/html', ['links', 'metadata']),
    null,
  );
});

test('a document of pictures is a scan, one of nothing has no text', async () => {
  const image = '/XObject << /Im1 << /Type /XObject /Subtype /Image >> >>';
  assert.equal(
    await emptyReason(writePdf({ pages: ['q Q'], catalog: image }), 'application/pdf'),
    'scanned_pdf',
  );
  assert.equal(await emptyReason(writePdf({ pages: [''] }), 'application/pdf'), 'no_text');
});
