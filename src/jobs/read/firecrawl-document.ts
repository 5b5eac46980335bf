import type { PageBlock } from '../http/schemas/answers.ts';

/** Firecrawl's names of metadata, where they are not ours in camel case. */
const METADATA: Record<string, string> = {
  modified_time: 'modifiedTime',
  published_time: 'publishedTime',
  section: 'articleSection',
  site_name: 'ogSiteName',
};
/** What Firecrawl shows elsewhere, or not at all. */
const LEFT_OUT = new Set(['json_ld', 'microdata', 'feeds', 'alternates']);

interface DocumentNames {
  /** The page's, shown as `scrapeId`. */
  id: string;
  /** The origin of this service, for the addresses of files; where it is missing they are paths. */
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

/** The picture of the page, those that actions took, and the faults of the others. */
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

/** Firecrawl's names, like `ogTitle` for `og_title`, without what the page does not say. */
function metadataOf(metadata: Record<string, unknown>): Record<string, unknown> {
  const shown = Object.entries(metadata).filter(([name, value]) => value !== null && !LEFT_OUT.has(name));
  return Object.fromEntries(shown.map(([name, value]) => [METADATA[name] ?? camelCase(name), value]));
}

function camelCase(name: string): string {
  return name.replace(/[_:]+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
}
