import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { extract } from '../../../src/scrape/extract.ts';
import { CORPORA, annotatedPages, type AnnotatedPage } from '../../bench/extraction/corpora.ts';
import { examplePages } from './example-pages.ts';

const OPTIONS = {
  formats: [],
  only_main_content: true,
  include_selectors: [],
  exclude_selectors: [],
  render: 'auto' as const,
};
/** Every eighth page of the corpora is looked at: some 220. */
const STEP = 8;
/** Pages that say nothing but their title without a script, or next to nothing. */
const NEEDY = new Set(['wcxb 0585', 'wcxb 4577', 'examples thread that only exists without scripts']);

const nameOf = ({ corpus, name }: AnnotatedPage) => `${corpus} ${name}`;

/** The pages that `auto` would render. */
async function rendered(pages: AnnotatedPage[]): Promise<string[]> {
  const names: string[] = [];
  for (const page of pages) {
    const body = Buffer.from(page.html());
    const raw = { url: page.url, status: 200, contentType: 'text/html; charset=utf-8', body };
    if ((await extract(raw, OPTIONS)).needsBrowser) names.push(nameOf(page));
  }
  return names;
}

test('auto renders none of the example pages that say something', async () => {
  const pages = examplePages().filter((page) => !NEEDY.has(nameOf(page)));
  assert.deepEqual(await rendered(pages), []);
});

test(
  'auto renders none of hundreds of ordinary pages, and those that need it',
  { skip: !existsSync(CORPORA) && `there are no corpora at ${CORPORA}` },
  async () => {
    const all = annotatedPages(CORPORA);
    const chosen = all.filter((page, n) => n % STEP === 0 && !NEEDY.has(nameOf(page)));
    assert.ok(chosen.length > 200);
    assert.deepEqual(await rendered(chosen), []);
    const needy = all.filter((page) => NEEDY.has(nameOf(page)));
    assert.deepEqual(await rendered(needy), needy.map(nameOf));
  },
);
