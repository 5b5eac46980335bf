import { route } from '../../../http/route/route.ts';
import type { JobContext } from '../context.ts';
import { pageBlock } from '../schemas/answers.ts';
import { mapQuery } from '../schemas/queries.ts';
import { mapOptions, mapSchema } from '../schemas/requests.ts';
import { answerNow, SYNC_BUDGET_MS } from '../create/answer-now.ts';
import { mapLines, type Body } from './map-lines.ts';

/**
 * How long to wait for a map: beyond its own time, so that a busy process still writes what it has
 * found by then.
 */
export const mapBudgetMs = (timeoutMs: number) => Math.min(timeoutMs + 5000, SYNC_BUDGET_MS + 1000);

export const map = route({
  id: 'map',
  method: 'post',
  path: '/v1/map',
  tag: 'Scraping',
  summary: 'The URLs of a site, now',
  description:
    'Reads the start page and the sitemaps, and no other page. What is not read within `timeout_ms` ' +
    'is left out, and `complete` is false. Costs one credit.',
  access: 'account',
  query: mapQuery,
  body: mapSchema,
  example: { url: 'https://docs.example.com', search: 'install' },
  idempotent: true,
  answers: {
    200: {
      description: 'The block of the start page, with `urls`; or why it did not come back.',
      schema: pageBlock,
      otherTypes: ['application/jsonl'],
    },
  },
  async handle(request, context: JobContext) {
    const { body, query } = request;
    const budgetMs = mapBudgetMs(body.timeout_ms);
    const fields = { urls: [body.url], options: mapOptions(body) };
    const job = { kind: 'map', lane: 'interactive', sync: true, ...fields } as const;
    const answer = await answerNow(request, context, job, budgetMs);
    if (query.format === 'json') return answer;
    return { headers: { 'Content-Type': 'application/jsonl' }, body: jsonLines(answer.body!) };
  },
});

/** The URLs of a map; or, where there are none because it failed, its block, which says why. */
async function* jsonLines(body: Body): AsyncGenerator<string> {
  const { lines, block } = await mapLines(body);
  if (block !== null) yield `${block}\n`;
  else for (const line of lines) yield `${line}\n`;
}
