import type { Response } from 'express';
import { assetUrl, styleUrls } from '../assets.ts';
import { postButton } from './forms.ts';
import { documentOf, SKIP_LINK } from '../../http/html/document.ts';
import { html, type Content, type Html } from '../../http/html/html.ts';
import { noticeOf } from './notices.ts';
import { count } from './format.ts';
import { browserSessionOf, type BrowserSession } from '../session/browser-session.ts';

export interface Page {
  title: string;
  /** Where in the navigation the page is. */
  section?: string;
  /** Beside the heading. */
  actions?: Content;
  /** Above the heading: the way back. */
  back?: { href: string; label: string };
  body: Content;
}

const ACCOUNT_NAV = [
  ['/console', 'Overview'],
  ['/console/jobs', 'Jobs'],
  ['/console/schedules', 'Schedules'],
  ['/console/deliveries', 'Deliveries'],
  ['/console/endpoints', 'Endpoints'],
  ['/console/playground', 'Playground'],
  ['/console/keys', 'Keys'],
  ['/console/secret', 'Secret'],
] as const;

const OPERATOR_NAV = [
  ['/console/admin', 'Service'],
  ['/console/admin/accounts', 'Accounts'],
  ['/console/admin/deliveries', 'Deliveries'],
  ['/console/admin/scraping', 'Scraping'],
  ['/console/admin/database', 'Database'],
] as const;

const BRAND = html`<span class="mark" aria-hidden="true"></span>Ollagraph`;

/** Answers with a page of the console, with the navigation of an account or of an operator. */
export function sendPage(res: Response, page: Page, status = 200): void {
  const browser = browserSessionOf(res);
  const anonymous = browser === undefined || browser.kind === 'anonymous';
  const body = html`<body class="${anonymous ? 'anonymous' : browser.kind}">
    ${SKIP_LINK} ${header(res, browser, page.section)}
    <main id="content" tabindex="-1">
      ${anonymous && html`<p class="brand">${BRAND}</p>`} ${notice(res)}
      ${page.back && html`<p class="back"><a href="${page.back.href}">← ${page.back.label}</a></p>`}
      <div class="title">
        <h1>${page.title}</h1>
        ${page.actions}
      </div>
      ${page.body}
    </main>
  </body>`;
  const document = documentOf({
    title: page.title,
    icon: assetUrl('icon.svg'),
    styles: styleUrls(),
    scripts: [assetUrl('console.js')],
    body,
  });
  res.status(status).type('html').send(document.text);
}

function header(
  res: Response,
  browser: BrowserSession | undefined,
  section: string | undefined,
): Html | null {
  if (browser === undefined || browser.kind === 'anonymous') return null;
  const operator = browser.kind === 'operator';
  const nav = operator ? OPERATOR_NAV : ACCOUNT_NAV;
  const link = ([href, label]: readonly [string, string]) =>
    label === section
      ? html`<li><a href="${href}" aria-current="page">${label}</a></li>`
      : html`<li><a href="${href}">${label}</a></li>`;
  return html`<header>
    <a class="brand" href="${nav[0][0]}">${BRAND}</a>
    <nav aria-label="Console">
      <ul>
        ${nav.map(link)}
      </ul>
    </nav>
    <div class="who">
      <a href="/docs">Docs</a>
      ${
        browser.kind === 'operator'
          ? html`<span class="name">Operator</span>`
          : html`<span class="name">${browser.session.account_name}</span
              ><span class="quiet">${count(browser.session.credits)} credits</span>`
      }
      ${postButton(res, operator ? '/console/admin/sign-out' : '/console/sign-out', 'Sign out', 'link')}
    </div>
  </header>`;
}

function notice(res: Response): Html | null {
  const text = noticeOf(res.req.query);
  return text === null ? null : html`<p class="notice" role="status">${text}</p>`;
}
