import { readAccount } from '../../accounts/accounts.ts';
import { route } from '../../http/route/route.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import { listJobs } from '../../jobs/read/jobs.ts';
import type { CrawlOptions } from '../../jobs/options.ts';

const MAX_ACTIVE = 100;
const common = { method: 'get', access: 'account' } as const;

export const activeCrawls = route({
  ...common,
  id: 'firecrawlActiveCrawls',
  path: '/v2/crawl/active',
  tag: 'Jobs',
  summary: 'The crawls that run',
  answers: { 200: { description: 'The crawls.' } },
  async handle({ account }, context: JobContext) {
    const crawls = await activeJobs(context, account.id, 'crawl');
    return {
      json: {
        success: true,
        crawls: crawls.map(({ id, account_id, created_at, options }) => ({
          id,
          teamId: account_id,
          url: (options as CrawlOptions).url,
          created_at,
          options: { limit: (options as CrawlOptions).max_pages },
        })),
      },
    };
  },
});

/** What both versions say of credits, each in its own spelling. */
const creditUsageAt = (version: 'v1' | 'v2', shown: (credits: number) => object) =>
  route({
    ...common,
    id: `firecrawlCreditUsage${version}`,
    path: `/${version}/team/credit-usage`,
    tag: 'Account',
    summary: 'The credits that are left',
    answers: { 200: { description: 'The credits.' } },
    async handle({ account }, { db, box }: JobContext) {
      const { credits } = await readAccount(db, box, account.id);
      return { json: { success: true, data: shown(credits) } };
    },
  });

export const creditUsage = creditUsageAt('v2', (credits) => ({
  remainingCredits: credits,
  planCredits: credits,
  billingPeriodStart: null,
  billingPeriodEnd: null,
}));
export const creditUsageV1 = creditUsageAt('v1', (credits) => ({
  remaining_credits: credits,
  plan_credits: credits,
  billing_period_start: null,
  billing_period_end: null,
}));

export const concurrency = route({
  ...common,
  id: 'firecrawlConcurrency',
  path: '/v2/concurrency-check',
  tag: 'Jobs',
  summary: 'The jobs that run, and how many pages of one host are fetched at once',
  answers: { 200: { description: 'The numbers.' } },
  async handle({ account }, context: JobContext) {
    const running = await activeJobs(context, account.id);
    const { hostConcurrency } = context.config;
    return { json: { success: true, concurrency: running.length, maxConcurrency: hostConcurrency } };
  },
});

const queueStatusAt = (version: 'v1' | 'v2') =>
  route({
    ...common,
    id: `firecrawlQueueStatus${version}`,
    path: `/${version}/team/queue-status`,
    tag: 'Jobs',
    summary: 'The jobs that wait and run',
    answers: { 200: { description: 'The numbers.' } },
    async handle({ account }, context: JobContext) {
      const jobs = await activeJobs(context, account.id);
      const waiting = jobs.filter(({ status }) => status === 'queued').length;
      return {
        json: {
          success: true,
          jobsInQueue: jobs.length,
          activeJobsInQueue: jobs.length - waiting,
          waitingJobsInQueue: waiting,
          maxConcurrency: context.config.hostConcurrency,
          mostRecentSuccess: null,
        },
      };
    },
  });

export const queueStatus = queueStatusAt('v2');
export const queueStatusV1 = queueStatusAt('v1');

async function activeJobs({ db }: JobContext, accountId: string, kind?: 'crawl') {
  const page = { limit: MAX_ACTIVE, before: null };
  const queued = await listJobs(db, accountId, { status: 'queued', kind }, page);
  return [...queued, ...(await listJobs(db, accountId, { status: 'running', kind }, page))];
}
