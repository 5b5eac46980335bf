import { USER_AGENT_TOKEN } from '../../crawl/robots.ts';
import type { Extraction } from '../types.ts';

type Directives = Extraction['robots'];

/** Directives whose own value follows a colon: what stands before it is no robot's name. */
const WITH_VALUE = new Set(['unavailable_after', 'max-snippet', 'max-image-preview', 'max-video-preview']);

/** What robots directives, separated by commas or blanks, ask of whoever reads the page. */
function directivesIn(texts: string[]): Directives {
  const directives = texts.flatMap((text) => text.toLowerCase().split(/[\s,]+/));
  const none = directives.includes('none');
  return {
    noindex: none || directives.includes('noindex'),
    nofollow: none || directives.includes('nofollow'),
  };
}

/** The directives of `<meta>` elements for all robots and for ours, given as name and content. */
export function robotsOfMetas(
  metas: { name?: string | undefined; content?: string | undefined }[],
): Directives {
  const ours = new Set(['robots', USER_AGENT_TOKEN.toLowerCase()]);
  const counting = metas.filter(({ name }) => ours.has(name?.trim().toLowerCase() ?? ''));
  return directivesIn(counting.map(({ content }) => content ?? ''));
}

/**
 * The directives of `X-Robots-Tag` headers for all robots and for ours. `googlebot: noindex` is for
 * another: a robot's name counts for what follows it, up to the next name or the end of that
 * header.
 */
export function robotsOfHeaders(values: readonly string[]): Directives {
  return directivesIn(values.flatMap(rulesForUs));
}

function rulesForUs(value: string): string[] {
  const rules: string[] = [];
  let agent: string | null = null;
  for (const part of value.split(',')) {
    const colon = part.indexOf(':');
    const name = part.slice(0, Math.max(0, colon)).trim().toLowerCase();
    const named = colon !== -1 && !WITH_VALUE.has(name);
    if (named) agent = name;
    if (agent === null || agent === USER_AGENT_TOKEN.toLowerCase())
      rules.push(named ? part.slice(colon + 1) : part);
  }
  return rules;
}
