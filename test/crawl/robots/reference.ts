/** Octets one by one, as numbers; `*` and a final `$` of a pattern as themselves. */
type Octet = number | string;

function octetsOf(text: string, isPattern: boolean): Octet[] {
  const octets: Octet[] = [];
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 1) {
    const hex = /^%([0-9a-f]{2})/i.exec(bytes.toString('latin1', at, at + 3))?.[1];
    const character = String.fromCharCode(bytes[at] ?? 0);
    if (hex !== undefined) {
      const decoded = Number.parseInt(hex, 16);
      octets.push(decoded === 0x2f ? '%2F' : decoded);
      at += 2;
    } else if (isPattern && (character === '*' || (character === '$' && at === bytes.length - 1)))
      octets.push(character);
    else octets.push(character === '/' ? '/' : (bytes[at] ?? 0));
  }
  return octets;
}

function referenceMatches(pattern: Octet[], path: Octet[]): boolean {
  const [expected, ...rest] = pattern;
  if (expected === undefined) return true;
  if (expected === '$') return path.length === 0;
  if (expected === '*')
    return path.some((_, at) => referenceMatches(rest, path.slice(at))) || referenceMatches(rest, []);
  return expected === path[0] && referenceMatches(rest, path.slice(1));
}

function referenceLength(pattern: Octet[]): number {
  const plain = /[A-Za-z0-9\-._~]/;
  const lengthOf = (octet: Octet): number => {
    if (typeof octet === 'string') return octet.length;
    return plain.test(String.fromCharCode(octet)) ? 1 : 3;
  };
  return pattern.map(lengthOf).reduce((sum, length) => sum + length, 0);
}

/** What RFC 9309 says of a path, computed slowly and independently of src. */
export function referenceAllows(rules: { allow: boolean; pattern: string }[], path: string): boolean {
  let best = { length: -1, allow: true };
  for (const { allow, pattern } of rules) {
    const octets = octetsOf(pattern, true);
    if (pattern === '' || !referenceMatches(octets, octetsOf(path, false))) continue;
    const length = referenceLength(octets);
    if (length > best.length || (length === best.length && allow)) best = { length, allow };
  }
  return best.allow;
}
