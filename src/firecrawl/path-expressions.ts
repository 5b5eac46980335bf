import { invalidField } from '../service-error.ts';

/** The most patterns that one expression may stand for: each `(a|b)` and each `x?` doubles them. */
const MAX_PATTERNS = 100;
/** The most characters of an expression: groups within groups are read by calls within calls. */
export const MAX_EXPRESSION = 500;
/** What has a meaning in our patterns. */
const SPECIAL = /[\\*?.+$^[\]{}|()]/;

/**
 * Our patterns of paths for Firecrawl's regular expressions, which match anywhere in a path. A
 * pattern has no alternatives: an expression with some becomes several. `*` after anything but a
 * dot is taken as in a file name: `/blog/*`. Throws ServiceError `validation_failed` for an
 * expression that only a regular expression can match.
 */
export function ownPatterns(field: string, expressions: string[] | null | undefined): string[] | undefined {
  return expressions?.flatMap((expression, n) => {
    try {
      return patternsOf(expression);
    } catch (error) {
      if (error instanceof UnservedError) throw invalidField(`${field}[${n}]`, error.message);
      throw error;
    }
  });
}

/** An expression has what our patterns cannot say. */
class UnservedError extends Error {
  override name = 'UnservedError';
}

function patternsOf(expression: string): string[] {
  const reader = new ExpressionReader(expression);
  const alternatives = reader.readWhole();
  return alternatives.flatMap(({ body, fromStart, toEnd }) => {
    // A path begins with a slash, which the first of any characters then is.
    const start = fromStart ? body.replace(/^\?/, '/') : `*${body}`;
    return toEnd ? [`${start}$`, `${start}\\?*`] : [`${start}*`];
  });
}

interface Alternative {
  body: string;
  fromStart: boolean;
  toEnd: boolean;
}

/** Reads an expression from left to right. */
class ExpressionReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readWhole(): Alternative[] {
    const all: Alternative[] = [];
    do {
      const fromStart = this.#take('^');
      const bodies = this.#readSequence();
      const toEnd = this.#take('$');
      all.push(...bodies.map((body) => ({ body, fromStart, toEnd })));
    } while (this.#take('|'));
    if (this.#at < this.#text.length) throw this.#unserved();
    return bounded(all);
  }

  /** What a sequence may be, up to where it ends: each as the text of a pattern. */
  #readSequence(): string[] {
    let read = [''];
    for (;;) {
      const next = this.#readAtom();
      if (next === null) return read;
      read = bounded(read.flatMap((before) => next.map((after) => before + after)));
    }
  }

  /** A character or a group with how often it may come; null where the sequence ends. */
  #readAtom(): string[] | null {
    const char = this.#text[this.#at];
    if (char === undefined || '|)$^'.includes(char)) return null;
    if (this.#take('(')) return this.#readGroup();
    if (this.#take('*')) return ['*'];
    if (this.#take('.')) return this.#readAny();
    const literal = this.#readLiteral();
    if (this.#take('+')) throw this.#unserved();
    if (this.#take('?')) return ['', literal];
    return [literal];
  }

  #readAny(): string[] {
    if (this.#take('?')) return ['', '?'];
    const any = this.#take('*') ? '*' : this.#take('+') ? '?*' : '?';
    // Whether it takes as little as it can says nothing of what matches.
    if (any !== '?') this.#take('?');
    return [any];
  }

  #readGroup(): string[] {
    if (this.#take('?') && !this.#take(':')) throw this.#unserved();
    const all = this.#readSequence();
    while (this.#take('|')) all.push(...this.#readSequence());
    if (!this.#take(')')) throw this.#unserved();
    if (this.#take('*') || this.#take('+')) throw this.#unserved();
    return bounded(this.#take('?') ? ['', ...all] : all);
  }

  #readLiteral(): string {
    const isEscaped = this.#take('\\');
    const char = this.#text[this.#at++];
    if (char === undefined || (isEscaped ? /[A-Za-z0-9]/ : /[[\]{}+?]/).test(char)) throw this.#unserved();
    return SPECIAL.test(char) ? `\\${char}` : char;
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #unserved(): UnservedError {
    return new UnservedError(
      'is not served: an expression may have characters, `.`, `.*`, `.+`, `x?`, `(a|b)`, `^` and `$`',
    );
  }
}

/** Lists multiply where an expression has several. */
function bounded<T>(all: T[]): T[] {
  if (all.length > MAX_PATTERNS)
    throw new UnservedError(`must not stand for more than ${MAX_PATTERNS} patterns`);
  return all;
}
