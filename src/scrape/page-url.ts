/** The longest URL of a page, in characters. */
export const MAX_URL_LENGTH = 8192;

/** Why a page cannot have this URL, as the end of a sentence; null where it can. */
export function urlFault(text: string): string | null {
  if (text.length > MAX_URL_LENGTH) return `must have at most ${MAX_URL_LENGTH} characters`;
  const url = URL.parse(text);
  if (url === null) return 'must be an absolute URL';
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must start with http:// or https://';
  return url.username !== '' || url.password !== '' ? 'must not contain a user name or password' : null;
}
