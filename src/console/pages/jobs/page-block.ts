import type { PageChange } from '../../../database/enumerations.ts';
import type { PageRow } from '../../../jobs/read/jobs.ts';
import type { BlockVerdict } from '../../../scrape/block/index.ts';
import { PAGE_ERRORS, type PageFile } from '../../../scrape/types.ts';
import { html, safeHref, type Content, type Html } from '../../../http/html/html.ts';
import { MAX_MARKDOWN_LENGTH, renderMarkdown } from '../../view/markdown/index.ts';
import { count, duration, exactTime } from '../../view/format.ts';
import { badge, facts, source } from '../../view/parts.ts';

/** Characters shown of each form; the API has all of it. */
const MAX_SHOWN = MAX_MARKDOWN_LENGTH;
const MAX_LINKS = 500;
/** The names under which the parts are saved. */
const FILES: Record<string, string> = {
  Markdown: 'page.md',
  'Markdown source': 'page.md',
  HTML: 'page.html',
  'Raw HTML': 'raw.html',
  Text: 'page.txt',
  Images: 'images.json',
  Response: 'response.json',
  Data: 'data.json',
  Diff: 'page.diff',
  Metadata: 'metadata.json',
  'Page block': 'page.json',
};

/** The fields of a stored page block that are shown here. */
interface Block {
  url: string;
  final_url: string | null;
  http_status: number | null;
  content_type: string | null;
  markdown?: string;
  html?: string;
  text?: string;
  raw_html?: string | null;
  links?: string[];
  images?: unknown[];
  response?: unknown;
  data?: unknown;
  data_errors?: unknown[];
  files?: PageFile[];
  file_errors?: { name: string; message: string }[];
  metadata?: Record<string, unknown>;
  /** Absent in blocks of before there were verdicts. */
  block?: BlockVerdict | null;
  /** Of a run of a schedule. */
  change?: PageChange;
  diff?: string | null;
  error: { code: string; message: string } | null;
  fetched_at: string;
}

/** The sentence for a page's error code. */
export const reason = (code: string) =>
  code in PAGE_ERRORS ? PAGE_ERRORS[code as keyof typeof PAGE_ERRORS] : code;

/** A page and its content in every format that was asked for. */
export async function pageBody(page: PageRow & { fragment: string | null }): Promise<Html> {
  if (page.fragment === null) {
    const why =
      page.status === 'pending'
        ? 'This page has not been fetched yet.'
        : 'This page has no content: it was cancelled.';
    return html`<p class="url">${page.url}</p>
      <div class="empty"><p>${why}</p></div>`;
  }
  const block = JSON.parse(page.fragment) as Block;
  return html`${facts([
    ['URL', outside(block.url)],
    ...(block.final_url !== null && block.final_url !== block.url
      ? [['Redirected to', outside(block.final_url)] as const]
      : []),
    ['Answer', block.http_status ?? '–'],
    ['Type', block.content_type ?? '–'],
    ...(block.change === undefined ? [] : [['Since the run before', badge(block.change)] as const]),
    ['Fetched', html`${exactTime(new Date(block.fetched_at))}, in ${duration(page.duration_ms)}`],
  ])}
  ${block.block && html`<p class="caution">${blockPage(block.block)}</p>`}
  ${block.error && html`<p class="problem"><strong>${block.error.code}</strong> ${reason(block.error.code)}</p>`}
  ${fileList(block)} ${await contents(block, page.fragment)}`;
}

/** The files of a page, pictures as small ones, and why others are missing. */
function fileList({ files = [], file_errors = [] }: Block): Html | null {
  if (files.length + file_errors.length === 0) return null;
  return html`<section aria-label="Files">
    <ul class="files">
      ${files.map((file) => html`<li>${fileLink(file)}</li>`)}
    </ul>
    ${file_errors.map(({ name, message }) => html`<p class="caution"><strong>${name}</strong> ${message}</p>`)}
  </section>`;
}

function fileLink({ name, path, type, bytes, width, height }: PageFile): Html {
  const href = path.replace(/^\/v1/, '/console');
  const size = `${count(Math.ceil(bytes / 1024))} KiB${width === undefined ? '' : `, ${width} by ${height}`}`;
  const picture = type.startsWith('image/') && html`<img src="${href}" alt="" loading="lazy" />`;
  return html`<a href="${href}">${picture}<span>${name}</span></a> <span class="sub">${size}</span>`;
}

/** The sentence for a verdict on a block page. */
function blockPage({ kind, vendor, evidence }: BlockVerdict): Html {
  return html`<strong>${kind}</strong> The site answered with a block page${vendor && ` of ${vendor}`}
    (${evidence}). It costs nothing.`;
}

function outside(url: string): Content {
  const href = safeHref(url);
  return href === null
    ? url
    : html`<a class="url" href="${href}" rel="noopener noreferrer nofollow" target="_blank">${url}</a>`;
}

/** Sections that the script turns into tabs. */
async function contents(block: Block, fragment: string): Promise<Html> {
  const { markdown, html: markup, raw_html, text, links, images, response, metadata } = block;
  const sections: [string, Content][] = [];
  if (block.diff != null) sections.push(['Diff', shortened(block.diff, 'Diff', diffLines)]);
  if (markdown !== undefined)
    sections.push(
      ['Markdown', await rendered(markdown)],
      ['Markdown source', shortened(markdown, 'Markdown source')],
    );
  if (markup !== undefined) sections.push(['HTML', shortened(markup, 'HTML')]);
  if (raw_html != null) sections.push(['Raw HTML', shortened(raw_html, 'Raw HTML')]);
  if (text !== undefined) sections.push(['Text', shortened(text, 'Text')]);
  if (links !== undefined) sections.push([`Links (${links.length})`, linkList(links)]);
  if (images !== undefined) sections.push([`Images (${images.length})`, json(images, 'Images')]);
  if (metadata !== undefined) sections.push(['Metadata', json(metadata, 'Metadata')]);
  if (response !== undefined) sections.push(['Response', json(response, 'Response')]);
  if (block.data !== undefined)
    sections.push(['Data', json({ data: block.data, data_errors: block.data_errors }, 'Data')]);
  sections.push(['JSON', shortened(fragment, 'Page block')]);
  return html`<div class="tabs" data-tabs>
    ${sections.map(
      ([name, content], n) =>
        html`<section id="part-${n}">
          <h3>${name}</h3>
          ${content}
        </section>`,
    )}
  </div>`;
}

const json = (value: unknown, label: string) => shortened(JSON.stringify(value, null, 2), label);

async function rendered(markdown: string): Promise<Html> {
  if (markdown.trim() === '') return html`<div class="empty"><p>The page has no text.</p></div>`;
  const readable = await renderMarkdown(markdown.slice(0, MAX_SHOWN));
  if (readable === null)
    return html`<p class="hint">This Markdown takes too long to render. This is its source.</p>
      ${shortened(markdown, 'Markdown')}`;
  return html`<div class="prose">${readable}</div>
    ${rest(markdown)}`;
}

/** The start of a text, with buttons that copy and save it. */
function shortened(text: string, label: string, show: (text: string) => Content = (all) => all): Html {
  const id = `text-${label.toLowerCase().replaceAll(' ', '-')}`;
  return html`<p class="actions">
      <button type="button" class="copy" data-copy-from="${id}" hidden>Copy</button>
      <button
        type="button"
        class="copy"
        data-save-from="${id}"
        data-name="${FILES[label] ?? 'page.txt'}"
        hidden
      >
        Download
      </button>
    </p>
    ${source(show(text.slice(0, MAX_SHOWN)), label, id)}${rest(text)}`;
}

/** A unified diff whose lines say by their colour too what they are. */
function diffLines(diff: string): Html {
  const lines = diff.split(/(?<=\n)/).map((line) => {
    if (/^(?:\+\+\+|---) /.test(line)) return line;
    if (line.startsWith('+')) return html`<ins>${line}</ins>`;
    return line.startsWith('-') ? html`<del>${line}</del>` : line;
  });
  return html`<span class="diff">${lines}</span>`;
}

function rest(text: string): Html | null {
  return text.length <= MAX_SHOWN
    ? null
    : html`<p class="quiet">
        The first ${count(MAX_SHOWN)} of ${count(text.length)} characters are shown; the API has all of them.
      </p>`;
}

function linkList(links: string[]): Html {
  if (links.length === 0) return html`<div class="empty"><p>The page has no links.</p></div>`;
  return html`<ul class="links">
      ${links.slice(0, MAX_LINKS).map((url) => html`<li>${outside(url)}</li>`)}
    </ul>
    ${links.length > MAX_LINKS && html`<p class="quiet">${links.length - MAX_LINKS} more are not shown here.</p>`}`;
}
