/** A page block as the API answers it, as far as documents show it. */
export interface DocumentSource {
  url: string;
  final_url: string | null;
  status: string;
  http_status: number | null;
  content_type: string | null;
  markdown?: string;
  html?: string;
  raw_html?: string | null;
  links?: string[];
  images?: { url: string }[];
  metadata: Record<string, unknown>;
  error: { code: string; message: string } | null;
}

/** Names that Firecrawl has for what our metadata calls otherwise. */
const METADATA: Record<string, string> = {
  modified_time: 'modifiedTime',
  published_time: 'publishedTime',
  section: 'articleSection',
  site_name: 'ogSiteName',
};
/** What Firecrawl shows elsewhere, or not at all. */
const LEFT_OUT = new Set(['json_ld', 'microdata', 'feeds', 'alternates']);

/** A page block as a Firecrawl document. `id` names the page, as `scrapeId`. */
export function documentOf(block: DocumentSource, id: string) {
  const { markdown, html, raw_html, links, images } = block;
  return {
    ...(markdown === undefined ? {} : { markdown }),
    ...(html === undefined ? {} : { html }),
    ...(raw_html == null ? {} : { rawHtml: raw_html }),
    ...(links === undefined ? {} : { links }),
    ...(images === undefined ? {} : { images: images.map(({ url }) => url) }),
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

/** `og_title` is `ogTitle` there; what a page does not say is left out. */
function metadataOf(metadata: Record<string, unknown>): Record<string, unknown> {
  const shown = Object.entries(metadata).filter(([name, value]) => value !== null && !LEFT_OUT.has(name));
  return Object.fromEntries(shown.map(([name, value]) => [METADATA[name] ?? camelCase(name), value]));
}

function camelCase(name: string): string {
  return name.replace(/[_:]+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
}
