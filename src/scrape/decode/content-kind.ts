import { markedUtf16 } from '../../crawl/encoding.ts';
import { looksDelimited } from '../documents/csv.ts';
import { isSupportedContentType, kindOfType, parseContentType, type ContentKind } from './content-type.ts';

const HEAD_BYTES = 1024;

/** Signatures of formats that hold no readable text, as Latin-1. */
const MAGIC = {
  image: ['\x89PNG', '\xff\xd8\xff', 'GIF87a', 'GIF89a', 'II*\0', 'MM\0*', '\0\0\x01\0'],
  archive: [
    'PK\x03\x04',
    'PK\x05\x06',
    '\x1f\x8b',
    'BZh91AY',
    '\xfd7zXZ',
    '7z\xbc\xaf',
    'Rar!\x1a',
    '(\xb5/\xfd',
    '!<arch>',
  ],
  program: ['\x7fELF', 'MZ\x90', '\0asm', '\xca\xfe\xba\xbe', 'SQLite format 3\0'],
  media: ['OggS', 'ID3\x02', 'ID3\x03', 'ID3\x04', 'fLaC'],
  font: ['wOFF', 'wOF2', 'OTTO\0', '\0\x01\0\0'],
  page: ['%!PS'],
};
const SIGNATURES = Object.values(MAGIC).flat();

/** The start of an archive's first entry, and where its name begins. */
const ZIP_ENTRY = 'PK\x03\x04';
const NAME_OFFSET = 30;
/** Names that the first entries of a document's archive have. */
const OFFICE_ENTRY =
  /^(?:\[Content_Types\]\.xml|_rels\/|docProps\/|customXml\/|word\/|xl\/|ppt\/|mimetype|META-INF\/|content\.xml|OEBPS\/|EPUB\/)/i;
/** Older documents of an office, and encrypted ones of today. */
const OLE = '\xd0\xcf\x11\xe0';
const RTF = '{\\rtf';

/**
 * Whether the bytes are those of an office document or a book, or of an archive that is called one.
 */
function isOffice(declared: ContentKind | null, url: string, head: string): boolean {
  if (head.startsWith(OLE) || head.startsWith(RTF)) return true;
  if (!head.startsWith(ZIP_ENTRY)) return false;
  return OFFICE_ENTRY.test(head.slice(NAME_OFFSET)) || declared === 'office' || kindOfPath(url) === 'office';
}

function isBinaryFormat(head: string): boolean {
  return (
    SIGNATURES.some((signature) => head.startsWith(signature)) ||
    /^(?:[^]{4}ftyp|RIFF[^]{4}(?:WEBP|WAVE|AVI ))/.test(head)
  );
}

/**
 * Whether the bytes hold control characters that no text does (MIME Sniffing Standard, "binary data
 * byte"), UTF-16 apart.
 */
function looksBinary(body: Buffer): boolean {
  const head = body.subarray(0, HEAD_BYTES);
  if (markedUtf16(head) !== null) return false;
  const zeros = [0, 0];
  let controls = 0;
  for (const [i, byte] of head.entries()) {
    if (byte === 0) zeros[i & 1]!++;
    else if (byte < 0x20 && !'\t\n\f\r\x1b'.includes(String.fromCharCode(byte))) controls++;
  }
  const oneSided = Math.min(...zeros) * 10 < Math.max(...zeros);
  return controls > 0 || (zeros.some((count) => count > 0) && !oneSided);
}

/**
 * The start of the content as ASCII can be read in it, without byte order mark, zeros of UTF-16 and
 * leading space.
 */
function readableHead(head: string): string {
  return head
    .replace(/^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)/, '')
    .replaceAll('\0', '')
    .trimStart();
}

/** The markup that the content begins with, after XML declarations and comments. */
function kindOfMarkup(head: string): 'html' | 'feed' | 'xml' | null {
  const text = readableHead(head);
  const root = text.replace(/^(?:<\?xml[^>]*>|\s|<!--[^]*?-->)+/i, '');
  if (/^<(?:!doctype\s+html|html|head|body)(?:[\s>]|$)/i.test(root)) return 'html';
  if (/^<(?:[a-z]\w{0,20}:)?(?:rss|feed|RDF|urlset|sitemapindex)[\s>]/.test(root)) return 'feed';
  return /^<\?xml\s/i.test(text) ? 'xml' : null;
}

function isJson(body: Buffer): boolean {
  if (!/^[{[]/.test(readableHead(body.toString('latin1', 0, HEAD_BYTES)))) return false;
  try {
    JSON.parse(body.toString());
    return true;
  } catch {
    return false;
  }
}

const ENDINGS: Record<string, ContentKind> = {
  md: 'markdown',
  markdown: 'markdown',
  csv: 'csv',
  tsv: 'csv',
  json: 'json',
  geojson: 'json',
  xml: 'xml',
  rss: 'xml',
  atom: 'xml',
};
for (const ending of 'docx docm dotx xlsx xlsm xltx pptx pptm ppsx potx odt ods odp ott epub'.split(' '))
  ENDINGS[ending] = 'office';

/** The kind by the path's ending, for servers that call every file plain text. */
function kindOfPath(url: string): ContentKind | null {
  const ending = /\.([a-z]+)$/i.exec(URL.parse(url)?.pathname ?? '')?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(ENDINGS, ending) ? ENDINGS[ending]! : null;
}

/**
 * What a body is: by its first bytes where they are beyond doubt, else by its `Content-Type`, else
 * by its path and whether it looks like text. Null where no text can be made of it.
 */
export function contentKind(contentType: string | null, url: string, body: Buffer): ContentKind | null {
  const { type } = parseContentType(contentType);
  const declared = kindOfType(type);
  const head = body.toString('latin1', 0, HEAD_BYTES);
  if (declared === 'pdf' && head.includes('%PDF-')) return 'pdf';
  if (/^\s*%PDF-\d/.test(head)) return 'pdf';
  if (isOffice(declared, url, head)) return 'office';
  if (isBinaryFormat(head)) return null;

  const markup = kindOfMarkup(head);
  if (declared === 'markdown') return declared;
  if (markup === 'html') return 'html';
  if (declared === 'csv') return declared;
  if (markup === 'feed' || (markup === 'xml' && declared !== 'html')) return 'xml';
  if (declared === 'html') return isJson(body) ? 'json' : 'html';
  if (declared !== null && declared !== 'text' && declared !== 'office') return declared;

  if (looksBinary(body)) return null;
  if (declared === null && isJson(body)) return 'json';
  const named = kindOfPath(url);
  return (
    (named === 'office' ? null : named) ??
    (declared === null || declared === 'office'
      ? kindOfText(readableHead(head), body.length > HEAD_BYTES)
      : 'text')
  );
}

/** The kind of text that nothing is known of. */
function kindOfText(head: string, isCut: boolean): ContentKind {
  if (/^<[a-z!]/i.test(head)) return 'html';
  return looksDelimited(head, isCut) ? 'csv' : 'text';
}

/**
 * Whether a body is worth reading: by its `Content-Type`, or, where that stands for no text, by its
 * first bytes, since many types are wrong. Without `beginning` the type alone decides.
 */
export function isReadable(contentType: string | null, beginning?: Buffer): boolean {
  if (isSupportedContentType(contentType)) return true;
  return beginning !== undefined && beginning.length > 0 && contentKind(contentType, '', beginning) !== null;
}
