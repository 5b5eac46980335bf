import type { PageBlock } from '../http/schemas/answers.ts';

/** Names that Firecrawl has for what our metadata calls otherwise. */
const METADATA: Record<string, string> = {
  modified_time: 'modifiedTime',
  published_time: 'publishedTime',
  section: 'articleSection',
  site_name: 'ogSiteName',
};
/** What Firecrawl shows elsewhere, or not at all. */
const LEFT_OUT = new Set(['json_ld', 'microdata', 'feeds', 'alternates']);

interface DocumentNames {
  /** Of the page, as `scrapeId`. */
  id: string;
  /** Where this service is, for the addresses of files; missing where nobody knows: then they are paths. */
  origin?: string;
}

/** A page block as a Firecrawl document. */
export function documentOf(block: PageBlock, { id, origin = '' }: DocumentNames) {
  const { markdown, html, raw_html, links, images } = block;
  return {
    ...(markdown === undefined ? {} : { markdown }),
    ...(html === undefined ? {} : { html }),
    ...(raw_html == null ? {} : { rawHtml: raw_html }),
    ...(links === undefined ? {} : { links }),
    ...(images === undefined ? {} : { images: images.map(({ url }) => url) }),
    ...picturesOf(block, origin),
    metadata: {
      ...metadataOf(block.metadata),
      sourceURL: block.url,
      url: block.final_url ?? block.url,
      ...(block.http_status === null ? {} : { statusCode: block.http_status }),
      ...(block.content_type === null ? {} : { contentType: block.content_type }),
      scrapeId: id,
      proxyUsed: 'basic',
      ...(block.error === null ? {} : { error: block.error.message }),
    },
  };
}

/** The picture of the page, those that actions took, and what became of the others. */
function picturesOf({ files = [], file_errors = [] }: PageBlock, origin: string) {
  const named = (pattern: RegExp) =>
    files.filter(({ name }) => pattern.test(name)).map(({ path }) => origin + path);
  const [screenshot] = named(/^\d+-screenshot\.\w+$/);
  const screenshots = named(/^\d+-screenshot-\d+\.\w+$/);
  const warning = file_errors.map(({ name, message }) => `${name}: ${message}`).join(' ');
  return {
    ...(screenshot === undefined ? {} : { screenshot }),
    ...(screenshots.length === 0 ? {} : { actions: { screenshots } }),
    ...(warning === '' ? {} : { warning }),
  };
}

/** `og_title` is `ogTitle` there; what a page does not say is left out. */
function metadataOf(metadata: Record<string, unknown>): Record<string, unknown> {
  const shown = Object.entries(metadata).filter(([name, value]) => value !== null && !LEFT_OUT.has(name));
  return Object.fromEntries(shown.map(([name, value]) => [METADATA[name] ?? camelCase(name), value]));
}

function camelCase(name: string): string {
  return name.replace(/[_:]+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
}
