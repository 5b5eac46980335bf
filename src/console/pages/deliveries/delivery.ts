import type { Response } from 'express';
import type { AttemptView, DeliveryView } from '../../../webhooks/read/deliveries.ts';
import { explainFailure } from '../../../webhooks/send/attempt-errors.ts';
import { postButton } from '../../view/forms.ts';
import { html, type Content, type Html } from '../../../http/html/html.ts';
import { bytes, count, duration, exactTime, time } from '../../view/format.ts';
import { badge, copyable, facts, longUrl, source } from '../../view/parts.ts';
import { deliveryBadge } from './state.ts';
import type { RequestPreview } from './request.ts';

type Delivery = DeliveryView & { attempt_log: AttemptView[] };

/** A delivery's page. While it is pending the script fetches the part `live` again every second. */
export function deliveryBody(res: Response, delivery: Delivery, request: RequestPreview): Html {
  const pending = delivery.status === 'pending';
  return html`<div id="live" ${pending && html` data-refresh="1000"`}>
      ${about(delivery)}
      <div class="actions">
        ${delivery.attempt_log.length > 0 && postButton(res, `/console/deliveries/${delivery.id}/redeliver`, pending ? 'Send now' : 'Send again')}
      </div>
      <section>
        <h2>Attempts</h2>
        ${pending && delivery.next_attempt_at !== null && delivery.attempts > 0 && html`<p>The next attempt is due ${time(delivery.next_attempt_at)}.</p>`}
        ${
          delivery.attempt_log.length === 0
            ? html`<div class="empty"><p>No attempt yet.</p></div>`
            : html`<ol class="timeline">
                ${delivery.attempt_log.toReversed().map((attempt) => attemptCard(attempt, slowest(delivery)))}
              </ol>`
        }
      </section>
    </div>
    ${signedRequest(delivery, request)}`;
}

const slowest = (delivery: Delivery) => Math.max(1, ...delivery.attempt_log.map((a) => a.duration_ms ?? 0));

function about(delivery: Delivery): Html {
  return facts([
    ['Status', deliveryBadge(delivery)],
    ['Id', copyable(delivery.id, 'the id')],
    ['To', longUrl(delivery.webhook_url)],
    ['Event', delivery.event],
    ...(delivery.job_id === null
      ? []
      : [
          [
            'Job',
            html`<a href="/console/jobs/${delivery.job_id}"><code>${delivery.job_id}</code></a>`,
          ] as const,
        ]),
    ['Created', exactTime(delivery.created_at)],
    ...(delivery.finished_at === null ? [] : [['Ended', exactTime(delivery.finished_at)] as const]),
  ]);
}

function attemptCard(attempt: AttemptView, scaleMs: number): Html {
  const running = attempt.finished_at === null;
  const status = running ? 'under way' : attempt.error === null ? 'delivered' : 'failed';
  return html`<li class="card attempt">
    <h3>Attempt ${attempt.number} ${badge(status)}</h3>
    <p>
      ${attempt.status_code !== null && html`<strong>HTTP ${attempt.status_code}</strong>`}
      ${attempt.error !== null && html`<code>${attempt.error}</code> <span class="quiet">${explainFailure(attempt.error, attempt.error_detail)}</span>`}
    </p>
    ${!running && timings(attempt, scaleMs)}
    <p class="quiet">
      ${exactTime(attempt.started_at)} · ${TRIGGERS[attempt.trigger]} · ${bytes(attempt.bytes_sent)} sent
      ${running && '· an attempt that stays like this was sent by a process that was killed: what the receiver saw is unknown'}
    </p>
    ${
      attempt.response_body !== null &&
      attempt.response_body !== '' &&
      html`<details>
        <summary>The answer</summary>
        ${source(attempt.response_body, `Answer to attempt ${attempt.number}`)}
      </details>`
    }
  </li>`;
}

const TRIGGERS = {
  schedule: 'by schedule',
  manual: 'sent again by hand',
  recover: 'recovered',
  test: 'a test',
};

/**
 * The phases of an attempt. `first_byte_ms` counts from the start of the exchange; the three before
 * it are spans.
 */
function phases(attempt: AttemptView): { name: string; tone: string; ms: number | null }[] {
  const { dns_ms, connect_ms, tls_ms, first_byte_ms, duration_ms } = attempt;
  const opening = (dns_ms ?? 0) + (connect_ms ?? 0) + (tls_ms ?? 0);
  const total = duration_ms ?? 0;
  const waiting = Math.max(0, (first_byte_ms ?? total) - opening);
  return [
    { name: 'DNS', tone: 'one', ms: dns_ms },
    { name: 'connect', tone: 'two', ms: connect_ms },
    { name: 'TLS', tone: 'three', ms: tls_ms },
    { name: first_byte_ms === null ? 'no answer' : 'first byte', tone: 'four', ms: waiting },
    {
      name: 'rest',
      tone: 'five',
      ms: first_byte_ms === null ? null : Math.max(0, total - opening - waiting),
    },
  ];
}

function timings(attempt: AttemptView, scaleMs: number): Html {
  const width = 600;
  const parts = phases(attempt);
  let x = 0;
  const bars = parts.map(({ name, tone, ms }) => {
    if (ms === null) return null;
    const length = (ms / scaleMs) * width;
    const bar = html`<rect
      class="${tone}"
      x="${x.toFixed(1)}"
      y="0"
      width="${Math.max(length, 0.5).toFixed(1)}"
      height="10"
      ><title>${name} ${duration(ms)}</title></rect
    >`;
    x += length;
    return bar;
  });
  const said = parts.map(({ name, ms }) => `${name} ${duration(ms)}`).join(', ');
  const reused = attempt.connect_ms === null && attempt.first_byte_ms !== null;
  return html`<svg
      class="phases"
      viewBox="0 0 ${width} 10"
      preserveAspectRatio="none"
      role="img"
      aria-label="${said}"
    >
      ${bars}
    </svg>
    <dl class="phase-list">
      ${parts.map(
        ({ name, tone, ms }) =>
          html`<div class="key ${tone}">
            <dt>${name}</dt>
            <dd>${duration(ms)}</dd>
          </div>`,
      )}
      <div>
        <dt>total</dt>
        <dd><strong>${duration(attempt.duration_ms)}</strong></dd>
      </div>
    </dl>
    ${reused && html`<p class="quiet">Over a connection that was already open.</p>`}`;
}

const EXPLAINED: Record<string, Content> = {
  'x-ollagraph-signature': html`HMAC-SHA256 over <code>t.body</code> with your secret as it is printed; during
    a rotation one <code>v1=</code> for each secret, the previous one last`,
  'webhook-signature': html`Standard Webhooks: HMAC-SHA256 over
    <code>webhook-id.webhook-timestamp.body</code> with the decoded secret`,
  'webhook-id': 'the same for every attempt: use it to drop repeats',
  'webhook-timestamp': 'seconds since 1970, taken at each attempt',
  'x-ollagraph-attempt': 'the number of the attempt',
  'x-ollagraph-delivery': 'this delivery',
  'content-type': 'always',
  'user-agent': 'always',
};

function signedRequest(delivery: Delivery, request: RequestPreview): Html {
  return html`<section>
    <div class="title">
      <h2>The signed bytes</h2>
      <a class="button" href="/console/deliveries/${delivery.id}/body" download>Download the exact body</a>
    </div>
    ${facts([
      ['Length', request.bytes === null ? 'fixed at the first attempt' : `${count(request.bytes)} bytes`],
      [
        'SHA-256',
        request.sha256 === null ? 'fixed at the first attempt' : copyable(request.sha256, 'the SHA-256'),
      ],
    ])}
    ${request.changed && html`<p class="problem">The pages of this job are no longer kept. The body cannot be rebuilt as it was sent, so it is not sent again.</p>`}
    ${
      request.headers === null
        ? html`<p>This body is too large to be signed for this page. Every attempt signs all of it.</p>`
        : html`<h3>Headers, as an attempt made now would carry them</h3>
            <dl class="headers">
              ${Object.entries(request.headers).map(
                ([name, value]) =>
                  html`<div>
                    <dt><code>${name}</code></dt>
                    <dd>
                      <code>${value}</code><span class="quiet">${EXPLAINED[name] ?? 'set by the job'}</span>
                    </dd>
                  </div>`,
              )}
            </dl>`
    }
    <h3>Body${request.cut && html` <small class="quiet">its first 64 KiB</small>`}</h3>
    ${source(request.shown, 'Body of the request', 'body')}
  </section>`;
}
