import type { ChildNode, Element } from 'domhandler';
import { isElement, isText } from '../dom/index.ts';
import { PREFORMATTED } from '../dom/elements.ts';
import { inPieces } from '../long-text/in-pieces.ts';
import { TextBuilder } from '../long-text/text-builder.ts';
import { imageSource, isTrackingPixel, parseSrcset, sourceSet } from './images.ts';
import { resolveHttpUrl, resolveUrl } from './links.ts';

const words = (list: string): Set<string> => new Set(list.split(' '));

/**
 * Elements that are kept. Any other element is replaced by its content, except for those in
 * DROPPED.
 */
const KEPT = words(
  'a abbr address article aside audio b bdi bdo blockquote br caption center cite code col colgroup ' +
    'data dd del details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup hr i ' +
    'iframe img input ins kbd li main mark math menu nav ol p picture pre q rb rp rt rtc ruby s samp ' +
    'section small source span strike strong sub summary sup table tbody td tfoot th thead time tr ' +
    'track tt u ul var video wbr annotation mfrac mi mn mo mover mpadded mphantom mroot mrow ms mspace ' +
    'msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover semantics',
);
const DROPPED = words(
  'script style template noscript head title meta link base svg canvas object embed applet select ' +
    'option textarea datalist frame frameset noframes noembed param',
);
const VOID = words('br col hr img input source track wbr');

const GLOBAL_ATTRIBUTES = words('id class title lang dir role aria-label aria-hidden');
const ATTRIBUTES: Record<string, Set<string>> = {
  a: words('rel hreflang'),
  annotation: words('encoding'),
  audio: words('controls loop'),
  bdo: words('dir'),
  col: words('span'),
  colgroup: words('span'),
  data: words('value'),
  del: words('datetime'),
  details: words('open'),
  iframe: words('width height allowfullscreen'),
  img: words('alt width height sizes loading'),
  input: words('type checked disabled'),
  ins: words('datetime'),
  li: words('value'),
  math: words('display alttext'),
  ol: words('start type reversed'),
  source: words('type media sizes'),
  table: words('summary'),
  td: words('colspan rowspan headers align'),
  th: words('colspan rowspan headers scope align abbr'),
  time: words('datetime'),
  track: words('kind srclang label'),
  video: words('controls width height loop'),
};
const CODE_ATTRIBUTES = words('data-lang data-language');

/** Text as HTML. */
export function escapeText(text: string): string {
  return /[&<>]/.test(text) ? inPieces(text, escapePiece) : text;
}

function escapePiece(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function escapeValue(text: string): string {
  return inPieces(escapeText(text), (piece) => piece.replaceAll('"', '&quot;'));
}

function attribute(name: string, value: string): string {
  return value === '' ? ` ${name}` : ` ${name}="${escapeValue(value)}"`;
}

function absoluteSrcset(srcset: string, base: string): string {
  return parseSrcset(srcset)
    .map(({ url, descriptor }) => ({ url: resolveHttpUrl(url, base)?.replace(/,/g, '%2C'), descriptor }))
    .filter(({ url }) => url !== undefined)
    .map(({ url, descriptor }) => (descriptor === '' ? url : `${url} ${descriptor}`))
    .join(', ');
}

function urlAttributes({ name, attribs }: Element, base: string): string {
  let out = '';
  const add = (target: string, url: string | null): void => {
    if (url !== null && url !== '') out += attribute(target, url);
  };
  const resolved = (source: string): string | null =>
    attribs[source] === undefined ? null : resolveHttpUrl(attribs[source], base);
  if (name === 'a' && attribs['href'] !== undefined) add('href', resolveUrl(attribs['href'], base));
  if (/^(?:audio|video|source|track|iframe)$/.test(name)) add('src', resolved('src'));
  if (name === 'video') add('poster', resolved('poster'));
  if (/^(?:blockquote|q|del|ins)$/.test(name)) add('cite', resolved('cite'));
  return out;
}

function attributesOf(element: Element, base: string): string {
  const own = ATTRIBUTES[element.name];
  let out = '';
  for (const [name, value] of Object.entries(element.attribs)) {
    const kept =
      GLOBAL_ATTRIBUTES.has(name) ||
      own?.has(name) === true ||
      (CODE_ATTRIBUTES.has(name) && /^(?:pre|code|div)$/.test(element.name));
    if (kept) out += attribute(name, value);
  }
  return out + urlAttributes(element, base);
}

class HtmlWriter {
  readonly #base: string;
  readonly #out = new TextBuilder();

  constructor(base: string) {
    this.#base = base;
  }

  nodes(nodes: ChildNode[]): void {
    for (const node of nodes) {
      if (isText(node)) this.#out.add(escapeText(node.data));
      else if (isElement(node)) this.#element(node);
      else if ('children' in node) this.nodes(node.children);
    }
  }

  #element(element: Element): void {
    const name = PREFORMATTED.has(element.name) ? 'pre' : element.name;
    if (DROPPED.has(name)) return;
    if (name === 'img') return this.#image(element);
    if (name === 'input' && element.attribs['type']?.toLowerCase() !== 'checkbox') return;
    if (name === 'iframe' && resolveHttpUrl(element.attribs['src'] ?? '', this.#base) === null) return;
    if (!KEPT.has(name)) return this.nodes(element.children);
    this.#out.add(`<${name}${attributesOf(element, this.#base)}${this.#sourceSetOf(element)}>`);
    if (VOID.has(name)) return;
    if (name !== 'iframe') this.nodes(element.children);
    this.#out.add(`</${name}>`);
  }

  #image(image: Element): void {
    const source = imageSource(image, this.#base);
    if (source === null || isTrackingPixel(image)) return;
    const plain = resolveHttpUrl(image.attribs['src'] ?? '', this.#base);
    const lazy =
      plain === null || Object.keys(image.attribs).some((name) => /^data-(?:lazy|src|original)/.test(name));
    const src = attribute('src', lazy ? source : plain);
    this.#out.add(`<img${src}${attributesOf(image, this.#base)}${this.#sourceSetOf(image)}>`);
  }

  #sourceSetOf(element: Element): string {
    if (element.name !== 'img' && element.name !== 'source') return '';
    const srcset = absoluteSrcset(sourceSet(element) ?? '', this.#base);
    return srcset === '' ? '' : attribute('srcset', srcset);
  }

  toString(): string {
    return this.#out.toString().trim();
  }
}

/**
 * Renders clean HTML: only elements and attributes that carry content, absolute URLs of safe
 * schemes, lazy images resolved. It has no scripts, styles, event handlers, comments or forms:
 * nothing in it runs code in a browser.
 */
export function toHtml(nodes: ChildNode[], base: string): string {
  const writer = new HtmlWriter(base);
  writer.nodes(nodes);
  return writer.toString();
}
