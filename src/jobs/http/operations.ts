import type { Operation } from '../../http/operation.ts';
import { batchResult, jobAnswer, jobList, pageBlock, pageList, queuedAnswer } from './answers.ts';
import {
  batchAsyncSchema,
  batchSchema,
  crawlSchema,
  jobListQuery,
  jobQuery,
  pageListQuery,
  scrapeAsyncSchema,
  scrapeSchema,
} from './schemas.ts';

const HOOK = 'https://yourapp.com/hooks/ollagraph';
const queued: Operation['answers'] = {
  202: {
    description: 'Queued. One signed POST to `webhook_url` follows when the job ends.',
    schema: queuedAnswer,
    headers: { Location: 'Where the job can be read.' },
  },
};

/** The five ways to have pages scraped. */
export const scrapeOperations: Operation[] = [
  {
    id: 'scrape',
    method: 'post',
    path: '/v1/scrape',
    tag: 'Scraping',
    summary: 'One page, now',
    description: 'Answers when the page is done: within `timeout_ms` and a little.',
    access: 'account',
    body: scrapeSchema,
    example: { url: 'https://example.com', format: 'markdown' },
    idempotent: true,
    answers: { 200: { description: 'The page, or why it did not come back.', schema: pageBlock } },
  },
  {
    id: 'scrapeBatch',
    method: 'post',
    path: '/v1/scrape/batch',
    tag: 'Scraping',
    summary: 'Up to 100 pages, now',
    description: 'Answers within 25 s; what is not done by then is `failed` with `deadline_exceeded`.',
    access: 'account',
    body: batchSchema,
    example: { urls: ['https://example.com', 'https://example.org'] },
    idempotent: true,
    answers: { 200: { description: 'The pages, in the order of the request.', schema: batchResult } },
  },
  {
    id: 'scrapeAsync',
    method: 'post',
    path: '/v1/scrape/async',
    tag: 'Scraping',
    summary: 'One page, queued',
    access: 'account',
    body: scrapeAsyncSchema,
    example: { url: 'https://example.com', webhook_url: HOOK },
    idempotent: true,
    answers: queued,
  },
  {
    id: 'scrapeBatchAsync',
    method: 'post',
    path: '/v1/scrape/batch/async',
    tag: 'Scraping',
    summary: 'Up to 100,000 pages, queued',
    access: 'account',
    body: batchAsyncSchema,
    example: {
      urls: ['https://a.example.com', 'https://b.example.com'],
      format: 'markdown',
      webhook_url: HOOK,
    },
    idempotent: true,
    answers: queued,
  },
  {
    id: 'crawl',
    method: 'post',
    path: '/v1/crawl',
    tag: 'Scraping',
    summary: 'A whole site, queued',
    access: 'account',
    body: crawlSchema,
    example: { url: 'https://docs.example.com', max_pages: 500, webhook_url: HOOK },
    idempotent: true,
    answers: queued,
  },
];

/** Reading, watching and cancelling jobs. */
export const jobOperations: Operation[] = [
  {
    id: 'listJobs',
    method: 'get',
    path: '/v1/jobs',
    tag: 'Jobs',
    summary: 'List jobs, newest first',
    access: 'account',
    query: jobListQuery,
    answers: { 200: { description: 'Jobs without their results.', schema: jobList } },
  },
  {
    id: 'readJob',
    method: 'get',
    path: '/v1/jobs/{job_id}',
    tag: 'Jobs',
    summary: 'Read a job, or wait for it',
    description:
      'Once the job has ended the answer has the `result` that its webhook carries, byte for byte, and a strong `ETag`: send it back in `If-None-Match` for a 304.',
    access: 'account',
    query: jobQuery,
    answers: {
      200: {
        description: 'The job.',
        schema: jobAnswer,
        headers: { ETag: 'Names this version of the job.' },
      },
      304: { description: 'The job is as `If-None-Match` says.' },
    },
  },
  {
    id: 'listPages',
    method: 'get',
    path: '/v1/jobs/{job_id}/pages',
    tag: 'Jobs',
    summary: 'List the pages of a job, also while it runs',
    access: 'account',
    query: pageListQuery,
    answers: {
      200: {
        description:
          'The pages that are done, in the order of the request; fewer than `limit` where they are large.',
        schema: pageList,
      },
    },
  },
  {
    id: 'cancelJob',
    method: 'post',
    path: '/v1/jobs/{job_id}/cancel',
    tag: 'Jobs',
    summary: 'Stop a job',
    description: 'The webhook still fires, with `status: "cancelled"` and what was done so far.',
    access: 'account',
    answers: { 200: { description: 'The job as it ended.', schema: jobAnswer } },
    problems: ['already_finished'],
  },
  {
    id: 'watchJob',
    method: 'get',
    path: '/v1/jobs/{job_id}/events',
    tag: 'Jobs',
    summary: 'Watch a job until it ends',
    description:
      'Server-sent events: `progress` whenever a count changes, at last one named for how the job ended. The data is the job without its result.',
    access: 'account',
    answers: { 200: { description: 'A stream of events.', contentType: 'text/event-stream' } },
  },
];
