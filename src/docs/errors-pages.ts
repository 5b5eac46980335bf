import { html, type Content } from '../http/html/html.ts';
import { PROBLEMS } from '../http/problem.ts';
import { type ErrorCode } from '../service-error.ts';
import { PAGE_ERRORS } from '../scrape/types.ts';
import { ATTEMPT_ERRORS } from '../webhooks/send/attempt-errors.ts';
import { codeBlock } from './layout.ts';
import { PROBLEM_HELP } from './problem-help.ts';

/** Every code that an answer, a page block or an attempt can carry. */
export function errorsPage(): Content {
  return html`<h1>Errors</h1>
    <p class="lead">
      An error is a problem document (RFC 9457). Programs look at its <code>code</code>, which does not
      change; people read <code>detail</code>; name the <code>request_id</code> when you ask for help.
    </p>
    ${codeBlock(EXAMPLE)}
    <h2 id="problems">Answers of the API</h2>
    <div class="table">
      <table>
        <thead>
          <tr>
            <th>Status</th>
            <th>Code</th>
            <th>Meaning</th>
          </tr>
        </thead>
        <tbody>
          ${(Object.keys(PROBLEMS) as ErrorCode[]).map(
            (code) =>
              html`<tr>
                <td>${PROBLEMS[code][0]}</td>
                <td>
                  <a href="/docs/errors/${code}"><code>${code}</code></a>
                </td>
                <td>${PROBLEMS[code][1]}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <h2 id="pages">Pages that did not come back</h2>
    <p>
      <code>error.code</code> of a page whose <code>status</code> is not <code>ok</code>. Such a page costs no
      credit. A page that answers 404 or 500 did come back: it is <code>ok</code>, with that
      <code>http_status</code>.
    </p>
    ${meanings('page', PAGE_ERRORS)}
    <h2 id="attempts">Attempts to deliver that failed</h2>
    <p>
      <code>error</code> of an attempt and <code>last_error</code> of a delivery. Whatever it is, the delivery
      is tried again until its schedule is used up; then it is <code>exhausted</code> and can be sent again by
      hand.
    </p>
    ${meanings('attempt', ATTEMPT_ERRORS)}`;
}

function meanings(prefix: string, codes: Record<string, string>): Content {
  return html`<div class="table">
    <table>
      <thead>
        <tr>
          <th>Code</th>
          <th>Meaning</th>
        </tr>
      </thead>
      <tbody>
        ${Object.entries(codes).map(
          ([code, meaning]) =>
            html`<tr id="${prefix}-${code}">
              <td><code>${code}</code></td>
              <td>${meaning}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** The page that `type` of a problem document points to. */
export function problemPage(code: ErrorCode): Content {
  const [status, title] = PROBLEMS[code];
  const { when, remedy, retry } = PROBLEM_HELP[code];
  return html`<p class="back"><a href="/docs/errors">← All errors</a></p>
    <h1>${title}</h1>
    <p class="facts">
      <span class="pill">${status}</span> <code>${code}</code>
      <span class="pill quiet">${retry ? 'may succeed later' : 'the same request fails again'}</span>
    </p>
    <h2>When it happens</h2>
    <p>${when}</p>
    <h2>What to do</h2>
    <p>${remedy}</p>
    <h2>What it looks like</h2>
    ${codeBlock(
      `HTTP/1.1 ${status}\nContent-Type: application/problem+json\n\n${JSON.stringify(
        {
          type: `/docs/errors/${code}`,
          title,
          status,
          detail: '…',
          code,
          request_id: '0b9c4f2e-…',
          ...(code === 'validation_failed'
            ? { errors: [{ path: 'urls[3]', message: 'must be an absolute URL' }] }
            : {}),
        },
        null,
        2,
      )}`,
    )}`;
}

const EXAMPLE = `HTTP/1.1 422
Content-Type: application/problem+json

{
  "type": "/docs/errors/validation_failed",
  "title": "The request has invalid fields",
  "status": 422,
  "detail": "urls[3]: must be an absolute URL",
  "code": "validation_failed",
  "request_id": "0b9c4f2e-4f0c-4d5b-9d52-0d6f6f6b3c5e",
  "errors": [{ "path": "urls[3]", "message": "must be an absolute URL" }]
}`;
