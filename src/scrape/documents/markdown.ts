import { resolveHttpUrl } from '../formats/links.ts';
import type { DiscoveredLink } from '../types.ts';
import { linesOf } from '../long-text/lines.ts';
import { TextBuilder } from '../long-text/text-builder.ts';
import { plainMetadata, preformatted, QUIET, type Content } from './content.ts';
import { withAbsoluteLinks } from './markdown-links.ts';
import { urlsIn } from './text.ts';

const FRONT_MATTER = /^---[ \t]*\r?\n([^]{0,20000}?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;

/** What inline markup begins with. Few lines have it. */
const INLINE = /[[<*_~`\\]/;

/** A one-line value of YAML front matter. */
function frontMatterValue(yaml: string, key: string): string | null {
  const value = new RegExp(`^${key}:[ \\t]*(.+)$`, 'im').exec(yaml)?.[1]?.trim() ?? '';
  return value.replace(/^(["'])(.*)\1$/, '$2').slice(0, 1000) || null;
}

/**
 * Inline markup removed: `[text](url)` and `![alt](url)` leave their text, emphasis and code leave
 * what they enclose.
 */
function stripInline(line: string): string {
  if (!INLINE.test(line)) return line;
  return line
    .replace(/!?\[([^[\]\n]{0,500})\](?:\([^()\n]{0,2000}\)|\[[^[\]\n]{0,200}\])/g, '$1')
    .replace(/<(https?:[^<>\s]{1,2000})>/g, '$1')
    .replace(/<\/?[a-z][^<>\n]{0,500}>/gi, '')
    .replace(/(?<![\w*])\*{1,3}(?=\S)([^*\n]{1,500}?)\*{1,3}(?!\w)/g, '$1')
    .replace(/(?<!\w)_{1,3}(?=\S)([^_\n]{1,500}?)_{1,3}(?!\w)/g, '$1')
    .replace(/~~([^~\n]{1,500})~~/g, '$1')
    .replace(/(`{1,3})([^`\n]{1,500})\1/g, '$2')
    .replace(/\\([!-/:-@[-`{-~])/g, '$1');
}

/** A line without its heading and quotation marks. */
function stripLineMarks(line: string): string {
  if (!/^ {0,3}#{1,6}[ \t]/.test(line)) return line.replace(/^ {0,3}(?:> ?)+/, '');
  let end = line.trimEnd().length;
  while (line[end - 1] === '#') end--;
  return line
    .slice(line.indexOf('#'), end)
    .replace(/^#+[ \t]/, '')
    .trim();
}

/** Approximately the text that the rendered page shows. Code blocks stay unchanged. */
function stripMarkdown(markdown: string): string {
  let fence = '';
  const text = new TextBuilder();
  let blank = 0;
  const add = (line: string): void => {
    blank = line === '' ? blank + 1 : 0;
    if (blank < 2) text.add(`${line}\n`);
  };
  for (const source of linesOf(markdown)) {
    const line = source.endsWith('\r') ? source.slice(0, -1) : source;
    const marker = FENCE.exec(line)?.[1];
    if (fence !== '') {
      if (marker?.startsWith(fence) && line.trim() === marker) fence = '';
      else add(line);
    } else if (marker !== undefined) fence = marker;
    else if (/^\s*\[[^\]\n]{1,200}\]:\s/.test(line) || /^ {0,3}(?:={2,}|-{2,}|\*{3,}|_{3,})\s*$/.test(line))
      continue;
    else add(stripInline(stripLineMarks(line)));
  }
  return text.toString().trim();
}

/** Resolved link targets in document order. Images are not links. */
function linksIn(markdown: string, base: string): string[] {
  const found: { at: number; url: string }[] = [];
  for (const match of markdown.matchAll(/(!?)\[[^[\]\n]{0,500}\]\(\s{0,5}<?([^\s()<>]{1,2048})/g)) {
    const url = match[1] === '' ? resolveHttpUrl(match[2]!, base) : null;
    if (url !== null) found.push({ at: match.index, url });
  }
  for (const match of markdown.matchAll(/^ {0,3}\[[^\]\n]{1,200}\]:\s{0,5}<?(\S{1,2048}?)>?(?:\s|$)/gm)) {
    const url = resolveHttpUrl(match[1]!, base);
    if (url !== null) found.push({ at: match.index, url });
  }
  const inline = found.toSorted((a, b) => a.at - b.at).map(({ url }) => url);
  const images = new Set(
    Array.from(
      markdown.matchAll(/!\[[^[\]\n]{0,500}\]\(\s{0,5}<?([^\s()<>]{1,2048})/g),
      (match) => match[1]!,
    ),
  );
  return [...new Set([...inline, ...urlsIn(markdown).filter((url) => !images.has(url))])];
}

/** Markdown: itself with its links absolute; its front matter becomes metadata. */
export function readMarkdown(source: string, url: string): Content {
  const yaml = FRONT_MATTER.exec(source)?.[1] ?? '';
  const markdown = source.replace(FRONT_MATTER, '');
  const heading = /^(?: {0,3}# +(.{1,1000})|(.{1,1000})\r?\n={2,}[ \t]*)$/m.exec(markdown);
  const links = linksIn(markdown, url);
  return {
    ...QUIET,
    markdown: () => withAbsoluteLinks(markdown, url),
    html: () => preformatted(markdown),
    text: () => stripMarkdown(markdown),
    links,
    discovered: links.map((link): DiscoveredLink => ({ url: link, nofollow: false })),
    metadata: plainMetadata({
      title:
        frontMatterValue(yaml, 'title') ??
        (heading &&
          (stripInline(heading[1] ?? heading[2]!)
            .replace(/ +#+$/, '')
            .trim() ||
            null)),
      description: frontMatterValue(yaml, 'description'),
    }),
  };
}
