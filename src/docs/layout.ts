import type { Response } from 'express';
import { html, type Content } from '../html.ts';

interface Page {
  title: string;
  /** The page of NAVIGATION that this is part of. */
  section: string;
  body: Content;
  /** Style sheets and scripts besides docs.css. */
  styles?: string[];
  scripts?: string[];
}

const NAVIGATION = [
  ['/docs', 'Reference'],
  ['/docs/guide', 'Guide'],
  ['/docs/webhooks', 'Webhooks'],
  ['/docs/errors', 'Errors'],
] as const;

/** Answers with a page of the documentation. */
export function sendPage(res: Response, { title, section, body, styles = [], scripts = [] }: Page): void {
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Ollagraph</title>
        ${[...styles, 'docs.css'].map((name) => html`<link rel="stylesheet" href="/docs/assets/${name}" />`)}
        <link rel="icon" href="data:," />
        ${scripts.map((name) => html`<script src="/docs/assets/${name}" defer></script>`)}
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header>
          <a class="brand" href="/docs">Ollagraph</a>
          <nav aria-label="Documentation">
            ${NAVIGATION.map(([href, label]) =>
              href === section
                ? html`<a href="${href}" aria-current="page">${label}</a>`
                : html`<a href="${href}">${label}</a>`,
            )}
          </nav>
        </header>
        <main id="content" class="${scripts.length > 0 ? 'tool' : 'prose'}" tabindex="-1">${body}</main>
      </body>
    </html>`;
  res.type('html').send(document.text);
}

/** Code as it is. */
export function codeBlock(text: string): Content {
  return html`<pre tabindex="0"><code>${text.trimEnd()}</code></pre>`;
}

/** The same thing in several languages, of which one is seen: radio buttons and a style sheet, no script. */
export function tabs(name: string, entries: { label: string; text: string }[]): Content {
  return html`<div class="tabs">
    ${entries.map(
      ({ label }, n) =>
        html`<label class="tab"><input type="radio" name="${name}" ${n === 0 ? CHECKED : null} />${label}</label>`,
    )}
    ${entries.map(({ text }) => html`<div class="panel">${codeBlock(text)}</div>`)}
  </div>`;
}

const CHECKED = html` checked`;
