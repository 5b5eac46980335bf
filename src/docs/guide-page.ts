import { html, type Content } from '../http/html.ts';
import { codeBlock } from './layout.ts';

/** What is the same on every route. */
export function guidePage(): Content {
  return html`<h1>Guide</h1>
    <p class="lead">What is the same on every route.</p>

    <h2 id="keys">Keys</h2>
    <p>
      Send <code>Authorization: Bearer ok_…</code>. A key that is missing, wrong or revoked is a
      <a href="/docs/errors/unauthorized">401</a>; what belongs to another account does not exist for you.
    </p>
    <h2 id="bodies">Bodies</h2>
    <p>
      JSON in UTF-8, whatever the <code>Content-Type</code> says. A field that does not exist is refused
      rather than ignored. Times are RFC 3339 in UTC. Ids are opaque.
    </p>
    <h2 id="requests">Request ids</h2>
    <p>
      Every answer has an <code>X-Request-Id</code>; send your own (up to 64 letters, digits, dots, dashes and
      underscores) and it is taken. The same id is in the operator's log for the request and for the job that
      it created.
    </p>
    <h2 id="idempotency">Idempotency</h2>
    <p>
      Every POST that creates a job takes an <code>Idempotency-Key</code>, kept for 24 hours. The same key and
      body answer with the first job; the key with another body is a
      <a href="/docs/errors/idempotency_mismatch">422</a>; while the first request is still being answered, a
      <a href="/docs/errors/idempotency_busy">409</a>.
    </p>
    <h2 id="lists">Lists</h2>
    <p>
      <code>{"data": […], "next_cursor": …}</code>. Give <code>next_cursor</code> as <code>?cursor=</code> to
      read on; null is the end. <code>?limit=</code> goes up to 100, that of callbacks to 1,000.
    </p>
    <h2 id="limits">Rate limits</h2>
    <p>
      An account may make so many requests at once, and as many a minute for good; they come back evenly.
      Every request under <code>/v1</code> with a valid key counts as one, however many pages it asks for and
      whatever its answer; the documentation and the health checks do not count.
    </p>
    ${codeBlock(`RateLimit-Policy: "account";q=600;w=60
RateLimit: "account";r=588;t=2`)}
    <p>
      <code>r</code> requests are left of <code>q</code> in <code>w</code> seconds; after
      <code>t</code> seconds without a request all of them are. Beyond it the answer is a
      <a href="/docs/errors/rate_limited">429</a> with <code>Retry-After</code>. Where several processes
      serve, <code>r</code> is what the one that answers knows of.
    </p>
    <h2 id="waiting">Waiting for a job</h2>
    <p>
      A <a href="/docs/webhooks">webhook</a> is the way that costs nothing. Otherwise
      <code>GET /v1/jobs/{job_id}?wait=25</code> holds until the job ends, and <code>/events</code> streams
      its progress. An ended job has a strong <code>ETag</code>: with <code>If-None-Match</code> the answer is
      an empty 304 as long as nothing changed.
    </p>
    <h2 id="versions">Versions</h2>
    <p>
      The <code>/v1</code> in the path is the version. Within it things are only added: routes, optional
      fields of requests, fields of answers, headers, error codes, callback events that you ask for. Let your
      client ignore fields that it does not know. Nothing is taken away or given another meaning; that would
      be <code>/v2</code>, beside <code>/v1</code>.
    </p>
    <p>
      What is to go away one day says so first: its answers carry <code>Deprecation</code> (RFC 9745) with the
      date since when, <code>Sunset</code> (RFC 8594) with the date until when it works, and a
      <code>Link</code> to what takes its place; in the reference it is marked as deprecated. At present
      nothing is.
    </p>`;
}
