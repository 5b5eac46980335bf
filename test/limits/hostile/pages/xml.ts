import { counted, filled, MIB, type HostilePage } from './page.ts';

const ALL = { formats: ['markdown', 'html', 'text', 'links', 'metadata'] };
const xml = (body: () => string): HostilePage => ({ type: 'application/xml', body, options: ALL });
const rss = (items: () => string): HostilePage =>
  xml(() => `<rss><channel><title>t</title>${items()}</channel></rss>`);

/** XML, feeds and sitemaps. */
export const XML_PAGES: Record<string, HostilePage> = {
  'XML of elements': xml(() => `<r>${filled('<a/>')}</r>`),
  'XML that is deep': xml(() => filled('<a>')),
  'XML of attributes': xml(() => `<r ${counted((n) => `a${n}="" `)}/>`),
  'XML of entities': xml(
    () =>
      `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">${counted((n) => `<!ENTITY e${n} "&e${n + 1};&e${n + 1};">`, MIB)}]><r>${filled('&a;&e1;&amp;')}</r>`,
  ),
  'XML of namespaces': xml(() => `<r>${filled('<a xmlns:b="http://c.example/d"/>')}</r>`),
  'XML of comments': xml(() => `<r>${filled('<!-- a -->')}</r>`),
  'XML of CDATA': xml(() => `<r>${filled('<![CDATA[<a>]]>')}</r>`),
  'a feed of empty items': rss(() => filled('<item/>')),
  'a feed of items': rss(() =>
    counted((n) => `<item><title>${n}</title><link>http://a.example/${n}</link></item>`),
  ),
  'a feed of one long item': rss(() => `<item><description>${filled('&lt;i>x&lt;/i>')}</description></item>`),
  'a feed whose content is deep': rss(
    () => `<item><description>${filled('&lt;div>', 8 * MIB)}</description></item>`,
  ),
  'a feed of fields that repeat': rss(() => `<item>${filled('<title>a</title>')}</item>`),
  'an Atom feed of links': xml(
    () => `<feed xmlns="http://www.w3.org/2005/Atom">${filled('<entry><link href="/a"/></entry>')}</feed>`,
  ),
  'a sitemap of addresses': xml(
    () => `<urlset>${counted((n) => `<url><loc>http://a.example/${n}</loc></url>`)}</urlset>`,
  ),
};
