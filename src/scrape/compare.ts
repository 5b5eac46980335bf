import { hash } from 'node:crypto';
import type { Extraction, ExtractOptions } from './types.ts';

/** The formats that count as content. Their order is part of the hash. */
const CONTENT = ['markdown', 'html', 'raw_html', 'text', 'links', 'images'] as const;

/** A longer text is not kept to be compared line by line. */
export const MAX_DIFF_CHARACTERS = 256 * 1024;
/** What a diff may take. Two texts that have nothing in common would take minutes. */
const DIFF_MS = 1000;
const CONTEXT_LINES = 3;

/**
 * SHA-256 (hex) of what counts as the content of a page: the values of `fields` where they were
 * asked for, else the formats that were, else the metadata.
 */
export function contentSha256(extraction: Extraction, { fields, formats }: ExtractOptions): string {
  if (fields != null) return sha256(extraction.data?.data ?? null);
  const wanted = CONTENT.filter((format) => formats.includes(format));
  if (wanted.length === 0) return sha256(extraction.metadata);
  return sha256(wanted.map((format) => extraction[format] ?? null));
}

const sha256 = (value: unknown) => hash('sha256', JSON.stringify(value));

/**
 * What a diff compares, line by line: the values of `fields` as JSON where they were asked for,
 * with sorted names, else the Markdown. Null where there is neither.
 */
export function comparedText(extraction: Extraction, { fields }: ExtractOptions): string | null {
  if (fields != null) return JSON.stringify(extraction.data?.data ?? null, sortNames, 2);
  return extraction.markdown ?? null;
}

function sortNames(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The unified diff between two versions of what a page holds. Null where they are too large, or too
 * different to be compared in a second.
 */
export async function textDiff(before: string, after: string): Promise<string | null> {
  if (before.length > MAX_DIFF_CHARACTERS || after.length > MAX_DIFF_CHARACTERS) return null;
  // Few pages need it: a reader that is about to read its first page starts without it.
  const { createTwoFilesPatch, FILE_HEADERS_ONLY } = await import('diff');
  const options = { context: CONTEXT_LINES, timeout: DIFF_MS, headerOptions: FILE_HEADERS_ONLY };
  return createTwoFilesPatch('before', 'after', withBreak(before), withBreak(after), '', '', options) ?? null;
}

/** A last line without a line break would be marked as such in every diff. */
const withBreak = (text: string) => (text === '' || text.endsWith('\n') ? text : `${text}\n`);
