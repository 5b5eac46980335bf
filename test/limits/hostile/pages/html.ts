import { counted, filled, MIB, type HostilePage } from './page.ts';

const html = (body: () => string, options = {}): HostilePage => ({
  type: 'text/html; charset=utf-8',
  body: () => `<!doctype html><title>t</title><main>${body()}</main>`,
  options,
});
const head = (content: () => string): HostilePage => ({
  type: 'text/html; charset=utf-8',
  body: () => `<!doctype html><html><head><title>t</title>${content()}</head><body><p>text</p></body></html>`,
});
const siblings = (options: object): HostilePage => html(() => '<p>a</p>'.repeat(20_000), options);

/**
 * HTML: its elements, its attributes, what it says of itself, and the selectors that are asked of
 * it.
 */
export const HTML_PAGES: Record<string, HostilePage> = {
  'a million nested elements': html(() => '<div>'.repeat(1_000_000)),
  'nine megabytes of elements': html(() => filled('<i>x</i>')),
  'nine megabytes of links': html(() => filled('<a href="/somewhere/else">a link</a> ')),
  'links without text': html(() => counted((n) => `<a href=/${n}></a>`), { formats: ['links', 'markdown'] }),
  'nested tables': html(() => '<table><tr><td>'.repeat(100_000)),
  'a table of empty cells': html(() => `<table>${filled('<tr><td><td>')}</table>`),
  'cells that span a table': html(
    () => `<table>${'<tr><td colspan=1000 rowspan=65534>x'.repeat(20_000)}</table>`,
  ),
  'nested lists': html(() => '<ol><li>'.repeat(200_000)),
  headings: html(() => filled('<h2>a</h2>')),
  'formats that are never closed': html(() => '<b><i><u><a href=x>'.repeat(20_000)),
  'an attribute of nine megabytes': html(() => `<p class="${filled('a ')}">text</p>`),
  'attributes without end': html(() => `<p ${counted((n) => `a${n} `)}>text</p>`),
  'addresses of images': html(() => filled('<img srcset="a 1x, b 2x, c 3x" src=d alt=e>'), {
    formats: ['markdown', 'html'],
  }),
  'data in an address': html(() => `<img src="data:image/png;base64,${filled('AAAA')}">`),
  'lines in preformatted text': html(() => `<pre>${filled('a\n')}</pre>`),
  options: html(() => `<select>${filled('<option>a')}</select>`),
  formulas: html(() => filled('<math><mi>x</mi></math>')),
  drawings: html(() => filled('<svg><path d="M0 0"/></svg>')),
  'Markdown in text': html(() => `<p>${filled('*_`[](<')}</p>`),
  comments: html(() => filled('<!-- a -->')),
  'character references': html(() => `<p>${filled('&amp;&#1;&nosuch;')}</p>`),
  'metadata without end': head(() => filled('<meta property="og:image" content="http://a.example/b">')),
  'JSON-LD without end': head(
    () => `<script type="application/ld+json">[${filled('{"@type":"Article"},')}{}]</script>`,
  ),
  'JSON-LD that is deep': head(
    () => `<script type="application/ld+json">${filled('{"a":[', 4 * MIB)}</script>`,
  ),
  'the selector p ~ q': siblings({ include_selectors: ['p ~ q'] }),
  'the selector :has()': siblings({ exclude_selectors: ['main:has(p + q) p'] }),
  'the selector p:has(~ p)': siblings({ exclude_selectors: ['p:has(+ q)'] }),
  'the selector :nth-last-child': siblings({
    include_selectors: ['p:nth-last-child(2n+1) + p:nth-child(3n)'],
  }),
  'fifty selectors': siblings({ exclude_selectors: Array.from({ length: 50 }, (_, n) => `p ~ q${n}`) }),
  'the selector :contains()': siblings({ exclude_selectors: ['*:contains("zz")'] }),
};
