import type { Response } from 'express';
import { assetUrl } from '../console/assets.ts';
import { documentOf, SKIP_LINK } from '../http/html/document.ts';
import { html, type Content } from '../http/html/html.ts';

interface Page {
  title: string;
  /** The page of NAVIGATION that this is part of. */
  section: string;
  body: Content;
  /** Style sheets and scripts besides docs.css. */
  styles?: string[];
  scripts?: string[];
  /** Wide, with a main region of its own, rather than text to be read. */
  tool?: boolean;
}

const NAVIGATION = [
  ['/docs', 'Reference'],
  ['/docs/manual', 'Manual'],
  ['/docs/webhooks', 'Webhooks'],
  ['/docs/errors', 'Errors'],
] as const;

const asset = (name: string) => `/docs/assets/${name}`;

/** Answers with a page of the documentation. */
export function sendPage(
  res: Response,
  { title, section, body, styles = [], scripts = [], tool = false }: Page,
): void {
  const content = html`<body class="${tool ? 'tool' : 'prose'}">
    ${SKIP_LINK}
    <header>
      <a class="brand" href="/docs">Ollagraph</a>
      <nav aria-label="Documentation">
        ${NAVIGATION.map(([href, label]) =>
          href === section
            ? html`<a href="${href}" aria-current="page">${label}</a>`
            : html`<a href="${href}">${label}</a>`,
        )}
      </nav>
      <a class="elsewhere" href="/console">Console</a>
    </header>
    ${tool ? html`<div id="content" tabindex="-1">${body}</div>` : html`<main id="content" tabindex="-1">${body}</main>`}
  </body>`;
  const document = documentOf({
    title,
    icon: assetUrl('icon.svg'),
    styles: [...styles, 'docs.css'].map(asset),
    scripts: scripts.map(asset),
    body: content,
  });
  res.type('html').send(document.text);
}

/** Code as it is. */
export function codeBlock(text: string): Content {
  return html`<pre tabindex="0"><code>${text.trimEnd()}</code></pre>`;
}

/**
 * The same thing in several languages, of which one is seen: radio buttons and a style sheet, no
 * script.
 */
export function tabs(name: string, entries: { label: string; text: string }[]): Content {
  return html`<div class="tabs">
    ${entries.map(
      ({ label }, n) =>
        html`<label class="tab"
          ><input type="radio" name="${name}" ${n === 0 ? CHECKED : null} />${label}</label
        >`,
    )}
    ${entries.map(({ text }) => html`<div class="panel">${codeBlock(text)}</div>`)}
  </div>`;
}

const CHECKED = html` checked`;
