import { type Document, type Element, type ParentNode, isText } from 'domhandler';
import { isElement } from '../../dom/index.ts';
import { textOf } from '../../metadata/structured-data.ts';

/** What a document says of itself, read before noise is dropped. */
export interface Declarations {
  title: string;
  description: string;
  kinds: Set<string>;
}

const TYPES: [string, RegExp][] = [
  ['type.article', /article|blogposting|report|webpage$/i],
  ['type.product', /product|offer/i],
  ['type.forum', /forum|qapage|question|discussion/i],
  ['type.collection', /collection|itemlist|searchresults|blog$/i],
  ['type.website', /website/i],
  ['type.organization', /organization|localbusiness|service/i],
  ['type.video', /video/i],
  ['type.software', /software|techarticle|apireference/i],
  ['talk', /qapage|discussionforum/i],
];

const PATHS: [string, RegExp][] = [
  ['path.docs', /\b(?:docs?|documentation|reference|manual|guides?|wiki|api|tutorials?|learn|help)\b/],
  [
    'path.forum',
    /\b(?:forums?|threads?|topics?|showthread|viewtopic|questions?|discussions?|community|comments|t|d)\b/,
  ],
  ['path.product', /\b(?:products?|dp|p|itm|item|app)\b/],
  ['path.collection', /\b(?:collections?|category|categories|c|shop|store|browse|b|cat)\b/],
  ['path.blog', /\b(?:blog|news|articles?|posts?|stories|20\d\d)\b|-\w+-\w+-\w+/],
  ['path.service', /\b(?:services?|solutions?|pricing|about|features?|platform)\b/],
];

const TALK_HOST = /forum|^(?:boards?|community|discuss|discussions|talk)\./;
const TALK_SEGMENT =
  /\/(?:forums?|boards?|threads?|topics?|discussions?|questions?|comments)(?:\/|$)|\b(?:showthread|viewtopic)\b/;
/** The paths of sites that are made for talk begin with a single letter, or `item` or `post`. */
const TALK_START = /^\/(?:t|d|r|s|item|post)(?:\/|$)/;

function isTalk(url: URL | null): boolean {
  if (url === null) return false;
  const path = url.pathname.toLowerCase().slice(0, 500);
  return TALK_HOST.test(url.hostname) || TALK_SEGMENT.test(path) || TALK_START.test(path);
}

const MAX_JSON_LD = 200_000;
const DESCRIPTION = /^(?:og:)?description$/;

/**
 * What a document says of itself: its title and description, and its kinds by Open Graph and
 * JSON-LD. Read before noise is dropped.
 */
export function declarationsOf(document: Document): Declarations {
  const kinds = new Set<string>();
  let title = '';
  let description = '';
  const declare = (type: string): void => {
    for (const [kind, pattern] of TYPES) if (pattern.test(type)) kinds.add(kind);
  };
  const read = ({ name, attribs, children }: Element): void => {
    if (name === 'title' && title === '') title = children[0] === undefined ? '' : textOf(children[0], 300);
    if (name === 'meta' && attribs['property'] === 'og:type')
      declare((attribs['content'] ?? '').slice(0, 100));
    if (
      name === 'meta' &&
      description === '' &&
      DESCRIPTION.test(attribs['name'] ?? attribs['property'] ?? '')
    )
      description = (attribs['content'] ?? '').slice(0, 1000);
    if (name !== 'script' || attribs['type'] !== 'application/ld+json') return;
    const source =
      children[0] !== undefined && isText(children[0]) ? children[0].data.slice(0, MAX_JSON_LD) : '';
    for (const [, type] of source.matchAll(/"@type"\s{0,10}:\s{0,10}\[?\s{0,10}"([A-Za-z]{1,40})"/g))
      declare(type!);
  };
  const visit = (node: ParentNode): void => {
    for (const child of node.children) {
      if (!isElement(child)) continue;
      read(child);
      visit(child);
    }
  };
  visit(document);
  return { title, kinds, description };
}

/**
 * What the path of a page's address suggests that it is, `path.…`, and `talk` where the address
 * says that people talk there.
 */
export function kindsOfAddress(address: URL | null): string[] {
  const path = address?.pathname.toLowerCase().slice(0, 500) ?? '';
  const kinds = PATHS.filter(([, pattern]) => pattern.test(path)).map(([kind]) => kind);
  return isTalk(address) ? [...kinds, 'talk'] : kinds;
}
