import { Document, type ChildNode } from 'domhandler';
import { blockVerdict, type Answer } from './block/index.ts';
import { contentKind } from './decode/content-kind.ts';
import { isXml, parseContentType, type ContentKind } from './decode/content-type.ts';
import { decode } from './decode/index.ts';
import { pick, plainMetadata, QUIET, type Content } from './documents/content.ts';
import { readCsv } from './documents/csv.ts';
import { readJson } from './documents/json.ts';
import { readMarkdown } from './documents/markdown.ts';
import { readText } from './documents/text.ts';
import { readXml } from './documents/xml.ts';
import { parseHtml } from './dom/index.ts';
import { placeEmbedded } from './dom/place/embedded.ts';
import { placeFormulas } from './dom/math/place-formulas.ts';
import { placeKeptLines } from './dom/place/kept-lines.ts';
import { placeRoles } from './dom/place/roles.ts';
import { markSideNotes, placeSideNotes } from './dom/place/sidenotes.ts';
import { withoutUnopened } from './dom/place/unopened.ts';
import { placeWordLists } from './dom/place/word-lists.ts';
import { needsBrowser } from './dom/scripted/needs-browser.ts';
import { readFields } from './fields/index.ts';
import type { PageData } from './fields/page-data.ts';
import { isScriptShell } from './dom/scripted/script-shell.ts';
import { placeStreamed } from './dom/scripted/streamed.ts';
import { checkAddresses } from './formats/address-budget.ts';
import { toHtml } from './formats/html.ts';
import { baseUrl, discoveredLinks } from './formats/links.ts';
import { imagesOf } from './formats/page-images.ts';
import { responseOf } from './formats/response.ts';
import { mainContent, removeNoise } from './main-content/index.ts';
import { toMarkdown } from './markdown/index.ts';
import { metadataOf } from './metadata/index.ts';
import { isRecord } from './metadata/structured-data.ts';
import { robotsOfHeaders } from './metadata/robots.ts';
import { excludeMatching, matchingSubtrees } from './selectors.ts';
import { toText } from './formats/text.ts';
import { closeHead } from './decode/unclosed-head.ts';
import { PageError, type Extraction, type Metadata, type ExtractOptions, type RawPage } from './types.ts';

const NO_BODY = Buffer.alloc(0);

const EMPTY: Content = {
  ...QUIET,
  markdown: () => '',
  html: () => '',
  text: () => '',
  source: '',
  metadata: plainMetadata(),
};

/**
 * The subtrees that the caller selected, even hidden ones, without scripts, styles and hidden
 * elements inside them.
 */
function selectedNodes(document: Document, selectors: string[]): ChildNode[] {
  const subtrees = matchingSubtrees(document, selectors);
  for (const subtree of subtrees) if ('children' in subtree) removeNoise(new Document(subtree.children));
  return subtrees;
}

/**
 * The nodes that the formats are rendered from. The caller's selection replaces the main content.
 */
function contentNodes(document: Document, url: string, options: ExtractOptions): ChildNode[] {
  if (options.exclude_selectors.length > 0) excludeMatching(document, options.exclude_selectors);
  if (options.include_selectors.length > 0) return selectedNodes(document, options.include_selectors);
  if (options.only_main_content) return mainContent(document, url);
  removeNoise(document);
  return document.children;
}

/** The values of the fields that were asked for. Content that is not HTML has none of them. */
function dataOf(
  document: Document,
  { base, metadata }: { base: string; metadata: Metadata },
  { fields }: ExtractOptions,
): PageData | undefined {
  if (fields == null) return undefined;
  const jsonLd = Array.isArray(metadata['json_ld']) ? metadata['json_ld'].filter(isRecord) : [];
  return readFields(document, fields, { base, language: metadata.language, jsonLd });
}

/**
 * Reads an HTML page. Metadata and links are read first, because finding the content removes nodes.
 */
function readHtml(document: Document, { url, rendered = false }: RawPage, options: ExtractOptions): Content {
  closeHead(document);
  placeStreamed(document);
  placeFormulas(document);
  const base = baseUrl(document, url);
  checkAddresses(document, base);
  const discovered = discoveredLinks(document, base, {
    withTexts: options.link_texts,
    keepsRoutes: rendered,
  });
  const about = metadataOf(document, base);
  const data = dataOf(document, { base, metadata: about.metadata }, options);
  // After the fields: their selectors know the page as it was sent.
  placeEmbedded(document);
  placeKeptLines(document);
  markSideNotes(document.children);
  const images = options.formats.includes('images') ? imagesOf(document, base) : [];
  const withoutText = !rendered && isScriptShell(document) ? 'needs_javascript' : 'no_text';
  const wantsBrowser = options.render === 'auto' && !rendered && needsBrowser(document);
  const wantsNodes = options.formats.some(
    (format) => format === 'markdown' || format === 'html' || format === 'text',
  );
  const shown = wantsNodes ? withoutUnopened(contentNodes(document, url, options)) : [];
  const nodes = placeWordLists(shown);
  placeRoles(nodes);
  placeSideNotes(nodes);
  return {
    ...about,
    data,
    markdown: () => toMarkdown(nodes, base),
    html: () => toHtml(nodes, base),
    text: () => toText(nodes),
    links: discovered.map((link) => link.url),
    images,
    discovered,
    withoutText,
    needsBrowser: wantsBrowser,
  };
}

function readAs(
  kind: Exclude<ContentKind, 'pdf' | 'office'>,
  page: RawPage,
  options: ExtractOptions,
): Content {
  const { type, charset } = parseContentType(page.contentType);
  const { text } = decode(page.body, { charset, markup: kind === 'html' || kind === 'xml' });
  page.body = NO_BODY;
  const readers = {
    html: () => {
      const document = parseHtml(text, isXml(type) ? 'xhtml' : 'html');
      const block = blockVerdict(answerOf(page), document);
      return { ...readHtml(document, page, options), block };
    },
    xml: () => readXml(text, page.url),
    json: () => readJson(text, page.url),
    markdown: () => readMarkdown(text, page.url),
    csv: () => readCsv(text),
    text: () => readText(text, type),
  };
  const content: Content = { ...readers[kind](), source: text };
  return kind === 'html' ? content : { ...content, block: blockVerdict(answerOf(page), text) };
}

function answerOf({ url, status, headers = {}, hops = [] }: RawPage): Answer {
  return { url, status, headers, hops };
}

async function read(page: RawPage, options: ExtractOptions): Promise<Content> {
  if (page.body.length === 0) return { ...EMPTY, block: blockVerdict(answerOf(page), null) };
  const kind = contentKind(page.contentType, page.url, page.body);
  if (kind === null) throw new PageError('unsupported_content_type');
  if (kind !== 'office' && kind !== 'pdf') return readAs(kind, page, options);
  // Loaded with the first such page: a reader starts a tenth sooner.
  if (kind === 'office') return (await import('./documents/office/index.ts')).readOffice(page.body, page.url);
  return await (await import('./documents/pdf/index.ts')).readPdf(page.body, page.url);
}

/**
 * Extracts the requested formats from a page of any supported kind. A body that is text is taken
 * from the page: the memory of a large one is wanted for what is read of it. Throws PageError
 * `unsupported_content_type` for a kind without text and `parse_failed` for a broken body. An empty
 * body gives empty strings. The selectors must have passed isValidSelector.
 */
export async function extract(page: RawPage, options: ExtractOptions): Promise<Extraction> {
  try {
    const content = await read(page, options);
    const about = { base: page.url, metadata: content.metadata };
    const data = content.data ?? dataOf(new Document([]), about, options);
    const extraction = pick({ ...content, data }, options.formats);
    const { noindex, nofollow } = robotsOfHeaders(page.robotsTags ?? []);
    const { robots } = extraction;
    return {
      ...extraction,
      ...(options.formats.includes('response') && { response: responseOf(page) }),
      robots: { noindex: robots.noindex || noindex, nofollow: robots.nofollow || nofollow },
    };
  } catch (error) {
    if (error instanceof PageError) throw error;
    throw new PageError('parse_failed', { cause: error });
  }
}
