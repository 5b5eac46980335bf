/** What can be read out of a body. */
export type ContentKind = 'html' | 'text' | 'markdown' | 'csv' | 'json' | 'xml' | 'pdf' | 'office';

export interface ContentType {
  /** `type/subtype` in lower case, or null where the header is missing or malformed. */
  type: string | null;
  /** The `charset` parameter as sent, or null. */
  charset: string | null;
}

/**
 * Reads a `Content-Type` header (RFC 9110, section 8.3); of several joined by commas, the first.
 * Never throws.
 */
export function parseContentType(header: string | null): ContentType {
  const type = /^\s*([\w!#$&^.+-]+\/[\w!#$&^.+-]+)/.exec(header ?? '')?.[1]?.toLowerCase() ?? null;
  const charset = /;\s*charset\s*=\s*["']?([^\s"';,]+)/i.exec(header ?? '')?.[1] ?? null;
  return { type, charset };
}

/** Whether a media type (in lower case) says that its markup is written by the rules of XML. */
export function isXml(type: string | null): boolean {
  return type !== null && /[/+]xml$/.test(type);
}

const BINARY_FAMILIES = /^(?:image|audio|video|font|model)\//;
const BINARY_APPLICATIONS = new Set(
  [
    'zip gzip x-gzip x-tar x-7z-compressed x-rar x-rar-compressed x-bzip x-bzip2 x-xz zstd java-archive',
    'wasm msword postscript font-woff x-font-ttf x-font-woff x-shockwave-flash ogg mp4 protobuf ' +
      'x-protobuf grpc cbor',
    'x-msdownload x-executable x-iso9660-image x-apple-diskimage x-debian-package x-rpm x-sqlite3 ' +
      'x-bittorrent',
  ].flatMap((names) => names.split(' ').map((name) => `application/${name}`)),
);

/**
 * Whether a body of this `Content-Type` may be worth downloading. Lenient: what is missing,
 * malformed, generic or unknown is let through, to be judged by its bytes.
 */
export function isSupportedContentType(contentType: string | null): boolean {
  const { type } = parseContentType(contentType);
  if (type === null || kindOfType(type) !== null) return true;
  return !(
    BINARY_FAMILIES.test(type) ||
    BINARY_APPLICATIONS.has(type) ||
    type.startsWith('application/vnd.')
  );
}

/** Office Open XML, with macros or without, OpenDocument, books, and RTF. */
const OFFICE =
  /^(?:application|text)\/(?:(?:x-)?rtf|richtext)$|^application\/(?:epub\+zip|vnd\.(?:openxmlformats-officedocument|oasis\.opendocument)\.|vnd\.ms-(?:word|excel|powerpoint)\.[a-z]+\.macroenabled)/;
/** Text of rows and cells, by its registered names and those in use. */
const DELIMITED = /^(?:text|application)\/(?:x-)?(?:csv|tsv|tab-separated-values|comma-separated-values)$/;
const TEXT_APPLICATIONS =
  /^application\/(?:x-)?(?:javascript|ecmascript|typescript|yaml|toml|sh|ndjson|json-?lines|json5|sql|tex|latex|perl|subrip)$/;

/**
 * The kind that a media type (in lower case) stands for, or null where it is generic, unknown or
 * binary.
 */
export function kindOfType(type: string | null): ContentKind | null {
  if (type === null) return null;
  if (type === 'text/html' || type === 'application/xhtml+xml') return 'html';
  if (type === 'application/pdf' || type === 'application/x-pdf') return 'pdf';
  if (OFFICE.test(type)) return 'office';
  if (/^text\/(?:x-)?(?:web-)?markdown$/.test(type)) return 'markdown';
  if (DELIMITED.test(type)) return 'csv';
  if (/[/+]json$/.test(type)) return 'json';
  if (isXml(type)) return 'xml';
  return type.startsWith('text/') || TEXT_APPLICATIONS.test(type) ? 'text' : null;
}
