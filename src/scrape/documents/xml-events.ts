import { Parser } from 'htmlparser2';

/** Maximum depth. htmlparser2 shifts its stack at every tag, which is quadratic in the depth. */
const MAX_DEPTH = 512;

export interface XmlEvents {
  open(name: string, attribs: Record<string, string>): void;
  text(data: string): void;
  close(name: string): void;
}

class TooDeepError extends Error {}

/**
 * Reads XML without building a tree. Stops where it is nested too deeply; malformed XML is read as
 * far as possible.
 */
export function readXmlEvents(xml: string, events: XmlEvents): void {
  let depth = 0;
  const parser = new Parser(
    {
      onopentag(name, attribs) {
        if (++depth > MAX_DEPTH) throw new TooDeepError();
        events.open(name, attribs);
      },
      ontext: (data) => events.text(data),
      onclosetag(name) {
        depth--;
        events.close(name);
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  try {
    parser.end(xml);
  } catch (error) {
    if (!(error instanceof TooDeepError)) throw error;
  }
}
