import { html, type Html } from '../../http/html.ts';
import { renderInline } from './markdown-inline.ts';

/** Quotes and lists nested deeper are shown as plain paragraphs. */
const MAX_DEPTH = 8;

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})(?=[ \t]|$)/;
const RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])([ \t]+|$)/;
const QUOTE = /^ {0,3}> ?/;

/**
 * Markdown as HTML for reading: headings, paragraphs, lists, quotes, code, tables and links. HTML in it is shown as text, and an image
 * as a link to it, so that nothing is loaded from anywhere. Time grows with the length alone.
 */
export function renderMarkdown(markdown: string): Html {
  return html`${blocks(markdown.replaceAll('\r\n', '\n').split('\n'), 0)}`;
}

/** One block and the number of lines that it took. */
interface Taken {
  block: Html | null;
  lines: number;
}

function blocks(lines: string[], depth: number): Html[] {
  const found: Html[] = [];
  for (let at = 0; at < lines.length;) {
    const { block, lines: taken } = nextBlock(lines, at, depth);
    if (block) found.push(block);
    at += taken;
  }
  return found;
}

function nextBlock(lines: string[], at: number, depth: number): Taken {
  const line = lines[at]!;
  if (line.trim() === '') return { block: null, lines: 1 };
  if (FENCE.test(line)) return fencedCode(lines, at);
  if (/^(?: {4}|\t)/.test(line)) return indentedCode(lines, at);
  const heading = HEADING.exec(line);
  if (heading) return { block: headingOf(heading[1]!.length, line.slice(heading[0].length)), lines: 1 };
  if (RULE.test(line)) return { block: html`<hr />`, lines: 1 };
  if (line.includes('|') && isDelimiterRow(lines[at + 1] ?? '')) return table(lines, at);
  if (depth < MAX_DEPTH && QUOTE.test(line)) return quote(lines, at, depth);
  if (depth < MAX_DEPTH && ITEM.test(line)) return list(lines, at, depth);
  return paragraph(lines, at);
}

/** The page has a heading of its own, and so has the section that shows the text. */
function headingOf(level: number, text: string): Html {
  const content = renderInline(
    text
      .trim()
      .replace(/(?<![^ \t])#+$/, '')
      .trimEnd(),
  );
  if (level === 1) return html`<h3>${content}</h3>`;
  if (level === 2) return html`<h4>${content}</h4>`;
  if (level === 3) return html`<h5>${content}</h5>`;
  return html`<h6>${content}</h6>`;
}

function fencedCode(lines: string[], at: number): Taken {
  const fence = FENCE.exec(lines[at]!)![1]!;
  let end = at + 1;
  while (end < lines.length && !lines[end]!.trimStart().startsWith(fence)) end++;
  return { block: code(lines.slice(at + 1, end)), lines: end - at + 1 };
}

function indentedCode(lines: string[], at: number): Taken {
  let end = at + 1;
  while (end < lines.length && /^(?: {4}|\t)/.test(lines[end]!)) end++;
  return {
    block: code(lines.slice(at, end).map((line) => line.replace(/^(?: {4}|\t)/, ''))),
    lines: end - at,
  };
}

function code(lines: string[]): Html {
  return html`<pre tabindex="0"><code>${lines.join('\n')}</code></pre>`;
}

function quote(lines: string[], at: number, depth: number): Taken {
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end]!)) end++;
  const inner = lines.slice(at, end).map((line) => line.replace(QUOTE, ''));
  return { block: html`<blockquote>${blocks(inner, depth + 1)}</blockquote>`, lines: end - at };
}

function list(lines: string[], at: number, depth: number): Taken {
  const ordered = /^\s*\d/.test(lines[at]!);
  const items: Html[] = [];
  let end = at;
  while (end < lines.length) {
    const marker = ITEM.exec(lines[end]!);
    if (!marker || /\d/.test(marker[2]!) !== ordered || RULE.test(lines[end]!)) break;
    const indent = marker[1]!.length + marker[2]!.length + 1;
    const own = [lines[end]!.slice(marker[0].length)];
    for (end++; end < lines.length && belongsToItem(lines, end, indent); end++)
      own.push(dedent(lines[end]!, indent));
    const tight = !own.includes('');
    items.push(html`<li>${tight && own.length === 1 ? renderInline(own[0]!) : blocks(own, depth + 1)}</li>`);
  }
  return {
    block: ordered
      ? html`<ol>
          ${items}
        </ol>`
      : html`<ul>
          ${items}
        </ul>`,
    lines: end - at,
  };
}

/** Whether the line continues a list item: it is indented, or blank before one that is. */
function belongsToItem(lines: string[], at: number, indent: number): boolean {
  const line = lines[at]!;
  if (line.trim() === '')
    return leadingSpaces(lines[at + 1] ?? '') >= indent && (lines[at + 1] ?? '').trim() !== '';
  return leadingSpaces(line) >= Math.min(indent, 2);
}

const leadingSpaces = (line: string) => /^[ ]*/.exec(line.replaceAll('\t', '    '))![0].length;

function dedent(line: string, indent: number): string {
  const spaces = line.replaceAll('\t', '    ');
  return spaces.slice(Math.min(indent, leadingSpaces(spaces)));
}

function table(lines: string[], at: number): Taken {
  const head = cells(lines[at]!);
  let end = at + 2;
  while (end < lines.length && lines[end]!.includes('|') && lines[end]!.trim() !== '') end++;
  const rows = lines.slice(at + 2, end).map(cells);
  const block = html`<div class="scroll" tabindex="0" role="group" aria-label="Table">
    <table class="plain">
      <thead>
        <tr>
          ${head.map((cell) => html`<th scope="col">${renderInline(cell)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.slice(0, head.length).map((cell) => html`<td>${renderInline(cell)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
  return { block, lines: end - at };
}

/** The row under a table's head: dashes, with colons where a column is aligned. */
function isDelimiterRow(line: string): boolean {
  return /^[-:| \t]+$/.test(line) && cells(line).every((cell) => /^:?-+:?$/.test(cell));
}

/** The cells of a row: split at pipes that no backslash escapes. */
function cells(line: string): string[] {
  const inner = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function paragraph(lines: string[], at: number): Taken {
  let end = at + 1;
  while (end < lines.length && !startsBlock(lines, end)) end++;
  return { block: html`<p>${renderInline(lines.slice(at, end).join('\n'))}</p>`, lines: end - at };
}

function startsBlock(lines: string[], at: number): boolean {
  const line = lines[at]!;
  return line.trim() === '' || [FENCE, HEADING, RULE, QUOTE, ITEM].some((form) => form.test(line));
}
