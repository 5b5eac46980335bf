import { readFileSync } from 'node:fs';
import { html, type Content } from '../http/html/html.ts';
import { codeBlock, tabs } from './layout.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

const QUEUE = [
  { label: 'curl', text: read('examples/queue.sh') },
  { label: 'Node', text: read('examples/queue.js') },
  { label: 'Python', text: read('examples/queue.py') },
];
const VERIFY = [
  { label: 'Node', text: read('verifiers/verify.js') },
  { label: 'Python', text: read('verifiers/verify.py') },
  { label: 'Go', text: read('verifiers/verify.go') },
  { label: 'Ruby', text: read('verifiers/verify.rb') },
  { label: 'PHP', text: read('verifiers/verify.php') },
];

const CALLBACK = `POST /hooks/ollagraph HTTP/1.1
Content-Type: application/json
X-Ollagraph-Signature: t=1767225600,v1=5f2c…
X-Ollagraph-Delivery: dlv_…
X-Ollagraph-Attempt: 1
webhook-id: job_…
webhook-timestamp: 1767225600
webhook-signature: v1,K5oZ…

{
  "job_id": "job_…",
  "status": "completed",
  "result": { "pages": [ … ], "total": 2, "succeeded": 2, "failed": 0, "skipped": 0, "cancelled": 0 }
}`;

const TRY_IT = `curl -X POST "$OLLAGRAPH_URL/v1/me/webhooks/test" \\
  -H "Authorization: Bearer $OLLAGRAPH_API_KEY" \\
  -d '{"webhook_url": "https://yourapp.com/hooks/ollagraph"}'`;

/** Queueing a job, its callback, and how to verify the signature. */
export function webhooksPage(): Content {
  return html`<h1>Webhooks</h1>
    <p class="lead">
      Queue a job and walk away. When it ends, your endpoint gets one signed POST with the result.
    </p>

    <h2 id="queue">Queue a job</h2>
    <p>
      The answer is a 202 with the <code>job_id</code>, and <code>Location</code> says where the job can be
      read. The <code>Idempotency-Key</code> makes it safe to send again.
    </p>
    ${tabs('queue', QUEUE)}

    <h2 id="callback">What arrives</h2>
    <p>
      <code>status</code> is <code>completed</code>, <code>failed</code> or <code>cancelled</code>.
      <code>result</code> is what the synchronous route would have answered, byte for byte what
      <code>GET /v1/jobs/{job_id}</code> shows.
    </p>
    ${codeBlock(CALLBACK)}

    <h2 id="verify">Verify the signature</h2>
    <p>
      <code>v1</code> is the HMAC-SHA256 of <code>t</code>, a dot and the raw body, in hex, keyed by your
      <code>webhook_secret</code> as it is printed. Answer 401 where the check fails. Each of these needs
      nothing but its standard library; while a secret overlaps the one before it, there is a
      <code>v1</code> for each.
    </p>
    ${tabs('verify', VERIFY)}
    <p>
      The same request also carries the headers of Standard Webhooks, so any of its libraries verifies it with
      the same secret.
    </p>

    <h2 id="answer">Answer fast, and once</h2>
    <ul>
      <li>Any 2xx within 15 seconds is success. Do the work afterwards.</li>
      <li>
        Take <code>job_id</code> as an idempotency key: note it before you process, and ignore a repeat.
      </li>
      <li>
        Everything else is tried again after 5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 2 h, 4 h, 8 h, 16 h, 24 h
        and 24 h, with the same bytes under a fresh timestamp.
        <a href="/docs/errors#attempts">Why an attempt failed</a> is in the delivery.
      </li>
      <li>
        After the last the delivery is <code>exhausted</code>, and stays redeliverable:
        <code>POST /v1/deliveries/recover</code> sends all of a window of time again.
      </li>
    </ul>

    <h2 id="test">Try your receiver first</h2>
    <p>
      One signed test delivery through the same queue, signer and retries. The answer has the first attempt,
      with what your endpoint said.
    </p>
    ${codeBlock(TRY_IT)}
    <p>
      While you write it,
      <code>npx ollagraph listen --forward-to http://localhost:4000/hook</code> forwards every callback to
      your machine, signed as in production, also those of jobs without a <code>webhook_url</code>.
      <code>verify</code> says why a captured callback is refused.
    </p>`;
}
