import type { ChildNode, Element } from 'domhandler';
import { eachElement, isElement, parseHtml } from '../../dom/index.ts';
import type { Metadata } from '../../types.ts';
import { PageError } from '../../types.ts';
import { adopt } from '../../dom/index.ts';
import { oneLine } from '../../long-text/in-pieces.ts';
import { element } from '../nodes.ts';
import type { Archive } from './archive.ts';
import { metadataOf, resolvePart } from './package.ts';
import { childOf, childrenOf, descendantsOf, readUnit, textOf } from './xml-units.ts';

const MAX_CHAPTERS = 2000;
const HEADING = /^h[1-6]$/;
const FONT_OBFUSCATION = /^http:\/\/(?:www\.idpf\.org\/2008\/embedding|ns\.adobe\.com\/pdf\/enc#RC)/;

/** The package document of the book: the first that its container names. */
function packagePart(archive: Archive): string | null {
  const container = readUnit(archive, 'META-INF/container.xml', 'container');
  const root = container === null ? undefined : descendantsOf(container, 'rootfile')[0];
  return root?.attribs['full-path'] ?? null;
}

/** Throws where more than fonts is encrypted. */
function refuseEncrypted(archive: Archive): void {
  const encryption = readUnit(archive, 'META-INF/encryption.xml', 'encryption');
  for (const data of childrenOf(encryption, 'EncryptedData')) {
    const method = childOf(data, 'EncryptionMethod')?.attribs['Algorithm'] ?? '';
    if (!FONT_OBFUSCATION.test(method)) throw new PageError('document_encrypted');
  }
}

/** The title of each chapter in the table of contents, by its part. */
function chapterTitles(archive: Archive, navigation: string | null): Map<string, string> {
  const titles = new Map<string, string>();
  const source = navigation === null ? null : archive.text(navigation);
  if (navigation === null || source === null) return titles;
  const add = (reference: string | undefined, title: string): void => {
    const part = reference === undefined ? null : resolvePart(navigation, reference);
    if (part !== null && !titles.has(part)) titles.set(part, oneLine(title));
  };
  if (navigation.endsWith('.ncx')) {
    const map = readUnit(archive, navigation, 'navMap');
    const visit = (point: Parameters<typeof childrenOf>[0]): void => {
      for (const child of childrenOf(point, 'navPoint')) {
        const label = childOf(child, 'navLabel', 'text');
        add(childOf(child, 'content')?.attribs['src'], label === null ? '' : textOf(label));
        visit(child);
      }
    };
    visit(map);
  } else
    eachElement(parseHtml(source, 'xhtml').children, (link) => {
      if (link.name === 'a') add(link.attribs['href'], textOfNode(link));
    });
  return titles;
}

function textOfNode(node: ChildNode): string {
  let text = '';
  const stack: ChildNode[] = [node];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if ('data' in next) text += next.data;
    if ('children' in next) stack.push(...next.children.toReversed());
  }
  return text;
}

/**
 * Makes a chapter stand outside of its book: links to other parts lose their address, pictures
 * become what they show.
 */
function detach(root: Element): void {
  eachElement([root], (node) => {
    const { attribs } = node;
    if (node.name === 'a' && attribs['href'] !== undefined) {
      const fragment = /^[^:]*(#.+)$/.exec(attribs['href'])?.[1];
      if (fragment !== undefined) attribs['href'] = fragment;
      else if (!/^(?:https?|mailto):/i.test(attribs['href'])) delete attribs['href'];
    }
    if (node.name !== 'img') return;
    const alt = (attribs['alt'] ?? '').trim();
    node.name = 'em';
    node.attribs = {};
    adopt(node, element('em', {}, alt === '' ? [] : [alt]).children);
  });
}

/** The body of a chapter; all of it where it has none. */
function bodyOf(markup: string): Element {
  const { children } = parseHtml(markup, 'xhtml');
  let body: Element | null = null;
  eachElement(children, (node) => {
    if (node.name === 'body') body ??= node;
  });
  return body ?? element('body', {}, children);
}

function chapter(archive: Archive, part: string, title: string | undefined): ChildNode[] {
  const markup = archive.text(part);
  if (markup === null) return [];
  const body = bodyOf(markup);
  detach(body);
  let hasHeading = false;
  eachElement(body.children, ({ name }) => void (hasHeading ||= HEADING.test(name)));
  const isBlank = textOfNode(body).trim() === '';
  const heading =
    title !== undefined && title !== '' && !hasHeading && !isBlank ? [element('h2', {}, [title])] : [];
  return [...heading, ...body.children.filter((child) => isElement(child) || 'data' in child)];
}

const isChapter = (item: Record<string, string>): boolean =>
  /^(?:application\/xhtml\+xml|text\/html)$/.test(item['media-type'] ?? '');

/**
 * The chapters of an EPUB book in the order of its spine, or of its list of files, and what it says
 * about itself.
 */
export function readEpub(archive: Archive): { nodes: ChildNode[]; metadata: Metadata; chapters: number } {
  refuseEncrypted(archive);
  const part = packagePart(archive);
  const book = part === null ? null : readUnit(archive, part, 'package');
  if (part === null || book === null) throw new PageError('parse_failed', { cause: 'no package document' });
  const items = new Map(
    childrenOf(childOf(book, 'manifest'), 'item').map(({ attribs }) => [attribs['id'] ?? '', attribs]),
  );
  const partOf = (href: string | undefined): string | null =>
    href === undefined ? null : resolvePart(part, href);
  const nav = [...items.values()].find(({ properties }) => properties?.split(/\s+/).includes('nav'));
  const ncx = [...items.values()].find((item) => item['media-type'] === 'application/x-dtbncx+xml');
  const titles = chapterTitles(archive, partOf((nav ?? ncx)?.['href']));
  const spine = childrenOf(childOf(book, 'spine'), 'itemref')
    .filter(({ attribs }) => attribs['linear'] !== 'no')
    .map(({ attribs }) => items.get(attribs['idref'] ?? ''));
  const listed = spine.length > 0 ? spine : [...items.values()].filter(isChapter);
  const chapters = listed
    .slice(0, MAX_CHAPTERS)
    .flatMap((item) => partOf(item?.['href']) ?? [])
    .filter((path) => path !== partOf(nav?.['href']))
    .map((path) => chapter(archive, path, titles.get(path)))
    .filter((nodes) => nodes.length > 0);
  return {
    nodes: chapters.flat(),
    metadata: aboutBook(childOf(book, 'metadata')),
    chapters: chapters.length,
  };
}

function aboutBook(properties: ReturnType<typeof childOf>): Metadata {
  const named = childrenOf(properties).map((property) => {
    if (property.name === 'date') return { ...property, name: 'created' };
    const isModified = property.name === 'meta' && property.attribs['property'] === 'dcterms:modified';
    return isModified ? { ...property, name: 'modified' } : property;
  });
  const metadata = metadataOf(properties === null ? null : { ...properties, children: named });
  const subjects = childrenOf(properties, 'subject').map(textOf);
  return subjects.length > 0 ? { ...metadata, keywords: subjects.slice(0, 100) } : metadata;
}
