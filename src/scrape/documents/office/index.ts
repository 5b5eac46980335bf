import { textOf as textOfNode } from '../../metadata/structured-data.ts';
import { PageError, type Metadata } from '../../types.ts';
import type { Content } from '../content.ts';
import { contentOfNodes } from '../nodes.ts';
import { Archive } from './archive.ts';
import { readDocx } from './docx/index.ts';
import { readEpub } from './epub.ts';
import { readOdf } from './odf/index.ts';
import { metadataOf, relationsOf, targetOf } from './package.ts';
import { readPptx } from './pptx.ts';
import { readRtf } from './rtf/index.ts';
import { readXlsx } from './xlsx/index.ts';
import { childrenOf, descendantsOf, readUnit } from './xml-units.ts';

type Nodes = Parameters<typeof contentOfNodes>[0];

interface Reading {
  nodes: Nodes;
  metadata: Metadata;
}

/** The main kinds of an office document, by what its main part's type calls them. */
const KINDS = ['wordprocessingml', 'spreadsheetml', 'presentationml'] as const;
const FOLDERS: Record<string, (typeof KINDS)[number]> = {
  word: 'wordprocessingml',
  xl: 'spreadsheetml',
  ppt: 'presentationml',
};

/** The first bytes of an OLE file, which holds an encrypted document or one of before 2007. */
const OLE_SIGNATURE = '\xd0\xcf\x11\xe0';
const RTF_SIGNATURE = '{\\rtf';
/** The name of the stream that holds an encrypted document, in UTF-16. */
const ENCRYPTED_PACKAGE = Buffer.from('EncryptedPackage', 'utf16le');

/** Office Open XML (ISO/IEC 29500-2): the package names its main part, and that part's type. */
function readOpenXml(archive: Archive): Reading {
  const relations = relationsOf(archive, '');
  const part = targetOf(relations, 'officeDocument');
  if (part === null) throw new PageError('unsupported_content_type');
  const properties = (type: string, name: string) => {
    const target = targetOf(relations, type);
    return target === null ? null : readUnit(archive, target, name);
  };
  const metadata = metadataOf(
    properties('core-properties', 'coreProperties'),
    properties('extended-properties', 'Properties'),
  );
  switch (kindOf(archive, part)) {
    case 'wordprocessingml':
      return { nodes: readDocx(archive, part), metadata };
    case 'spreadsheetml': {
      const { nodes, sheets, cut } = readXlsx(archive, part);
      return { nodes, metadata: { ...metadata, sheet_count: sheets, ...(cut && { cut: true }) } };
    }
    case 'presentationml': {
      const { nodes, slides } = readPptx(archive, part);
      return { nodes, metadata: { ...metadata, slide_count: slides } };
    }
    default:
      throw new PageError('unsupported_content_type');
  }
}

function kindOf(archive: Archive, part: string): (typeof KINDS)[number] | null {
  const types = readUnit(archive, '[Content_Types].xml', 'Types');
  const type = childrenOf(types, 'Override').find(
    ({ attribs }) => attribs['PartName']?.replace(/^\//, '').toLowerCase() === part.toLowerCase(),
  )?.attribs['ContentType'];
  if (type?.includes('binary')) return null;
  return KINDS.find((kind) => type?.includes(kind)) ?? FOLDERS[part.split('/')[0]!.toLowerCase()] ?? null;
}

/** OpenDocument (ISO/IEC 26300-3): a manifest lists the parts, and says which are encrypted. */
function readOpenDocument(archive: Archive, type: string): Reading {
  const manifest = readUnit(archive, 'META-INF/manifest.xml', 'manifest');
  if (manifest !== null && descendantsOf(manifest, 'encryption-data').length > 0)
    throw new PageError('document_encrypted');
  const metadata = metadataOf(readUnit(archive, 'meta.xml', 'meta'));
  const { nodes, slides, cut } = readOdf(archive, type.includes('spreadsheet'));
  return {
    nodes,
    metadata: { ...metadata, ...(slides > 0 && { slide_count: slides }), ...(cut && { cut: true }) },
  };
}

function read(archive: Archive): Reading {
  const type = archive.has('mimetype') ? (archive.text('mimetype') ?? '').trim() : '';
  if (type === 'application/epub+zip' || archive.has('META-INF/container.xml')) {
    const { nodes, metadata, chapters } = readEpub(archive);
    return { nodes, metadata: { ...metadata, chapter_count: chapters } };
  }
  if (type.startsWith('application/vnd.oasis.opendocument.')) return readOpenDocument(archive, type);
  if (archive.has('[Content_Types].xml')) return readOpenXml(archive);
  throw new PageError('unsupported_content_type');
}

/**
 * Reads DOCX, XLSX, PPTX, OpenDocument, EPUB and RTF. Throws PageError: `document_encrypted`,
 * `too_large`, `unsupported_content_type` for other archives.
 */
export function readOffice(body: Buffer, url: string): Content {
  if (body.toString('latin1', 0, 4) === OLE_SIGNATURE)
    throw new PageError(body.includes(ENCRYPTED_PACKAGE) ? 'document_encrypted' : 'unsupported_content_type');
  const isRtf = body.toString('latin1', 0, RTF_SIGNATURE.length) === RTF_SIGNATURE;
  const { nodes, metadata } = isRtf ? readRtf(body) : read(new Archive(body));
  const heading = nodes.find((node) => 'name' in node && node.name === 'h1');
  metadata.title ??= (heading && textOfNode(heading, 1000)) || null;
  const content = contentOfNodes(nodes, url, metadata);
  // A reference to a note leads to the document itself.
  const self = url.replace(/#.*$/, '');
  const discovered = content.discovered.filter((link) => link.url !== self);
  return { ...content, discovered, links: discovered.map((link) => link.url) };
}
