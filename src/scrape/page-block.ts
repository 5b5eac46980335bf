import type { BlockVerdict } from './block/index.ts';
import { TextBuilder } from './long-text/text-builder.ts';
import {
  FILE_ERRORS,
  PAGE_ERRORS,
  type Extraction,
  type Format,
  type PageErrorCode,
  type PageFiles,
} from './types.ts';

/** Facts about a page that was fetched or refused. */
interface PageFacts {
  /** The requested URL. */
  url: string;
  fetchedAt: Date;
  durationMs: number;
}

export interface OkPage extends PageFacts {
  /** The URL that answered, after redirects. */
  finalUrl: string;
  contentType: string | null;
  /** The HTTP status, 100–999. */
  status: number;
  /** Whether the body ended early: the formats are of what came. */
  truncated?: boolean;
  /** Whether a browser has run its scripts. */
  rendered?: boolean;
  /** The proxy that it came through. */
  via?: number | 'caller' | null;
  /** Whether the site's certificate was not verified, as the caller asked. */
  skipTlsVerification?: boolean;
  files?: PageFiles | undefined;
  /** Of a run of a schedule: what became of it since the run before. */
  comparison?: PageComparison | null;
}

/** A page beside what it was before. */
export interface PageComparison {
  change: 'added' | 'changed' | 'unchanged';
  /** SHA-256 of its content, in hex. */
  sha256: string;
  /** The same of what it was; null where nothing is known. */
  previousSha256: string | null;
  /** Of a changed page, where it is wanted; null where the two cannot be compared line by line. */
  diff?: string | null;
}

/** A page without content. The first three are missing, or null, where there was no answer. */
export interface FailedPage extends PageFacts {
  finalUrl?: string | null;
  httpStatus?: number | null;
  contentType?: string | null;
  status: 'failed' | 'skipped' | 'cancelled';
  code: PageErrorCode;
  /** What is known of the fault beyond its code. */
  detail?: string | null;
  /** Why the site is left alone. */
  block?: BlockVerdict | null;
}

/** What stands for a format of which a page has nothing. */
const NOTHING = {
  markdown: '',
  html: '',
  raw_html: null,
  text: '',
  links: [],
  images: [],
  response: null,
} satisfies Partial<Record<Format, unknown>>;
const NO_METADATA = { title: null, description: null, language: null, canonical_url: null };
const CONTENT_FORMATS = Object.keys(NOTHING) as (keyof typeof NOTHING)[];

/** U+0000 and surrogates, as JSON.stringify writes them. */
const UNSTORABLE = /^(?:0000|d[89a-f])/;

/**
 * JSON text without escapes for U+0000 and lone surrogates, which Postgres' jsonb refuses.
 * JSON.stringify always writes those as escapes and never writes paired surrogates as escapes.
 */
export function storableJson(value: unknown): string {
  const json = JSON.stringify(value);
  let from = 0;
  const kept = new TextBuilder();
  for (let at = json.indexOf('\\u'); at !== -1; at = json.indexOf('\\u', at + 2)) {
    if (!UNSTORABLE.test(json.slice(at + 2, at + 6)) || isEscaped(json, at)) continue;
    kept.add(json.slice(from, at));
    from = at + 6;
  }
  if (from === 0) return json;
  kept.add(json.slice(from));
  return kept.toString();
}

/** Whether the backslash at a place is itself escaped. */
function isEscaped(json: string, at: number): boolean {
  let before = at;
  while (json[before - 1] === '\\') before--;
  return (at - before) % 2 === 1;
}

/**
 * The JSON text of the block of a page that answered with any HTTP status. The contract fixes the
 * order of its keys.
 */
export function okBlock(page: OkPage, extraction: Extraction, formats: Format[]): string {
  const content = CONTENT_FORMATS.filter((format) => formats.includes(format));
  return storableJson({
    ...answerFields(page),
    ...Object.fromEntries(content.map((format) => [format, extraction[format] ?? NOTHING[format]])),
    ...(extraction.data && { data: extraction.data.data, data_errors: extraction.data.errors }),
    ...shownFiles(page.files),
    metadata: extraction.metadata,
    ...(page.truncated && { truncated: true }),
    ...(page.rendered && { rendered: true }),
    ...(extraction.empty !== null && { empty: true, empty_reason: extraction.empty }),
    ...(page.via != null && { via: page.via }),
    ...(page.skipTlsVerification && { skip_tls_verification: true }),
    block: extraction.block,
    ...comparisonFields(page.comparison ?? null),
    error: null,
    ...timeFields(page),
  });
}

const answerFields = ({ url, finalUrl, status, contentType }: OkPage) => ({
  url,
  final_url: finalUrl,
  status: 'ok',
  http_status: status,
  content_type: contentType,
});

const timeFields = ({ fetchedAt, durationMs }: PageFacts) => ({
  fetched_at: fetchedAt.toISOString(),
  duration_ms: Math.round(durationMs),
});

function comparisonFields(comparison: PageComparison | null) {
  if (comparison === null) return {};
  const { change, sha256, previousSha256, diff } = comparison;
  return {
    change,
    sha256,
    ...(previousSha256 !== null && { previous_sha256: previousSha256 }),
    ...(diff !== undefined && { diff }),
  };
}

/** The JSON text of the block of a page of which its site said that it has not changed (304). */
export function notModifiedBlock(page: OkPage & { sha256: string }): string {
  const { sha256 } = page;
  return storableJson({
    ...answerFields(page),
    metadata: NO_METADATA,
    ...(page.via != null && { via: page.via }),
    block: null,
    ...comparisonFields({ change: 'unchanged', sha256, previousSha256: sha256 }),
    error: null,
    ...timeFields(page),
  });
}

function shownFiles({ files, faults }: PageFiles = { files: [], faults: [] }) {
  return {
    ...(files.length > 0 && { files }),
    ...(faults.length > 0 && {
      file_errors: faults.map(({ name, code }) => ({ name, code, message: FILE_ERRORS[code] })),
    }),
  };
}

/** The JSON text of the block of a page that failed, was skipped or was cancelled. */
export function failedBlock(page: FailedPage): string {
  return storableJson({
    url: page.url,
    final_url: page.finalUrl ?? null,
    status: page.status,
    http_status: page.httpStatus ?? null,
    content_type: page.contentType ?? null,
    metadata: NO_METADATA,
    block: page.block ?? null,
    error: { code: page.code, message: page.detail ?? PAGE_ERRORS[page.code] },
    ...timeFields(page),
  });
}
