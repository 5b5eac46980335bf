import { bodyText } from '../../../http/route/reply.ts';
import type { Reply } from '../../../http/route/reply.ts';
import { mapUrls } from '../../read/map-urls.ts';

export type Body = NonNullable<Reply['body']>;

/**
 * The URLs of a map, each as the JSON text of an object. `block`: the whole answer, where the map
 * failed and has no URLs.
 */
export async function mapLines(body: Body): Promise<{ lines: Iterable<string>; block: string | null }> {
  const text = await bodyText(body);
  const urls = mapUrls(text);
  return urls === null ? { lines: [], block: text } : { lines: urls, block: null };
}
