/** One `Allow` or `Disallow` line with a value. */
export interface Rule {
  allow: boolean;
  /** The literal texts between the `*`s. */
  literals: string[];
  /** The pattern ended in `$`. */
  anchored: boolean;
  /** Octets of the normalised pattern: the longest match decides. */
  length: number;
}

/** Compiles the value of an `Allow` or `Disallow` line, given as octets (one character each). */
export function compileRule(allow: boolean, pattern: string): Rule {
  const normalised = foldQuery(encode(pattern.replace(/\$$/, ''), PATTERN_OCTETS));
  const anchored = pattern.endsWith('$');
  return {
    allow,
    anchored,
    literals: normalised.split(/\*+/),
    length: normalised.length + (anchored ? 1 : 0),
  };
}

/**
 * Sorts the longest first, and `Allow` first among equals: the first match decides (RFC 9309,
 * 2.2.2).
 */
export function bySpecificity(a: Rule, b: Rule): number {
  return b.length - a.length || Number(b.allow) - Number(a.allow);
}

/** Whether rules sorted by specificity allow a path and query. What no rule matches is allowed. */
export function isAllowed(rules: readonly Rule[], pathAndQuery: string): boolean {
  const encoded = encode(pathAndQuery, PATH_OCTETS);
  const folded = foldQuery(encoded);
  const unfolded = unfoldQuery(encoded);
  const rule = rules.find((it) => matches(it, folded) || (unfolded !== folded && matches(it, unfolded)));
  return rule?.allow ?? true;
}

/**
 * Each literal at its first place after the one before: no backtracking, whatever the number of
 * `*`s.
 */
function matches({ literals, anchored }: Rule, path: string): boolean {
  const [first = '', ...others] = literals;
  if (!path.startsWith(first)) return false;
  const last = others.pop();
  if (last === undefined) return !anchored || path.length === first.length;
  let at = first.length;
  for (const literal of others) {
    const found = path.indexOf(literal, at);
    if (found === -1) return false;
    at = found + literal.length;
  }
  return anchored ? path.length - last.length >= at && path.endsWith(last) : path.indexOf(last, at) !== -1;
}

const PATH_OCTETS = /%([0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~/?&=]/g;
const PATTERN_OCTETS = /%([0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~/?&=*]/g;

/**
 * The normal form of RFC 9309, 2.2.2: unreserved octets plain, all others as %XX, save the
 * delimiters `/ ? & =`, which differ from their encoded forms. A `*` of a path becomes %2A: only a
 * pattern's own `*` is a wildcard.
 */
function encode(text: string, octets: RegExp): string {
  return text.replace(octets, (match, hex: string | undefined) => {
    const code = hex === undefined ? match.charCodeAt(0) : Number.parseInt(hex, 16);
    const character = String.fromCharCode(code);
    return /[A-Za-z0-9\-._~]/.test(character)
      ? character
      : `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

/**
 * Inside a query `/` and `?` delimit nothing, and are equal to %2F and %3F. A pattern whose `*`
 * reaches into the query may spell them either way, so a path is compared with all of them plain
 * (folded) and with all encoded (unfolded).
 */
function foldQuery(encoded: string): string {
  return mapQuery(encoded, (query) => query.replaceAll('%2F', '/').replaceAll('%3F', '?'));
}

function unfoldQuery(encoded: string): string {
  return mapQuery(encoded, (query) => query.replaceAll('/', '%2F').replaceAll('?', '%3F'));
}

function mapQuery(encoded: string, map: (query: string) => string): string {
  const start = encoded.indexOf('?') + 1;
  return start === 0 ? encoded : encoded.slice(0, start) + map(encoded.slice(start));
}
