import { checkExpressions, InvalidExpressionError } from '../crawl/expressions.ts';
import type { CrawlOptions } from '../jobs/options.ts';
import { invalidField } from '../service-error.ts';

interface AskedExpressions {
  includePaths?: string[] | null | undefined;
  excludePaths?: string[] | null | undefined;
  regexOnFullURL?: boolean | null | undefined;
}

/**
 * The regular expressions of a crawl; nothing where it has none. Throws ServiceError
 * `validation_failed` for one that is not served.
 */
export function urlExpressions(asked: AskedExpressions): Pick<CrawlOptions, 'url_expressions'> {
  const { includePaths, excludePaths, regexOnFullURL } = asked;
  const include = includePaths ?? [];
  const exclude = excludePaths ?? [];
  if (include.length + exclude.length === 0) return {};
  try {
    checkExpressions([...include, ...exclude]);
  } catch (error) {
    if (error instanceof InvalidExpressionError) throw invalidField(nameOf(error.index), error.message);
    throw error;
  }
  return { url_expressions: { include, exclude, whole_url: regexOnFullURL === true } };

  function nameOf(index: number): string {
    const n = index - include.length;
    return n < 0 ? `includePaths[${index}]` : `excludePaths[${n}]`;
  }
}
