import { type Content, fenced, plainMetadata, preformatted, QUIET } from './content.ts';
import { readFeed } from './feed.ts';
import { urlsIn } from './text.ts';
import { readXmlEvents } from './xml-events.ts';

/** Names of namespaces, schemas and document types, which look like addresses. */
const NAMESPACES =
  /\s(?:xmlns(?::[\w.-]{1,100})?|(?:[\w.-]{1,100}:)?schemaLocation)\s{0,20}=\s{0,20}(?:"[^"]{0,4000}"|'[^']{0,4000}')|<!DOCTYPE[^>[]{0,2000}/gi;

/** The character data of the XML, one piece a line. */
function characterData(xml: string): string {
  const pieces: string[] = [];
  let piece = '';
  const endPiece = (): void => {
    const text = piece.replace(/\s+/g, ' ').trim();
    if (text !== '') pieces.push(text);
    piece = '';
  };
  readXmlEvents(xml, { open: endPiece, close: endPiece, text: (data) => void (piece += data) });
  endPiece();
  return pieces.join('\n');
}

/**
 * Reads XML: feeds and sitemaps as lists of entries, anything else unchanged, with its character
 * data as text.
 */
export function readXml(xml: string, url: string): Content {
  const feed = readFeed(xml, url);
  if (feed) return feed;
  return {
    ...QUIET,
    markdown: () => fenced(xml.trim(), 'xml'),
    html: () => preformatted(xml.trim()),
    text: () => characterData(xml) || xml.trim(),
    links: urlsIn(xml.replace(NAMESPACES, '')),
    metadata: plainMetadata(),
  };
}
