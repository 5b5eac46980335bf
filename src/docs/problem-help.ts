import type { ErrorCode } from '../service-error.ts';

interface Help {
  /** When the answer comes. */
  when: string;
  /** What its reader can do. */
  remedy: string;
  /** Whether the same request may succeed later. */
  retry: boolean;
}

/** What the page of each problem code says. */
export const PROBLEM_HELP: Record<ErrorCode, Help> = {
  invalid_json: {
    when: 'The body is not JSON, or not in UTF-8. Its Content-Type does not matter.',
    remedy: 'Send one JSON value. On a command line mind the quotes: put the body in single ones.',
    retry: false,
  },
  bad_request: {
    when: 'The request breaks off, its encoding does not match its bytes, or its URL cannot be decoded.',
    remedy: 'Look at what your client really sends; a proxy in between may have changed it.',
    retry: false,
  },
  unauthorized: {
    when: 'There is no key, the key is not known, or it was revoked.',
    remedy:
      'Send "Authorization: Bearer ok_…" with a key of your account. It is asked for before ' +
      'anything else is checked.',
    retry: false,
  },
  out_of_credits: {
    when:
      'The job may use more credits than the account has. A batch may use one for each URL, a crawl ' +
      'max_pages. Nothing was created.',
    remedy:
      'Make the job smaller, lower max_pages, or wait for open jobs: they give back what they do ' +
      'not use. GET /v1/me shows what is left.',
    retry: true,
  },
  forbidden: {
    when:
      'A page of another origin calls /mcp, a key with a credit limit makes another, or a link to a result ' +
      'was changed.',
    remedy:
      'The operator allows origins with CORS_ORIGINS. Make keys with one that has no limit. Take the link ' +
      'of the callback as it is.',
    retry: false,
  },
  insufficient_scope: {
    when: 'The key lacks the scope that the route needs: `scope` names it.',
    remedy: 'Use another key, or make one with that scope.',
    retry: false,
  },
  not_found: {
    when:
      'There is no such path, or your account has no such job, delivery or endpoint: those of others ' +
      'do not exist for you. Old jobs are dropped after the retention time.',
    remedy: 'Check the id, and whether the key belongs to the account that made it.',
    retry: false,
  },
  method_not_allowed: {
    when: 'The path is known, but not with this method. The header Allow names those it takes.',
    remedy: 'Use one of these methods.',
    retry: false,
  },
  request_timeout: {
    when: 'The head of the request took longer than a minute, or its body broke off.',
    remedy: 'Send it again, and look at the network in between.',
    retry: true,
  },
  idempotency_busy: {
    when: 'The first request with this Idempotency-Key is still being answered.',
    remedy: 'Send the same request again after Retry-After: it then gets the first answer.',
    retry: true,
  },
  already_finished: {
    when: 'The job ended before it could be cancelled.',
    remedy: 'Nothing is left to do: read the job for its result.',
    retry: false,
  },
  already_running: {
    when: 'A schedule is asked to run, and its run before has not ended.',
    remedy: 'Wait for that run, or cancel its job. GET /v1/schedules/{schedule_id} names it.',
    retry: true,
  },
  too_many_schedules: {
    when: 'A schedule is to be made, and the account has a hundred.',
    remedy: 'Delete one that is not needed, or put several URLs into a batch.',
    retry: false,
  },
  not_finished: {
    when: 'The result of a job that still runs is asked for.',
    remedy: 'Read its pages, which are there while it runs, or wait: GET /v1/jobs/{job_id}?wait=25.',
    retry: true,
  },
  too_many_secrets: {
    when: 'Eight earlier webhook secrets still sign beside the current one.',
    remedy: 'Wait until one of the overlaps ends, or rotate without an overlap.',
    retry: false,
  },
  gone: {
    when:
      'What the delivery would send, or the delivery itself, is older than the service keeps results; or a ' +
      'link to a result has expired.',
    remedy: 'Scrape the pages again.',
    retry: false,
  },
  precondition_failed: {
    when: 'The If-Match of the request names no ETag that the job, file or result has now.',
    remedy: 'Ask without If-Match. To go on with a download where that is possible, use If-Range.',
    retry: false,
  },
  body_too_large: {
    when:
      'The body is larger than this route takes, after its encoding is undone: 1 MiB, and 32 MiB for what ' +
      'has a list of URLs.',
    remedy: 'Split the batch. A batch takes up to 100,000 URLs.',
    retry: false,
  },
  unsupported_encoding: {
    when: 'The Content-Encoding of the body is not known.',
    remedy: 'Send the body as it is, or with gzip, deflate or br.',
    retry: false,
  },
  range_not_satisfiable: {
    when:
      'The Range of the request begins after the end of the file or result. Content-Range says how ' +
      'long it is.',
    remedy: 'Ask for a part that is there, or for all of it, without Range.',
    retry: false,
  },
  validation_failed: {
    when: 'A field is missing, of a wrong type, out of range, or does not exist. errors names each of them.',
    remedy: 'Change the fields in errors. The reference shows what each route takes.',
    retry: false,
  },
  idempotency_mismatch: {
    when: 'This Idempotency-Key was used within 24 hours with another path or body.',
    remedy: 'Take a new key for a new request; repeat a request with exactly the same bytes.',
    retry: false,
  },
  rate_limited: {
    when:
      'The account made more requests than its minute allows. Every request under /v1 with a valid ' +
      'key counts as one.',
    remedy:
      'Wait as long as Retry-After says. Ask for many pages in one batch, and use a webhook or ' +
      '?wait= instead of polling.',
    retry: true,
  },
  headers_too_large: {
    when: 'The request line and the headers have more than 16 KiB together.',
    remedy: 'Shorten the query string, and look for cookies or tokens that your client adds.',
    retry: false,
  },
  internal_error: {
    when: 'Something failed on our side. It has been logged.',
    remedy:
      'Try again; with an Idempotency-Key nothing happens twice. If it stays, name the request_id ' +
      'to the operator.',
    retry: true,
  },
  unavailable: {
    when: 'The database cannot be reached, or the service is starting or stopping.',
    remedy: 'Try again after Retry-After. Jobs and deliveries that were accepted are not lost.',
    retry: true,
  },
};
