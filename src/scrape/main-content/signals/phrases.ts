/** What short labels and headings say of the text that they stand over, by meaning. */
export const PHRASES: [string, RegExp][] = [
  [
    'related',
    /\b(?:related|recommended|you (?:may|might|will|'ll) (?:also )?(?:like|love|enjoy)|more (?:from|in|on|like|stories|articles|posts)|also (?:like|viewed|bought|read)|popular|trending|recent(?:ly)?|latest|similar|read next|up next|keep reading|don't miss|explore|discover|featured)\b/i,
  ],
  [
    'comments',
    /\b(?:comments?|repl(?:y|ies)|responses?|leave a|join the (?:discussion|conversation)|thoughts on)\b/i,
  ],
  ['author', /\b(?:about the author|written by|posted by|about us|author|by [A-Z])/],
  [
    'subscribe',
    /\b(?:newsletter|subscribe|sign up|inbox|mailing list|stay (?:up|in|connected|informed)|updates|follow us|join (?:us|our))\b/i,
  ],
  ['share', /\b(?:share|tweet|facebook|twitter|linkedin|pinterest|whatsapp|copy link)\b/i],
  ['account', /\b(?:log ?in|sign ?in|register|log ?out|create (?:an )?account|my account|password)\b/i],
  ['legal', /\b(?:copyright|all rights reserved|privacy|terms|cookies?|disclaimer|disclosure)\b|©/i],
  [
    'shop',
    /\b(?:add to (?:cart|bag|basket|wishlist|list|compare)|buy now|quantity|in stock|out of stock|sold out|checkout|cart|quick view|free shipping|shipping|returns)\b/i,
  ],
  [
    'review',
    /\b(?:reviews?|ratings?|stars?|verified|helpful|testimonials?|customers? (?:say|love|are saying))\b/i,
  ],
  [
    'filter',
    /\b(?:sort by|filters?|refine|show(?:ing)? \d|results|per page|clear all|apply|load more|show more|view more|see more)\b/i,
  ],
  ['pager', /\b(?:previous|next|prev|page \d+|back to|go to|return to|skip to|jump to)\b/i],
  [
    'action',
    /\b(?:learn more|read more|view all|see all|shop now|get started|contact us|book|try (?:it|for) free|request a|get a (?:quote|demo)|download|click here|find out more)\b/i,
  ],
  [
    'contents',
    /\b(?:table of contents|on this page|in this (?:article|post|guide|section)|contents|overview)\b/i,
  ],
  ['faq', /\b(?:faqs?|frequently asked|questions|q ?& ?a)\b|\?$/i],
  [
    'meta',
    /\b(?:min(?:ute)?s? read|updated|published|posted (?:on|in|at)|last (?:modified|edited)|filed under|tagged|tags?:|views?|\d+ (?:comments|views|likes|shares|posts))\b/i,
  ],
  [
    'specification',
    /\b(?:specifications?|specs|features|description|details|ingredients|dimensions|overview|benefits|how to use|what's (?:included|in the box))\b/i,
  ],
];

/** The groups that a text speaks of, as bits in the order of PHRASES. Looks at its first 120 characters. */
export function groupsOf(text: string): number {
  const start = text.slice(0, 120);
  let groups = 0;
  for (const [i, [, pattern]] of PHRASES.entries()) if (pattern.test(start)) groups |= 1 << i;
  return groups;
}
