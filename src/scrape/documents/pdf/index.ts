import { getDocumentProxy } from 'unpdf';
import { resolveHttpUrl } from '../../formats/links.ts';
import { storable } from '../../storable.ts';
import { isRecord, textOf } from '../../metadata/structured-data.ts';
import { PageError } from '../../types.ts';
import { type Content, plainMetadata } from '../content.ts';
import { contentOfNodes } from '../nodes.ts';
import { PredefinedCMaps } from './cmaps.ts';
import { withFilledIn } from './filled-in.ts';
import { layOut } from './layout.ts';
import { withLinks, type LinkArea, type TextPiece } from './pieces.ts';
import { withPageList } from './repair.ts';

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>;
type Page = Awaited<ReturnType<Pdf['getPage']>>;

const MAX_PAGES = 1_000;
/** Reading ends with the page during which this has passed. */
const MAX_MILLISECONDS = 10_000;
const MAX_CHARS = 10_000_000;
/** Links beyond this are listed, and not put into the text. */
const MAX_LINKS_PER_PAGE = 500;

async function piecesOf(page: Page): Promise<TextPiece[]> {
  const { items } = await page.getTextContent();
  return items.flatMap((item) => {
    if (!('str' in item)) return [];
    const [a, b, c, d, x, y] = item.transform.map(Number);
    return {
      text: storable(item.str),
      x: x!,
      y: y!,
      width: item.width,
      size: Math.hypot(c!, d!),
      endsLine: item.hasEOL,
      turns: (Math.round(Math.atan2(b!, a!) / (Math.PI / 2)) + 4) % 4,
      isReversed: item.dir === 'rtl',
      href: null,
    };
  });
}

/** The link annotations of a page that lead to http(s) addresses. */
function linksIn(annotations: readonly unknown[]): LinkArea[] {
  return annotations.flatMap((annotation) => {
    if (!isRecord(annotation) || typeof annotation['url'] !== 'string') return [];
    const href = resolveHttpUrl(annotation['url'], annotation['url']);
    const [x1, y1, x2, y2] = Array.isArray(annotation['rect']) ? annotation['rect'].map(Number) : [];
    if (href === null || y2 === undefined) return [];
    const [left, right] = [Math.min(x1!, x2!), Math.max(x1!, x2!)];
    return { href, left, right, bottom: Math.min(y1!, y2), top: Math.max(y1!, y2) };
  });
}

/** `D:20240102030405+01'00'` (ISO 32000-1, section 7.9.4) as RFC 3339, or null. */
function pdfDate(value: unknown): string | null {
  const parts = /^D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:([+-])(\d\d)'?(\d\d)?|Z)?/.exec(
    String(value),
  );
  if (!parts) return null;
  const [
    ,
    year,
    month = '01',
    day = '01',
    hour = '00',
    minute = '00',
    second = '00',
    sign,
    offset,
    offsetMinutes = '00',
  ] = parts;
  const zone = sign === undefined ? 'Z' : `${sign}${offset}:${offsetMinutes}`;
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

async function metadataOf(pdf: Pdf) {
  const { info } = await pdf.getMetadata().catch(() => ({ info: null }));
  const fields = isRecord(info) ? info : {};
  const text = (key: string): string | null =>
    typeof fields[key] === 'string' ? storable(fields[key].slice(0, 1000)).trim() || null : null;
  const known = {
    author: text('Author'),
    published_time: pdfDate(fields['CreationDate']),
    modified_time: pdfDate(fields['ModDate']),
    generator: text('Producer'),
  };
  return plainMetadata({
    title: text('Title'),
    description: text('Subject'),
    language: text('Language'),
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null)),
    page_count: pdf.numPages,
  });
}

/** The pieces of a page, and where its links lead. */
async function readPage(page: Page): Promise<{ pieces: TextPiece[]; areas: LinkArea[] }> {
  const annotations: unknown[] = await page.getAnnotations();
  const areas = linksIn(annotations);
  const written = withLinks(await piecesOf(page), areas.slice(0, MAX_LINKS_PER_PAGE));
  return { pieces: withFilledIn(written, annotations), areas };
}

/**
 * Page after page until the document, the time or the measure of text is over. A page that is
 * broken is left out; where all are, throws what is wrong with the first.
 */
async function readPages(pdf: Pdf): Promise<{ pages: TextPiece[][]; links: string[] }> {
  const deadline = performance.now() + MAX_MILLISECONDS;
  const pages: TextPiece[][] = [];
  const links = new Set<string>();
  const faults: unknown[] = [];
  let chars = 0;
  for (let number = 1; number <= Math.min(pdf.numPages, MAX_PAGES); number++) {
    if (performance.now() > deadline || chars > MAX_CHARS) break;
    try {
      const page = await pdf.getPage(number);
      const { pieces, areas } = await readPage(page);
      for (const { href } of areas) links.add(href);
      for (const { text } of pieces) chars += text.length;
      pages.push(pieces);
      page.cleanup();
    } catch (error) {
      faults.push(error);
    }
  }
  if (pages.length === 0 && faults.length > 0) throw faults[0];
  return { pages, links: [...links] };
}

async function openPdf(body: Buffer): Promise<Pdf> {
  try {
    return await parse(body);
  } catch (error) {
    const { name } = error instanceof Error ? error : { name: '' };
    if (name === 'PasswordException') throw new PageError('document_encrypted', { cause: error });
    const repaired = name === 'InvalidPDFException' ? withPageList(body) : null;
    if (repaired === null) throw error;
    return await parse(repaired);
  }
}

async function parse(body: Buffer): Promise<Pdf> {
  return await getDocumentProxy(new Uint8Array(body), {
    useSystemFonts: false,
    verbosity: 0,
    cMapUrl: 'cmaps/',
    BinaryDataFactory: PredefinedCMaps,
  });
}

/**
 * The text of a PDF, headings told by their size, with `page_count` in the metadata (and
 * `pages_read` where it is fewer). Throws on
 * what is broken, and PageError `document_encrypted` where it needs a password.
 */
export async function readPdf(body: Buffer, url: string): Promise<Content> {
  const pdf = await openPdf(body);
  try {
    const metadata = await metadataOf(pdf);
    const { pages, links } = await readPages(pdf);
    if (pages.length < pdf.numPages) metadata.pages_read = pages.length;
    const nodes = layOut(pages);
    const heading = nodes.find((node) => 'name' in node && node.name === 'h1');
    metadata.title ??= (heading && textOf(heading, 1000)) || null;
    const content = contentOfNodes(nodes, url, metadata);
    return {
      ...content,
      links,
      discovered: links.map((link) => ({ url: link, nofollow: false })),
      withoutText: hasPictures(body) ? 'scanned_pdf' : 'no_text',
    };
  } finally {
    await pdf.loadingTask.destroy();
  }
}

/**
 * Whether the document holds pictures. Their dictionaries stand beside their data, and so are never
 * compressed.
 */
function hasPictures(body: Buffer): boolean {
  return /\/Subtype\s{0,20}\/Image\b/.test(body.toString('latin1'));
}
