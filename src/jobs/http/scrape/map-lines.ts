import { bodyText } from '../../../http/route/reply.ts';
import type { Reply } from '../../../http/route/reply.ts';

export type Body = NonNullable<Reply['body']>;

/**
 * The URLs of a map, each as the JSON text of an object. Nothing is parsed: there may be a hundred
 * thousand. `block`: the whole answer, where the map failed and has no URLs.
 */
export async function mapLines(body: Body): Promise<{ lines: Iterable<string>; block: string | null }> {
  const text = await bodyText(body);
  const start = text.indexOf('\n');
  return start === -1 ? { lines: [], block: text } : { lines: linesAfter(text, start + 1), block: null };
}

/** The lines of a map stand between two brackets; all but the last end with a comma. */
function* linesAfter(text: string, start: number): Generator<string> {
  for (let at = start; text[at] === '{';) {
    const end = text.indexOf('\n', at);
    yield text.slice(at, text[end - 1] === ',' ? end - 1 : end);
    at = end + 1;
  }
}
