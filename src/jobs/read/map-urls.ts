/**
 * The URLs in the block of a map's page, each as the JSON text of an object; null where the map
 * failed and has none. Nothing is parsed: there may be a hundred thousand.
 */
export function mapUrls(block: string): Iterable<string> | null {
  const start = block.search(/[\t\n]/);
  return start === -1 ? null : urlsAfter(block, start + 1);
}

/**
 * A tab stands before each URL and before the bracket that ends them; all but the last have a
 * comma.
 */
function* urlsAfter(text: string, start: number): Generator<string> {
  for (let at = start; text[at] === '{';) {
    const end = text.indexOf('\t', at);
    yield text.slice(at, text[end - 1] === ',' ? end - 1 : end);
    at = end + 1;
  }
}
