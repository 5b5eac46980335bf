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

export const creditUsage = route({
  ...common,
  id: 'firecrawlCreditUsage',
  path: '/v2/team/credit-usage',
  tag: 'Account',
  summary: 'The credits that are left',
  answers: { 200: { description: 'The credits.' } },
  async handle({ account }, { db, box }: JobContext) {
    const { credits } = await readAccount(db, box, account.id);
    const period = { billingPeriodStart: null, billingPeriodEnd: null };
    return { json: { success: true, data: { remainingCredits: credits, planCredits: credits, ...period } } };
  },
});

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

export const queueStatus = route({
  ...common,
  id: 'firecrawlQueueStatus',
  path: '/v2/team/queue-status',
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

async function activeJobs({ db }: JobContext, accountId: string, kind?: 'crawl') {
  const page = { limit: MAX_ACTIVE, before: null };
  const queued = await listJobs(db, accountId, { status: 'queued', kind }, page);
  return [...queued, ...(await listJobs(db, accountId, { status: 'running', kind }, page))];
}
