/** The values that a feed, an entry or a sitemap's address has, by role. */
export interface Entry {
  title?: string;
  link?: string;
  id?: string;
  date?: string;
  updated?: string;
  author?: string;
  /** Who speaks in a podcast: the author where none is named. */
  host?: string;
  summary?: string;
  content?: string;
  /** What a podcast or a video says of itself where it has no summary. */
  notes?: string;
}

/** Kinds of feeds, by the name of the root element. */
export const KINDS: Record<string, string> = {
  rss: 'rss',
  feed: 'atom',
  'rdf:RDF': 'rss',
  urlset: 'sitemap',
  sitemapindex: 'sitemap_index',
};

export const ENTRIES: Record<string, string[]> = {
  rss: ['item'],
  atom: ['entry'],
  sitemap: ['url'],
  sitemap_index: ['sitemap'],
};

/** Elements whose titles, links and names do not belong to the entry or feed around them. */
export const ASIDES = new Set([
  'image',
  'textInput',
  'textinput',
  'source',
  'contributor',
  'image:image',
  'video:video',
  'news:news',
]);

/**
 * What the elements of RSS 0.9–2.0, Atom (RFC 4287), Dublin Core, podcasts, Media RSS and
 * sitemaps.org stand for.
 */
export const ROLES: Record<string, keyof Entry> = {
  title: 'title',
  link: 'link',
  loc: 'link',
  guid: 'id',
  pubDate: 'date',
  published: 'date',
  updated: 'updated',
  lastmod: 'date',
  'dc:date': 'date',
  author: 'author',
  name: 'author',
  'dc:creator': 'author',
  'itunes:author': 'host',
  description: 'summary',
  subtitle: 'summary',
  summary: 'summary',
  'itunes:summary': 'notes',
  'media:description': 'notes',
  'content:encoded': 'content',
  content: 'content',
};

/** Roles whose text may have markup. */
export const PROSE: ReadonlySet<string> = new Set(['content', 'summary', 'notes']);

const RSS_NAMESPACE = /^http:\/\/(?:purl\.org\/rss\/|my\.netscape\.com\/rdf\/|channel\.netscape\.com\/rdf\/)/;

/**
 * The prefix, with its colon, of the elements of a feed itself: that of its root, or in RDF the one
 * that stands for RSS.
 */
export function feedPrefix(root: string, attribs: Record<string, string>): string {
  if (root !== 'rdf:RDF') return root.slice(0, root.indexOf(':') + 1);
  const declared = Object.entries(attribs).find(
    ([name, value]) => name.startsWith('xmlns:') && RSS_NAMESPACE.test(value),
  );
  return declared === undefined ? '' : `${declared[0].slice('xmlns:'.length)}:`;
}
