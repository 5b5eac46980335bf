import { type Content, fenced, plainMetadata, preformatted, QUIET } from './content.ts';
import { readFeed } from './feed.ts';
import { inPieces, oneLine } from '../long-text/in-pieces.ts';
import { TextBuilder } from '../long-text/text-builder.ts';
import { urlsIn } from './text.ts';
import { readXmlEvents } from './xml-events.ts';

/** Names of namespaces, schemas and document types, which look like addresses. */
const NAMESPACES =
  /\s(?:xmlns(?::[\w.-]{1,100})?|(?:[\w.-]{1,100}:)?schemaLocation)\s{0,20}=\s{0,20}(?:"[^"]{0,4000}"|'[^']{0,4000}')|<!DOCTYPE[^>[]{0,2000}/gi;

/** The character data of the XML, one piece a line. */
function characterData(xml: string): string {
  const lines = new TextBuilder();
  let piece = new TextBuilder();
  const endPiece = (): void => {
    if (piece.length === 0) return;
    const text = oneLine(piece.toString());
    if (text !== '') lines.add(lines.length > 0 ? `\n${text}` : text);
    piece = new TextBuilder();
  };
  readXmlEvents(xml, { open: endPiece, close: endPiece, text: (data) => piece.add(data) });
  endPiece();
  return lines.toString();
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
    links: urlsIn(inPieces(xml, (piece) => piece.replace(NAMESPACES, ''))),
    metadata: plainMetadata(),
  };
}
