import { normalisePercentEncoding } from './normalise.ts';

/**
 * The patterns of `include_paths` and `exclude_paths`. A pattern names a path, and with it
 * everything beneath.
 *
 * - It is compared with the URL's path and query (`/docs/intro?lang=en`), from the first character
 * on, and case counts.
 * - `*` stands for any characters, none and `/` included; `**` is the same.
 * - `?` stands for exactly one character, and so also for the `?` before a query.
 * - It need not reach the end, but stops at a boundary: before `/`, `?` or `&`, or after `/`, `?`,
 * `&` or `=`.
 *   `/docs` matches `/docs`, `/docs/intro` and `/docs?lang=en`, not `/docs-old`, which `/docs*`
 * matches too;
 *   `/docs/` and `/docs/*` match what is below `/docs/`; `/*.pdf` also matches `/a.pdf?v=2`.
 * - A final `$` demands the end: `/docs$` matches `/docs` alone.
 * - A missing leading `/` is added: `blog` is `/blog`. To match anywhere, begin with `*`.
 * - `\` takes the next character literally (`\*`, `\$`, `\.`); letters and digits cannot be
 * escaped.
 * - Habits of those who write regular expressions are understood: a leading `^` changes nothing,
 * `.*` means any
 *   characters and `.+` one or more. What only a regular expression could mean (`[a-z]`, `(a|b)`,
 * `\d`, `{2}`) is
 *   refused, rather than never matched.
 * - Both sides are compared with normalised percent-encoding: `é` is `%C3%A9`, and six characters
 * to a `?`.
 */
export type PathPattern = (pathAndQuery: string) => boolean;

/**
 * The longest pattern accepted, in characters. Matching takes at most this times the length of the
 * URL in steps.
 */
export const MAX_PATTERN_LENGTH = 512;

/** A pattern that is not in the language; the message is a sentence for the caller. */
export class InvalidPatternError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InvalidPatternError';
  }
}

const ANY_RUN = Symbol('*');
const ANY_ONE = Symbol('?');
type Token = string | typeof ANY_RUN | typeof ANY_ONE;

/**
 * Compiles one pattern. Throws InvalidPatternError. What it is given to match is the path and query
 * of a normalised URL.
 */
export function compilePattern(source: string): PathPattern {
  const pattern = check(source);
  const { tokens, anchored } = tokenise(pattern);
  return (pathAndQuery) => matches(tokens, anchored, pathAndQuery);
}

/**
 * Compiles several patterns into one that matches where any of them does. Throws
 * InvalidPatternError.
 */
export function compilePatterns(sources: readonly string[]): PathPattern {
  const patterns = sources.map(compilePattern);
  return (pathAndQuery) => patterns.some((pattern) => pattern(pathAndQuery));
}

function check(source: string): string {
  if (source.trim() === '') throw new InvalidPatternError('A pattern must not be empty.');
  if (source.length > MAX_PATTERN_LENGTH) {
    throw new InvalidPatternError(`A pattern may have at most ${MAX_PATTERN_LENGTH} characters.`);
  }
  if (/^\^?https?\??:/i.test(source)) {
    throw new InvalidPatternError('A pattern matches the path and query: leave out the scheme and the host.');
  }
  const pattern = source.replace(/^\^/, '');
  if (/^(?:\\[^]|[^\\])*?[[\]{}|^]/.test(pattern)) {
    throw new InvalidPatternError(
      'A pattern is not a regular expression: use * for any characters and ? for one.',
    );
  }
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(pattern) || !pattern.isWellFormed()) {
    throw new InvalidPatternError('A pattern must not contain control characters.');
  }
  return pattern;
}

function tokenise(pattern: string): { tokens: Token[]; anchored: boolean } {
  const tokens: Token[] = [];
  const anchored = /(?<!\\)(?:\\\\)*\$$/.test(pattern);
  const body = anchored ? pattern.slice(0, -1) : pattern;
  for (const [part, wildcard, escaped, plain] of body.matchAll(/(\.?\*+|\.\+|\?)|\\([^]?)|([^\\*?.]+|\.)/g)) {
    if (wildcard !== undefined) tokens.push(...wildcardTokens(part));
    else tokens.push(...normalisePercentEncoding(plain ?? unescape(escaped ?? '')).split(''));
  }
  if (tokens[0] !== '/' && tokens[0] !== ANY_RUN) tokens.unshift('/');
  return { tokens, anchored };
}

function wildcardTokens(wildcard: string): Token[] {
  if (wildcard === '?') return [ANY_ONE];
  return wildcard === '.+' ? [ANY_ONE, ANY_RUN] : [ANY_RUN];
}

function unescape(escaped: string): string {
  if (escaped === '' || /[A-Za-z0-9]/.test(escaped)) {
    throw new InvalidPatternError(
      `A pattern has no \\${escaped}: a backslash makes a special character literal.`,
    );
  }
  return escaped;
}

/**
 * On a mismatch only the latest `*` takes one more character: at most pattern × text steps, and no
 * recursion.
 */
function matches(tokens: readonly Token[], anchored: boolean, text: string): boolean {
  let token = 0;
  let at = 0;
  let resumeToken = -1;
  let resumeAt = 0;
  for (;;) {
    const expected = tokens[token];
    if (expected === undefined && (at === text.length || (!anchored && isBoundary(text, at)))) return true;
    if (expected === ANY_RUN) {
      token += 1;
      resumeToken = token;
      resumeAt = at;
    } else if (
      expected !== undefined &&
      at < text.length &&
      (expected === ANY_ONE || expected === text[at])
    ) {
      token += 1;
      at += 1;
    } else {
      if (resumeToken === -1 || resumeAt === text.length) return false;
      resumeAt += 1;
      token = resumeToken;
      at = resumeAt;
    }
  }
}

function isBoundary(text: string, at: number): boolean {
  return '/?&'.includes(text.charAt(at)) || (at > 0 && '/?&='.includes(text.charAt(at - 1)));
}
