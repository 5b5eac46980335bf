import { resolveHttpUrl } from '../formats/links.ts';
import { inPieces } from '../long-text/in-pieces.ts';
import { isRecord } from '../metadata/structured-data.ts';
import type { Content } from './content.ts';
import { feedContent } from './feed.ts';
import { escapeMarkup, type FeedItem, MAX_ENCLOSURES, MAX_ENTRIES } from './feed-reader.ts';

const VERSION = /^https?:\/\/(?:www\.)?jsonfeed\.org\/version\/1/;

type Values = Record<string, unknown>;

function textOf(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
const plain = (values: Values, name: string): string | undefined => {
  const text = textOf(values, name);
  return text === undefined ? undefined : escapeMarkup(text);
};
const records = (value: unknown): Values[] => (Array.isArray(value) ? value.filter(isRecord) : []);

/** Plain text as paragraphs. */
function paragraphs(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  return `<p>${inPieces(text, (piece) => piece.replace(/\n{2,}/g, '</p><p>'))}</p>`;
}

/** The names of the authors; version 1 knows a single one. */
function authorsOf({ authors, author }: Values): string | undefined {
  const names = records(authors ?? [author]).flatMap((one) => plain(one, 'name') ?? []);
  return names.length === 0 ? undefined : names.join(', ');
}

function itemOf(item: Values, url: string): FeedItem {
  const address = textOf(item, 'url') ?? textOf(item, 'external_url');
  const link = address === undefined ? null : resolveHttpUrl(address, url);
  const files = records(item['attachments']).flatMap(
    (one) => resolveHttpUrl(textOf(one, 'url') ?? '', url) ?? [],
  );
  const values: [keyof FeedItem, string | undefined][] = [
    ['title', plain(item, 'title')],
    ['link', link ?? undefined],
    ['id', textOf(item, 'id')],
    ['date', plain(item, 'date_published')],
    ['updated', plain(item, 'date_modified')],
    ['author', authorsOf(item)],
    ['summary', paragraphs(plain(item, 'summary'))],
    ['content', textOf(item, 'content_html') ?? paragraphs(plain(item, 'content_text'))],
  ];
  return {
    ...Object.fromEntries(values.filter(([, value]) => value !== undefined)),
    enclosures: files.slice(0, MAX_ENCLOSURES),
    base: url,
  };
}

/** A JSON Feed (jsonfeed.org, versions 1 and 1.1) as a list of its entries; null for other JSON. */
export function readJsonFeed(json: unknown, url: string): Content | null {
  if (!isRecord(json) || !VERSION.test(textOf(json, 'version') ?? '')) return null;
  const items = records(json['items']);
  const about = {
    kind: 'json',
    title: plain(json, 'title'),
    summary: plain(json, 'description'),
    site: textOf(json, 'home_page_url'),
    language: textOf(json, 'language') ?? null,
    entryCount: items.length,
  };
  return feedContent(
    about,
    items.slice(0, MAX_ENTRIES).map((item) => itemOf(item, url)),
    url,
  );
}
