import type { BlockVerdict } from './block/verdict.ts';
import type { Fields } from './fields/field.ts';
import type { PageData } from './fields/page-data.ts';

/** The forms in which a page's content can be asked for. */
export const FORMATS = [
  'markdown',
  'html',
  'raw_html',
  'text',
  'links',
  'images',
  'metadata',
  'response',
  'data',
] as const;
export type Format = (typeof FORMATS)[number];

/**
 * The closed list of `error.code`s that a page block can carry, each with the sentence a caller
 * reads.
 */
export const PAGE_ERRORS = {
  blocked_target:
    'The address is not public (ALLOW_PRIVATE_TARGETS opens networks), or its port is not one of web ' +
    'servers.',
  dns_failed: 'The host name could not be resolved.',
  connection_failed: 'The connection was refused, reset or closed before an answer came.',
  proxy_failed: 'No proxy made the connection.',
  tls_failed: 'The TLS handshake failed.',
  timeout: 'The page did not arrive within timeout_ms.',
  too_many_redirects: 'More than 10 redirects, or a redirect loop.',
  invalid_response: 'The answer was not valid HTTP, or its body could not be decompressed.',
  too_large:
    'The page is larger than the limit, reading it takes too much memory, or its formats are larger ' +
    'than 12 MiB together.',
  unsupported_content_type:
    'The content is of a kind that is not read, such as pictures, archives and documents of before 2007.',
  render_timeout: 'The page was not rendered, or what was waited for did not come, within timeout_ms.',
  render_failed: 'The browser could not render the page, or not do with it what was asked.',
  document_encrypted: 'The document is encrypted, and cannot be read without its password.',
  parse_timeout: 'The page took too long to parse.',
  parse_failed: 'The page could not be parsed.',
  deadline_exceeded: 'The time of the request or of its job was up before this page was done.',
  robots: 'The site does not want this page fetched (robots.txt, or its noindex).',
  out_of_scope: 'The page redirects to an address outside the crawl.',
  duplicate: 'Another page of this crawl leads to the same content address.',
  blocked_by_site: 'The site answered several pages of this job in a row with block pages; it is left alone.',
  cancelled: 'The job was cancelled before this page was done.',
  invalid_url: 'This is not an absolute http or https URL without user name and password.',
  internal_error: 'The page failed for a reason on our side.',
} as const;
export type PageErrorCode = keyof typeof PAGE_ERRORS;

/**
 * A failure that belongs in a page block. `cause` and `detail` go to the log only, never to the
 * caller.
 */
export class PageError extends Error {
  readonly code: PageErrorCode;
  constructor(code: PageErrorCode, options?: { cause?: unknown }) {
    super(PAGE_ERRORS[code], options);
    this.name = 'PageError';
    this.code = code;
  }
}

/**
 * The closed list of codes with which a file of a page fails, each with the sentence a caller
 * reads. The page itself is none the worse.
 */
export const FILE_ERRORS = {
  too_large: 'The file is larger than 10 MiB, or the files of the page are larger than 20 MiB together.',
  failed: 'The browser could not make the file.',
} as const;
export type FileErrorCode = keyof typeof FILE_ERRORS;

/** A file could not be made of a page. */
export class PageFileError extends Error {
  override name = 'PageFileError';
  readonly code: FileErrorCode;
  constructor(code: FileErrorCode) {
    super(FILE_ERRORS[code]);
    this.code = code;
  }
}

/** A file of a job that was made of a page, as its block shows it. */
export interface PageFile {
  name: string;
  path: string;
  type: string;
  bytes: number;
  /** In hex. */
  sha256: string;
  /** Of a picture, in pixels. */
  width?: number;
  height?: number;
  /** The page goes on below the picture. */
  truncated?: true;
}

/** The files that were made of a page, and those that could not be. */
export interface PageFiles {
  files: PageFile[];
  faults: { name: string; code: FileErrorCode }[];
}

/** What of a page is wanted. */
export interface ExtractOptions {
  formats: Format[];
  only_main_content: boolean;
  include_selectors: string[];
  exclude_selectors: string[];
  /** The values to read into `data`; jobs of before they existed have none. */
  fields?: Fields | null;
  /** `auto`: whether the page needs a browser is wanted too. */
  render?: boolean | 'auto';
  /** Whether the texts of links are wanted too. */
  link_texts?: boolean;
}

/**
 * A redirect on the way to a page: the URL that answered with it, and its status, null where a
 * browser followed it.
 */
export interface Hop {
  url: string;
  status: number | null;
}

/** A page as it came off the wire: content-encoding already undone, charset not yet. */
export interface RawPage {
  /** The URL that finally answered, after redirects. */
  url: string;
  status: number;
  /** By lower-case name. */
  headers?: Record<string, string>;
  /** The redirects on the way; the first is of the URL that was asked for. */
  hops?: readonly Hop[];
  /** The `Content-Type` header as sent, or null. */
  contentType: string | null;
  /** The `X-Robots-Tag` headers. */
  robotsTags?: readonly string[];
  /** Whether the body ended early. */
  truncated?: boolean;
  /** Whether a browser has run its scripts. */
  rendered?: boolean;
  /** The proxy that it came through: a number of the pool, or the caller's own; null: none. */
  via?: number | 'caller' | null;
  files?: PageFiles;
  body: Buffer;
}

/**
 * `title`, `description`, `language` and `canonical_url` are always present, null where the page
 * does not say.
 */
export interface Metadata {
  title: string | null;
  description: string | null;
  language: string | null;
  canonical_url: string | null;
  [key: string]: unknown;
}

/** One link for the crawler: absolute http(s) URL, in document order. */
export interface DiscoveredLink {
  url: string;
  nofollow: boolean;
  /** What a reader sees of it, where that was asked for and there is some. */
  text?: string;
}

/** A picture of a page. What the page does not say is null. */
export interface PageImage {
  url: string;
  /** Empty for a picture that only decorates. */
  alt: string | null;
  /** In pixels, as the page declares them. */
  width: number | null;
  height: number | null;
}

/** How a page was answered. */
export interface PageResponse {
  status: number;
  /** By lower-case name, without those that set cookies. */
  headers: Record<string, string>;
  redirects: Hop[];
}

/** Why a page has no text, each with the sentence a caller reads. */
export const EMPTY_REASONS = {
  scanned_pdf: 'The document consists of pictures of its pages.',
  needs_javascript: 'The page is made by a script, which was not run.',
  no_text: 'The page has no text.',
} as const;
export type EmptyReason = keyof typeof EMPTY_REASONS;

/**
 * A page with one of these holds something that was not read: it costs nothing and is not reused.
 */
export const UNBILLED_REASONS: ReadonlySet<EmptyReason> = new Set(['scanned_pdf', 'needs_javascript']);

/** All that is read out of one page. The formats that were not asked for are absent. */
export interface Extraction {
  markdown?: string;
  html?: string;
  text?: string;
  /** The text as it came, its charset undone; null where the page is not text. */
  raw_html?: string | null;
  /** Absolute http(s) URLs of the page, each once, in document order. */
  links?: string[];
  /** The pictures of the page, each address once, in document order. */
  images?: PageImage[];
  response?: PageResponse;
  /** The values of the fields that were asked for, and what is wrong with them. */
  data?: PageData | undefined;
  metadata: Metadata;
  discovered: DiscoveredLink[];
  /** What `<meta name=robots>` and `X-Robots-Tag` say of the page itself. */
  robots: { noindex: boolean; nofollow: boolean };
  /** Why this is no answer to the request but a block page; null where it is one. */
  block: BlockVerdict | null;
  /** Why there is no text; null where there is some, or no text was asked for. */
  empty: EmptyReason | null;
  /** Whether a browser would find more to read. Looked at where `render` is `auto`. */
  needsBrowser?: boolean;
}
