import { createRequire } from 'node:module';

/** Regular expressions of the URLs that belong to a crawl. They match anywhere, unless anchored. */
export interface UrlExpressions {
  /** Where there are any, a URL must match one. */
  include: readonly string[];
  /** What is left out; they win over `include`. */
  exclude: readonly string[];
  /** Whether they are compared with the whole URL, not only with its path. */
  whole_url: boolean;
}

/** An expression that is not served; the message is the end of a sentence for the caller. */
export class InvalidExpressionError extends Error {
  override name = 'InvalidExpressionError';
  /** Which of those given. */
  readonly index: number;
  constructor(index: number, message: string) {
    super(message);
    this.index = index;
  }
}

/** The most characters of an expression. */
export const MAX_EXPRESSION_LENGTH = 500;
/** The largest program that the expressions of a crawl make: some 40 ms to compile. */
const MAX_PROGRAM = 10_000;
/** What has no meaning in a URL, and would reach beyond an expression that stands beside others. */
const UNSERVED = /\\Q|\(\?P?</;

/**
 * Refuses expressions that are none, or that make too large a program together. Throws
 * InvalidExpressionError.
 */
export function checkExpressions(expressions: readonly string[]): void {
  const { RE2Set, RE2JSException } = engine();
  const set = new RE2Set();
  let size = 0;
  for (const [index, expression] of expressions.entries()) {
    size += programSize(expression);
    if (size > MAX_PROGRAM) throw new InvalidExpressionError(index, 'is too large: repeat less');
    if (UNSERVED.test(expression))
      throw new InvalidExpressionError(index, 'is not served: leave out \\Q and the names of groups');
    try {
      set.add(expression);
    } catch (error) {
      if (!(error instanceof RE2JSException)) throw error;
      throw new InvalidExpressionError(index, `is not served by RE2: ${error.message}`);
    }
  }
}

/**
 * The test whether a URL belongs to the crawl. The expressions have been checked. It takes time in
 * proportion to the program and to the URL at most.
 */
export function compileExpressions({ include, exclude, whole_url }: UrlExpressions): (url: URL) => boolean {
  const included = include.length > 0 ? matcherOf(include) : () => true;
  const excluded = exclude.length > 0 ? matcherOf(exclude) : () => false;
  return (url) => {
    const text = whole_url ? url.href : url.pathname;
    return included(text) && !excluded(text);
  };
}

/** One program for all: several would each take up to 8 MiB for their states. */
function matcherOf(expressions: readonly string[]): (text: string) => boolean {
  const any = engine().RE2JS.compile(expressions.map((one) => `(?:${one})`).join('|'));
  return (text) => any.test(text);
}

/** Few crawls have expressions: the engine takes some 20 ms to load. */
const engine = () => createRequire(import.meta.url)('re2js') as typeof import('re2js');

/**
 * The most instructions that an expression compiles to: two for a character, as often as it is
 * repeated. Known before it is compiled, which takes time in proportion.
 */
function programSize(expression: string): number {
  let characters = expression.length;
  let times = 1;
  for (const [, before, least, most] of expression.matchAll(/(?<=([^]))\{(\d+)(?:,(\d*))?\}/g)) {
    const count = Math.max(1, Number(least) + 1, Number(most ?? 0));
    // A group may hold all the rest.
    if (before === ')') times *= count;
    else characters += count;
  }
  return 2 * characters * times;
}
