import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { FORMATS } from '../scrape/types.ts';
import type { ApiAnswer, ApiCall, CallApi } from './call.ts';
import type { PageBlock } from '../jobs/http/schemas/answers.ts';
import { contentOf, filesOf, headingOf, untrusted, urlsOf, type MapBlock } from './page-text.ts';
import { cutPages, decodePlace, encodePlace, type PageList } from './read-pages.ts';

/** The most pages of one answer of the API, and the characters that fit into a model's context. */
const PAGES = 20;
const MAX_CHARACTERS = 20_000;
const MAP_URLS = 200;

const scrapeFields = {
  formats: z
    .array(z.enum(FORMATS))
    .min(1)
    .optional()
    .describe('Markdown where it is missing. `data` needs `fields`.'),
  fields: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Values to read into `data`, like {"price": {"css": ".price", "as": "number"}}.'),
  only_main_content: z.boolean().optional().describe('Leave out navigation and the like; true by default.'),
  include_selectors: z.array(z.string()).optional().describe('CSS selectors: only what they match.'),
  exclude_selectors: z.array(z.string()).optional().describe('CSS selectors: all but what they match.'),
  max_age_seconds: z.int().min(0).optional().describe('Take an own earlier result of at most this age.'),
};
const fileFields = {
  screenshot: z
    .union([z.boolean(), z.strictObject({ full_page: z.boolean() })])
    .optional()
    .describe('Make a picture of the page, of the window or of all of it. Runs its scripts.'),
  pdf: z.boolean().optional().describe('Print the page as a PDF. Runs its scripts.'),
};
const webhookUrl = z.string().optional().describe('An https address that gets one signed POST at the end.');
const jobId = z.string().describe('The id of the job, like job_….');
const reads = { readOnlyHint: true, openWorldHint: true };
const starts = { readOnlyHint: false, destructiveHint: false, openWorldHint: true };

/**
 * Adds the tools with which a model scrapes pages, runs jobs and reads them, through the API at
 * `origin`.
 */
export function addTools(server: McpServer, api: CallApi, origin: string): void {
  const call = async (what: ApiCall, signal: AbortSignal, show: (text: string) => string) =>
    resultOf(await api(what, signal), show);

  server.registerTool(
    'scrape',
    {
      title: 'Scrape a page',
      description:
        'Fetches one web page now and returns its content, Markdown by default. A screenshot and a PDF are ' +
        'linked to; they are read with the key.',
      inputSchema: z.strictObject({
        url: z.string().describe('An http(s) URL.'),
        ...scrapeFields,
        ...fileFields,
      }),
      annotations: reads,
    },
    async ({ screenshot = false, pdf = false, ...input }, { signal }) => {
      const files = screenshot !== false || pdf ? { render: true, screenshot, pdf } : {};
      const answer = await api(post('/v1/scrape', { ...input, ...files }), signal);
      if (!answer.ok) return failure(answer.reason);
      const block = JSON.parse(answer.text) as PageBlock;
      if (block.error !== null) return failure(headingOf(block));
      const page = success(untrusted(`${headingOf(block)}\n\n${contentOf(block)}`));
      return { content: [...page.content, ...fileContents(block, origin)] };
    },
  );

  server.registerTool(
    'map',
    {
      title: 'Map a site',
      description:
        'Lists the URLs of a site now, from its start page and its sitemaps, with titles if known.',
      inputSchema: z.strictObject({
        url: z.string().describe('The start page of the site.'),
        search: z.string().optional().describe('Words that each URL or its title must have.'),
        max_urls: z.int().min(1).max(5000).optional().describe('200 where it is missing.'),
        include_paths: z.array(z.string()).optional().describe('Patterns of paths, like /docs/*.'),
        exclude_paths: z.array(z.string()).optional(),
        sitemap: z.enum(['include', 'only', 'skip']).optional(),
        allow_subdomains: z.boolean().optional(),
      }),
      annotations: reads,
    },
    async ({ max_urls = MAP_URLS, ...input }, { signal }) => {
      const answer = await api(post('/v1/map', { max_urls, ...input }), signal);
      if (!answer.ok) return failure(answer.reason);
      const block = JSON.parse(answer.text) as MapBlock;
      return block.error === null ? success(untrusted(urlsOf(block))) : failure(headingOf(block));
    },
  );

  server.registerTool(
    'batch',
    {
      title: 'Scrape many pages',
      description:
        'Queues up to 100,000 URLs. Returns the id of a job: follow it with job_status and read_pages.',
      inputSchema: z.strictObject({
        urls: z.array(z.string()).min(1),
        ...scrapeFields,
        webhook_url: webhookUrl,
      }),
      annotations: starts,
    },
    async (input, { signal }) => await call(post('/v1/scrape/batch/async', input), signal, same),
  );

  server.registerTool(
    'crawl',
    {
      title: 'Crawl a site',
      description:
        'Queues a crawl from a URL. Returns the id of a job: follow it with job_status and read_pages.',
      inputSchema: z.strictObject({
        url: z.string().describe('Where the crawl begins.'),
        max_pages: z.int().min(1).max(100_000).optional().describe('100 where it is missing.'),
        max_depth: z.int().min(0).optional(),
        include_paths: z.array(z.string()).optional().describe('Patterns of paths, like /docs/*.'),
        exclude_paths: z.array(z.string()).optional(),
        ...scrapeFields,
        webhook_url: webhookUrl,
      }),
      annotations: starts,
    },
    async (input, { signal }) => await call(post('/v1/crawl', input), signal, same),
  );

  server.registerTool(
    'job_status',
    {
      title: 'Follow a job',
      description: 'Says how a job stands. It has ended when its status is completed, failed or cancelled.',
      inputSchema: z.strictObject({
        job_id: jobId,
        wait_seconds: z.int().min(0).max(25).optional().describe('Wait at most this long for its end.'),
      }),
      annotations: reads,
    },
    async ({ job_id, wait_seconds = 0 }, { signal }) =>
      await call(get(`${jobPath(job_id)}?result=false&wait=${wait_seconds}`), signal, same),
  );

  server.registerTool(
    'read_pages',
    {
      title: 'Read the pages of a job',
      description:
        'Returns pages of a job, also while it runs, as many as fit. Call it again with next_cursor.',
      inputSchema: z.strictObject({
        job_id: jobId,
        cursor: z.string().optional().describe('The next_cursor of the call before.'),
        max_characters: z.int().min(500).max(200_000).optional().describe('20,000 where it is missing.'),
      }),
      annotations: reads,
    },
    async ({ job_id, cursor, max_characters = MAX_CHARACTERS }, { signal }) => {
      const place = decodePlace(cursor);
      if (place === null) return failure('cursor: take the next_cursor of the call before');
      const query = new URLSearchParams({
        limit: String(PAGES),
        ...(place.cursor && { cursor: place.cursor }),
      });
      return await call(get(`${jobPath(job_id)}/pages?${query.toString()}`), signal, (text) => {
        const cut = cutPages(JSON.parse(text) as PageList, place, max_characters);
        const next = cut.next === null ? 'null: this is the end' : encodePlace(cut.next);
        return `${untrusted(cut.text)}\nnext_cursor: ${next}`;
      });
    },
  );

  server.registerTool(
    'cancel_job',
    {
      title: 'Cancel a job',
      description: 'Stops a job. What was done so far can still be read.',
      inputSchema: z.strictObject({ job_id: jobId }),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
    },
    async ({ job_id }, { signal }) => await call(post(`${jobPath(job_id)}/cancel`, {}), signal, same),
  );

  server.registerTool(
    'list_deliveries',
    {
      title: 'List deliveries',
      description: 'Lists the callbacks that were sent, the newest first.',
      inputSchema: z.strictObject({
        job_id: z.string().optional(),
        status: z.enum(['pending', 'delivered', 'exhausted', 'cancelled']).optional(),
      }),
      annotations: { readOnlyHint: true },
    },
    async (filter, { signal }) => {
      const given = Object.entries(filter).filter(([, value]) => value !== undefined);
      const query = new URLSearchParams(given);
      return await call(get(`/v1/deliveries?${query.toString()}`), signal, same);
    },
  );
}

const post = (path: string, body: object): ApiCall => ({ method: 'POST', path, body });
const get = (path: string): ApiCall => ({ method: 'GET', path });
const same = (text: string) => text;
const jobPath = (id: string) => `/v1/jobs/${encodeURIComponent(id)}`;

function resultOf(answer: ApiAnswer, show: (text: string) => string): CallToolResult {
  return answer.ok ? success(show(answer.text)) : failure(answer.reason);
}

/** The files of a page: named for the model, and as links for its program. */
function fileContents(block: PageBlock, origin: string): CallToolResult['content'] {
  const text = filesOf(block, origin);
  const links = (block.files ?? []).map(({ name, path, type, bytes }) => ({
    type: 'resource_link' as const,
    uri: origin + path,
    name,
    mimeType: type,
    size: bytes,
  }));
  return text === '' ? [] : [{ type: 'text', text }, ...links];
}

const success = (text: string): CallToolResult => ({ content: [{ type: 'text', text }] });
const failure = (text: string): CallToolResult => ({ content: [{ type: 'text', text }], isError: true });
