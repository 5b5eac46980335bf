import type { ChildNode } from 'domhandler';
import { eachElement, parseHtml } from '../dom/index.ts';
import { resolveHttpUrl } from '../formats/links.ts';
import { removeNoise } from '../main-content/index.ts';
import { textOf } from '../metadata/structured-data.ts';
import { type Content, plainMetadata } from './content.ts';
import { type FeedItem, FeedReader } from './feed-reader.ts';
import { contentOfNodes, element } from './nodes.ts';
import { readXmlEvents } from './xml-events.ts';

const ADDRESSES = ['href', 'src'];

/** The nodes of a piece of HTML, without scripts and hidden parts, its addresses absolute. */
function fragment(html: string, base: string): ChildNode[] {
  const document = parseHtml(html);
  removeNoise(document);
  eachElement(document.children, ({ attribs }) => {
    for (const name of ADDRESSES) {
      const address = attribs[name];
      if (address !== undefined) attribs[name] = resolveHttpUrl(address, base) ?? address;
    }
  });
  return document.children;
}

const inlineText = (html: string | undefined): string =>
  textOf(element('div', {}, parseHtml(html ?? '').children), 1000);

function linkOf({ link, id }: FeedItem): string | undefined {
  return link ?? (id && /^https?:/.test(id) ? id : undefined);
}

function entryNodes(entry: FeedItem): ChildNode[] {
  const link = linkOf(entry);
  const title = inlineText(entry.title) || link || 'Untitled';
  const byline = [entry.date ?? entry.updated, inlineText(entry.author ?? entry.host)]
    .filter(Boolean)
    .join(' · ');
  const heading = element('h2', {}, [link === undefined ? title : element('a', { href: link }, [title])]);
  const content = fragment(entry.content ?? entry.summary ?? entry.notes ?? '', entry.base);
  const files = entry.enclosures.map((href) => element('p', {}, [element('a', { href }, [href])]));
  const about = byline === '' ? [] : [element('p', {}, [byline])];
  return [heading, ...about, element('div', {}, content), ...files];
}

function sitemapNodes(entries: FeedItem[]): ChildNode[] {
  const items = entries.filter(({ link }) => link !== undefined);
  return [
    element(
      'ul',
      {},
      items.map(({ link, date }) =>
        element('li', {}, [
          element('a', { href: link! }, [link!]),
          ...(date === undefined ? [] : [` ${date}`]),
        ]),
      ),
    ),
  ];
}

/** What a feed says of itself, whatever it is written in. */
export interface FeedAbout {
  kind: string;
  title?: string | undefined;
  summary?: string | undefined;
  site?: string | undefined;
  language: string | null;
  entryCount: number;
}

/** A feed as a list of its entries. */
export function feedContent(about: FeedAbout, entries: FeedItem[], url: string): Content {
  const title = inlineText(about.title) || null;
  const summary = inlineText(about.summary) || null;
  const metadata = plainMetadata({
    title,
    description: summary,
    language: about.language?.slice(0, 35) ?? null,
    feed_type: about.kind,
    entry_count: about.entryCount,
  });
  const site = about.site === undefined ? null : resolveHttpUrl(about.site, url);
  if (site !== null) metadata.site_url = site;
  const nodes = [
    ...(title === null ? [] : [element('h1', {}, [title])]),
    ...(summary === null ? [] : [element('p', {}, [summary])]),
    ...(about.kind.startsWith('sitemap') ? sitemapNodes(entries) : entries.flatMap(entryNodes)),
  ];
  return contentOfNodes(nodes, url, metadata);
}

const RDF_ROOT = /<(?:[a-z]{1,20}:)?RDF[\s>]/i;
const ROOT_CHARS = 5000;

/**
 * An RSS, RDF or Atom feed or a sitemap as a list of its entries, or null where the XML is
 * something else.
 */
export function readFeed(xml: string, url: string): Content | null {
  const reader = new FeedReader(url);
  readXmlEvents(xml, reader);
  const { kind, feed, entries, entryCount, language } = reader;
  if (kind === null || kind === 'other') return null;
  const { title, summary = feed.notes, link: site } = feed;
  // Much else than feeds is written in RDF.
  if (title === undefined && entryCount === 0 && RDF_ROOT.test(xml.slice(0, ROOT_CHARS))) return null;
  return feedContent({ kind, title, summary, site, language, entryCount }, entries, url);
}
