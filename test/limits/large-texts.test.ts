import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { PageError, type Format } from '../../src/scrape/types.ts';
import { ReaderProcess } from '../../src/workers/reading/reader-process.ts';
import { testRun } from '../support/environment.ts';
import { readRequest } from '../support/read-request.ts';
import { filled } from './hostile/pages/page.ts';

/** What is replaced, collapsed, escaped or counted, as often as a page of 9.5 MB holds it. */
const UNITS: Record<string, string> = {
  blanks: 'a  ',
  'line breaks': 'a\n',
  'character references': '&amp;',
  'zero-width blanks': 'a\u200b',
  asterisks: '*a',
  backticks: '` ',
  formulas: '$a$ ',
  bars: '|',
};
const html = (body: (text: string) => string) => ({
  type: 'text/html; charset=utf-8',
  body: (text: string) => `<!doctype html><title>t</title><main>${body(text)}</main>`,
});
/** Where a page may hold them. */
const PLACES: Record<string, { type: string; body: (text: string) => string }> = {
  'plain text': { type: 'text/plain; charset=utf-8', body: (text) => text },
  Markdown: { type: 'text/markdown; charset=utf-8', body: (text) => text },
  XML: { type: 'application/xml', body: (text) => `<a>${text}</a>` },
  'a paragraph': html((text) => `<p>${text}</p>`),
  'a heading': html((text) => `<h2>${text}</h2>`),
  code: html((text) => `<pre>${text}</pre>`),
  'a description': html((text) => `<img src=a alt='${text}'>`),
};

/** Each place and each unit with each of them. */
const RENDERED = ['markdown', 'html', 'text'] as const;

/** Reads the page in a reader of its own, and says how that ended. */
async function read(type: string, text: string, format: Format): Promise<string> {
  const reader = new ReaderProcess({ compileCache: join(testRun().directory, 'compiled'), niceness: 0 });
  try {
    const page = { contentType: type, body: Buffer.from(text) };
    await reader.read(readRequest(page, { formats: [format], only_main_content: true }));
    return 'ok';
  } catch (error) {
    assert.ok(error instanceof PageError);
    const cause = String(error.cause);
    return cause.startsWith('it ended') ? `${error.code}: ${cause}` : error.code;
  } finally {
    reader[Symbol.dispose]();
    await reader.exited;
  }
}

for (const [n, [place, { type, body }]] of Object.entries(PLACES).entries())
  test(`${place} of nine megabytes costs no reader`, async (t) => {
    for (const [i, [name, unit]] of Object.entries(UNITS).entries()) {
      const format = RENDERED[(n + i) % RENDERED.length]!;
      const end = await read(type, body(filled(unit)), format);
      t.diagnostic(`${name} as ${format}: ${end}`);
      assert.ok(end === 'ok' || end === 'too_large', `${name} as ${format}: ${end}`);
    }
  });
